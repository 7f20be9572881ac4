// Eight bodies around a star (f64, square roots), SIZE steps of velocity Verlet. Checked: energy, momentum and angular
// momentum stay.
#include "common.h"

enum { kBodies = 9 };
typedef struct {
    double place[3], speed[3], pull[3], mass;
} Body;
static Body bodies[kBodies];

static void make_bodies(void) {
    bodies[0].mass = 1000;
    for (int b = 1; b < kBodies; ++b) {
        const double radius = 2.0 * b + 1, speed = sqrt(1000 / radius);
        bodies[b] = (Body){{radius, 0, 0.1 * b}, {0, speed, 0}, {0, 0, 0}, 0.02 * b};
        for (int k = 0; k < 3; ++k)
            bodies[0].speed[k] -= bodies[b].mass * bodies[b].speed[k] / 1000;
    }
}

// Sets the pulls; the potential energy.
static double attract(void) {
    double potential = 0;
    for (int a = 0; a < kBodies; ++a)
        memset(bodies[a].pull, 0, sizeof bodies[a].pull);
    for (int a = 0; a < kBodies; ++a)
        for (int b = a + 1; b < kBodies; ++b) {
            double way[3], square = 0;
            for (int k = 0; k < 3; ++k) {
                way[k] = bodies[b].place[k] - bodies[a].place[k];
                square += way[k] * way[k];
            }
            const double distance = sqrt(square), scale = 1 / (square * distance);
            potential -= bodies[a].mass * bodies[b].mass / distance;
            for (int k = 0; k < 3; ++k) {
                bodies[a].pull[k] += way[k] * scale * bodies[b].mass;
                bodies[b].pull[k] -= way[k] * scale * bodies[a].mass;
            }
        }
    return potential;
}

static void step(double dt) {
    for (int b = 0; b < kBodies; ++b)
        for (int k = 0; k < 3; ++k) {
            bodies[b].speed[k] += dt / 2 * bodies[b].pull[k];
            bodies[b].place[k] += dt * bodies[b].speed[k];
        }
    attract();
    for (int b = 0; b < kBodies; ++b)
        for (int k = 0; k < 3; ++k)
            bodies[b].speed[k] += dt / 2 * bodies[b].pull[k];
}

static void measure(double* out) {
    out[0] = attract();
    out[1] = out[2] = 0;
    for (int b = 0; b < kBodies; ++b) {
        const Body* x = &bodies[b];
        for (int k = 0; k < 3; ++k) {
            out[0] += x->mass * x->speed[k] * x->speed[k] / 2;
            out[1] += x->mass * x->speed[k];
        }
        out[2] += x->mass * (x->place[0] * x->speed[1] - x->place[1] * x->speed[0]);
    }
}

int main(void) {
    double before[3], after[3];
    make_bodies();
    measure(before);
    for (int t = 0; t < SIZE; ++t)
        step(5e-4);
    measure(after);
    require(fabs(after[0] / before[0] - 1) < 1e-4, "energy is not conserved");
    require(fabs(after[1] - before[1]) < 1e-9, "momentum is not conserved");
    require(fabs(after[2] / before[2] - 1) < 1e-9, "angular momentum is not conserved");
    return finish(mix(rounded(after[0]), rounded(after[2])));
}
