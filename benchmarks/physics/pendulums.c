// 64 double pendulums (f64 sines and cosines), SIZE steps of Runge and Kutta. Checked: each keeps its energy.
#include "common.h"

enum { kCount = 64 };
typedef struct {
    double a, b, va, vb;
} State;

static State slope(State s) {
    const double d = s.a - s.b, sine = sin(d), cosine = cos(d), scale = 1 / (2 - cosine * cosine), g = 9.81;
    const double pa = -s.vb * s.vb * sine - 2 * g * sin(s.a), pb = s.va * s.va * sine - g * sin(s.b);
    return (State){s.va, s.vb, (pa - cosine * pb) * scale, (2 * pb - cosine * pa) * scale};
}

static State along(State s, State d, double dt) {
    return (State){s.a + dt * d.a, s.b + dt * d.b, s.va + dt * d.va, s.vb + dt * d.vb};
}

static State step(State s, double dt) {
    const State k1 = slope(s), k2 = slope(along(s, k1, dt / 2)), k3 = slope(along(s, k2, dt / 2));
    const State k4 = slope(along(s, k3, dt));
    return along(along(along(along(s, k1, dt / 6), k2, dt / 3), k3, dt / 3), k4, dt / 6);
}

static double energy(State s) {
    return s.va * s.va + s.vb * s.vb / 2 + s.va * s.vb * cos(s.a - s.b) - 9.81 * (2 * cos(s.a) + cos(s.b));
}

int main(void) {
    uint64_t digest = 0;
    for (int n = 0; n < kCount; ++n) {
        State s = {0.03 * n, 1.2 - 0.05 * n, 0, 0};
        const double start = energy(s);
        for (int t = 0; t < SIZE; ++t)
            s = step(s, 1e-3);
        require(fabs(energy(s) - start) < 1e-6, "energy is not conserved");
        digest = mix(digest, (uint64_t)(int64_t)floor(1000 * start + 0.5));
    }
    return finish(digest);
}
