// The wave equation in a box of 24 x 24 x 24 cells (f64), SIZE steps forward and as many back. Checked: the start
// returns.
#include "common.h"

enum { kEdge = 24 };
typedef double Field[kEdge][kEdge][kEdge];
static Field one, two, start_one, start_two;

// Leapfrog: `old` becomes the state one step beyond `now`, whichever way time goes.
static void step(Field old, Field now) {
    for (int i = 1; i < kEdge - 1; ++i)
        for (int j = 1; j < kEdge - 1; ++j)
            for (int k = 1; k < kEdge - 1; ++k) {
                const double around = now[i - 1][j][k] + now[i + 1][j][k] + now[i][j - 1][k] + now[i][j + 1][k] +
                                      now[i][j][k - 1] + now[i][j][k + 1];
                old[i][j][k] = 2 * now[i][j][k] - old[i][j][k] + 0.25 * (around - 6 * now[i][j][k]);
            }
}

int main(void) {
    Random random = {7};
    for (int i = 1; i < kEdge - 1; ++i)
        for (int j = 1; j < kEdge - 1; ++j)
            for (int k = 1; k < kEdge - 1; ++k)
                one[i][j][k] = two[i][j][k] = random_unit(&random);
    memcpy(start_one, one, sizeof one);
    memcpy(start_two, two, sizeof two);
    for (int t = 0; t < SIZE; ++t) {
        step(one, two);
        step(two, one);
    }
    uint64_t digest = 0;
    for (int i = 0; i < kEdge; ++i)
        digest = mix(digest, rounded(one[i][kEdge / 2][kEdge / 3]));
    for (int t = 0; t < SIZE; ++t) {
        step(two, one);
        step(one, two);
    }
    for (int i = 0; i < kEdge; ++i)
        for (int j = 0; j < kEdge; ++j)
            for (int k = 0; k < kEdge; ++k)
                require(
                    fabs(one[i][j][k] - start_one[i][j][k]) < 1e-7 && fabs(two[i][j][k] - start_two[i][j][k]) < 1e-7,
                    "going back does not lead to the start");
    return finish(digest);
}
