// 343 molecules with Lennard-Jones forces in a periodic box, found by cells (f64), SIZE steps. Checked: energy stays
// within a percent, momentum is zero.
#include "common.h"

enum { kEdge = 7, kCount = kEdge * kEdge * kEdge, kCells = 4 };
static const double kBox = 10.5, kReach = 2.6;
static double place[kCount][3], speed[kCount][3], force[kCount][3];
static int16_t first[kCells * kCells * kCells], following[kCount];

static int cell_of(const double* p) {
    int cell = 0;
    for (int k = 0; k < 3; ++k)
        cell = cell * kCells + (int)(p[k] / kBox * kCells) % kCells;
    return cell;
}

static void fill_cells(void) {
    memset(first, -1, sizeof first);
    for (int i = 0; i < kCount; ++i) {
        const int cell = cell_of(place[i]);
        following[i] = first[cell];
        first[cell] = (int16_t)i;
    }
}

// The energy of a pair; zero, and no force, out of reach.
static double interact(int i, int j) {
    double way[3], square = 0;
    for (int k = 0; k < 3; ++k) {
        way[k] = place[i][k] - place[j][k];
        way[k] -= kBox * nearbyint(way[k] / kBox);
        square += way[k] * way[k];
    }
    if (square >= kReach * kReach)
        return 0;
    const double s = 1 / square, s6 = s * s * s, edge = 1 / (kReach * kReach * kReach * kReach * kReach * kReach);
    const double scale = 24 * s * s6 * (2 * s6 - 1);
    for (int k = 0; k < 3; ++k) {
        force[i][k] += scale * way[k];
        force[j][k] -= scale * way[k];
    }
    return 4 * (s6 * (s6 - 1) - edge * (edge - 1));
}

static double all_forces(void) {
    double energy = 0;
    fill_cells();
    memset(force, 0, sizeof force);
    for (int x = 0; x < kCells; ++x)
        for (int y = 0; y < kCells; ++y)
            for (int z = 0; z < kCells; ++z)
                for (int near = 0; near < 27; ++near) {
                    const int other =
                        ((x + near / 9 + 3) % kCells * kCells + (y + near / 3 % 3 + 3) % kCells) * kCells +
                        (z + near % 3 + 3) % kCells;
                    for (int i = first[(x * kCells + y) * kCells + z]; i >= 0; i = following[i])
                        for (int j = first[other]; j >= 0; j = following[j])
                            if (i < j)
                                energy += interact(i, j);
                }
    return energy;
}

static double step(double dt) {
    for (int i = 0; i < kCount; ++i)
        for (int k = 0; k < 3; ++k) {
            speed[i][k] += dt / 2 * force[i][k];
            place[i][k] += dt * speed[i][k];
            place[i][k] -= kBox * floor(place[i][k] / kBox);
        }
    double energy = all_forces();
    for (int i = 0; i < kCount; ++i)
        for (int k = 0; k < 3; ++k) {
            speed[i][k] += dt / 2 * force[i][k];
            energy += speed[i][k] * speed[i][k] / 2;
        }
    return energy;
}

int main(void) {
    Random random = {90};
    double drift[3] = {0, 0, 0};
    for (int i = 0; i < kCount; ++i)
        for (int k = 0; k < 3; ++k) {
            const int at[3] = {i / kEdge / kEdge, i / kEdge % kEdge, i % kEdge};
            place[i][k] = (at[k] + 0.5) * kBox / kEdge;
            drift[k] += speed[i][k] = random_unit(&random) - 0.5;
        }
    for (int i = 0; i < kCount; ++i)
        for (int k = 0; k < 3; ++k)
            speed[i][k] -= drift[k] / kCount;
    all_forces();
    const double start = step(0.002);
    double end = start, momentum = 0;
    for (int t = 1; t < SIZE; ++t)
        end = step(0.002);
    for (int i = 0; i < kCount; ++i)
        momentum += speed[i][0] + speed[i][1] + speed[i][2];
    require(fabs(end / start - 1) < 0.01, "energy is not conserved");
    require(fabs(momentum) < 1e-9, "the box moves");
    return finish((uint64_t)(int64_t)floor(start));
}
