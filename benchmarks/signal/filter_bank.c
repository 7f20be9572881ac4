// A cascade of recursive filters over SIZE samples (f32 in, f64 state), then their inverses. Checked: the signal
// returns.
#include "common.h"

enum { kStages = 8 };
typedef struct {
    double b1, b2, a1, a2;  // y = x + b1 x' + b2 x'' - a1 y' - a2 y''
    double x1, x2, y1, y2;
} Stage;

static float samples[SIZE], start[SIZE];

static double run_stage(Stage* s, double x) {
    const double y = x + s->b1 * s->x1 + s->b2 * s->x2 - s->a1 * s->y1 - s->a2 * s->y2;
    s->x2 = s->x1;
    s->x1 = x;
    s->y2 = s->y1;
    s->y1 = y;
    return y;
}

// Poles and zeros of radius below 0.6, so that filter and inverse are both stable.
static Stage stage_of(int k, bool inverse) {
    const double pole = 0.3 + 0.03 * k, zero = 0.5 - 0.03 * k;
    const Stage s = {-2 * zero * 0.5, zero * zero, -2 * pole * 0.8, pole * pole, 0, 0, 0, 0};
    const Stage reverse = {s.a1, s.a2, s.b1, s.b2, 0, 0, 0, 0};
    return inverse ? reverse : s;
}

static void filter(bool inverse) {
    Stage stages[kStages];
    for (int k = 0; k < kStages; ++k)
        stages[k] = stage_of(k, inverse);
    for (int i = 0; i < SIZE; ++i) {
        double x = (double)samples[i];
        for (int k = 0; k < kStages; ++k)
            x = run_stage(&stages[k], x);
        samples[i] = (float)x;
    }
}

int main(void) {
    Random random = {11};
    for (int i = 0; i < SIZE; ++i)
        samples[i] = start[i] = (float)random_unit(&random) - 0.5f;
    filter(false);
    const uint64_t digest = mix(rounded((double)samples[SIZE / 2]), rounded((double)samples[SIZE - 1]));
    filter(true);
    for (int i = 0; i < SIZE; ++i)
        require(fabsf(samples[i] - start[i]) < 1e-3f, "the signal does not return");
    return finish(digest);
}
