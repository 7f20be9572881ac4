// Ising model on a 128 x 128 torus, SIZE sweeps of Metropolis steps (i32, random numbers, a table of odds). Checked:
// the energy that is kept along the way is that of the end, and a hot magnet is near the exact energy of Onsager.
#include "common.h"

enum { kEdge = 128 };
static int8_t spin[kEdge][kEdge];

static int around(int i, int j) {
    return spin[(i + 1) % kEdge][j] + spin[(i + kEdge - 1) % kEdge][j] + spin[i][(j + 1) % kEdge] +
           spin[i][(j + kEdge - 1) % kEdge];
}

static int32_t energy(void) {
    int32_t sum = 0;
    for (int i = 0; i < kEdge; ++i)
        for (int j = 0; j < kEdge; ++j)
            sum -= spin[i][j] * (spin[(i + 1) % kEdge][j] + spin[i][(j + 1) % kEdge]);
    return sum;
}

int main(void) {
    static const double temperature = 4.0, exact = -0.5573;  // energy a spin; coth(2K)(1 + (2 tanh^2 2K - 1) 2/pi K(k))
    Random random = {91};
    uint32_t odds[5];
    for (int k = 0; k < 5; ++k)
        odds[k] = (uint32_t)(4294967295.0 * exp(-2.0 * k / temperature));
    for (int i = 0; i < kEdge; ++i)
        for (int j = 0; j < kEdge; ++j)
            spin[i][j] = random_next(&random) & 1 ? 1 : -1;
    int32_t kept = energy();
    int64_t sum = 0;
    for (int sweep = 0; sweep < SIZE; ++sweep) {
        for (int n = 0; n < kEdge * kEdge; ++n) {
            const uint64_t bits = random_next(&random);
            const int i = (int)(bits % kEdge), j = (int)(bits / kEdge % kEdge), gain = spin[i][j] * around(i, j);
            if (gain > 0 && (uint32_t)(bits >> 32) > odds[gain])
                continue;
            spin[i][j] = (int8_t)-spin[i][j];
            kept += 2 * gain;
        }
        if (sweep >= SIZE / 2)
            sum += kept;
    }
    require(kept == energy(), "the energy kept is not that of the magnet");
    const double mean = (double)sum / (SIZE - SIZE / 2) / (kEdge * kEdge);
    require(fabs(mean - exact) < 0.03, "not the exact energy");
    return finish((uint64_t)(int64_t)kept);
}
