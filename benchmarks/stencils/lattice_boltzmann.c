// Lattice Boltzmann flow of nine velocities on a periodic 64 x 64 grid (f32), SIZE steps. Checked: mass and momentum
// stay.
#include "common.h"

enum { kEdge = 64, kVelocities = 9 };
static const int vx[kVelocities] = {0, 1, 0, -1, 0, 1, -1, -1, 1};
static const int vy[kVelocities] = {0, 0, 1, 0, -1, 1, 1, -1, -1};
static const float weight[kVelocities] = {4.f / 9,  1.f / 9,  1.f / 9,  1.f / 9, 1.f / 9,
                                          1.f / 36, 1.f / 36, 1.f / 36, 1.f / 36};
typedef float Cell[kVelocities];
static Cell now[kEdge][kEdge], next[kEdge][kEdge];

static void equilibrium(float density, float x, float y, Cell out) {
    const float square = 1.5f * (x * x + y * y);
    for (int v = 0; v < kVelocities; ++v) {
        const float along = 3 * ((float)vx[v] * x + (float)vy[v] * y);
        out[v] = weight[v] * density * (1 + along + 0.5f * along * along - square);
    }
}

static void moments(const Cell cell, float* density, float* x, float* y) {
    *density = *x = *y = 0;
    for (int v = 0; v < kVelocities; ++v) {
        *density += cell[v];
        *x += (float)vx[v] * cell[v];
        *y += (float)vy[v] * cell[v];
    }
}

static void step(void) {
    for (int i = 0; i < kEdge; ++i)
        for (int j = 0; j < kEdge; ++j) {
            float density, x, y;
            moments(now[i][j], &density, &x, &y);
            Cell rest;
            equilibrium(density, x / density, y / density, rest);
            for (int v = 0; v < kVelocities; ++v)
                next[(i + vx[v]) & (kEdge - 1)][(j + vy[v]) & (kEdge - 1)][v] =
                    now[i][j][v] + 0.8f * (rest[v] - now[i][j][v]);
        }
    memcpy(now, next, sizeof now);
}

static void totals(double* out) {
    out[0] = out[1] = out[2] = 0;
    for (int i = 0; i < kEdge; ++i)
        for (int j = 0; j < kEdge; ++j) {
            float density, x, y;
            moments(now[i][j], &density, &x, &y);
            out[0] += (double)density;
            out[1] += (double)x;
            out[2] += (double)y;
        }
}

int main(void) {
    Random random = {8};
    for (int i = 0; i < kEdge; ++i)
        for (int j = 0; j < kEdge; ++j)
            equilibrium(1, 0.05f * (float)(i < kEdge / 2), 0.02f * (float)random_unit(&random), now[i][j]);
    double before[3], after[3];
    totals(before);
    for (int t = 0; t < SIZE; ++t)
        step();
    totals(after);
    for (int k = 0; k < 3; ++k)
        require(fabs(before[k] - after[k]) < 0.05, "mass or momentum is not conserved");
    return finish(rounded((double)now[3][5][1]));
}
