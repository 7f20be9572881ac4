// Heat on a periodic 128 x 128 grid (f64), SIZE steps. Checked: the total stays, the range shrinks.
#include "common.h"

enum { kEdge = 128 };
static double now[kEdge][kEdge], next[kEdge][kEdge];

static void step(double (*from)[kEdge], double (*to)[kEdge]) {
    for (int i = 0; i < kEdge; ++i) {
        const double *up = from[(i + kEdge - 1) % kEdge], *row = from[i], *down = from[(i + 1) % kEdge];
        for (int j = 0; j < kEdge; ++j) {
            const double left = row[(j + kEdge - 1) % kEdge], right = row[(j + 1) % kEdge];
            to[i][j] = row[j] + 0.2 * (up[j] + down[j] + left + right - 4 * row[j]);
        }
    }
}

static void summarise(double* total, double* range) {
    double low = now[0][0], high = low;
    *total = 0;
    for (int i = 0; i < kEdge; ++i)
        for (int j = 0; j < kEdge; ++j) {
            *total += now[i][j];
            low = fmin(low, now[i][j]);
            high = fmax(high, now[i][j]);
        }
    *range = high - low;
}

int main(void) {
    Random random = {6};
    for (int i = 0; i < kEdge; ++i)
        for (int j = 0; j < kEdge; ++j)
            now[i][j] = random_unit(&random);
    double total, range, end_total, end_range;
    summarise(&total, &range);
    for (int t = 0; t < SIZE; t += 2) {
        step(now, next);
        step(next, now);
    }
    summarise(&end_total, &end_range);
    require(fabs(total - end_total) < 1e-6, "heat was made or lost");
    require(end_range < range, "the range did not shrink");
    return finish(mix(rounded(end_total), rounded(end_range * 1e3)));
}
