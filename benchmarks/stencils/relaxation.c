// Red-black over-relaxation of Laplace's equation on a SIZE x SIZE grid (f64) until it converges. Checked by the
// harmonic polynomial that its boundary belongs to.
#include "common.h"

static double u[SIZE][SIZE];

static double exact(int i, int j) {
    const double x = (double)i / SIZE, y = (double)j / SIZE;
    return x * x - y * y + 3 * x * y;
}

static double sweep(int colour, double factor) {
    double change = 0;
    for (int i = 1; i < SIZE - 1; ++i)
        for (int j = 1 + (i + colour) % 2; j < SIZE - 1; j += 2) {
            const double d = 0.25 * (u[i - 1][j] + u[i + 1][j] + u[i][j - 1] + u[i][j + 1]) - u[i][j];
            u[i][j] += factor * d;
            change = fmax(change, fabs(d));
        }
    return change;
}

int main(void) {
    for (int i = 0; i < SIZE; ++i) {
        u[i][0] = exact(i, 0);
        u[i][SIZE - 1] = exact(i, SIZE - 1);
        u[0][i] = exact(0, i);
        u[SIZE - 1][i] = exact(SIZE - 1, i);
    }
    const double factor = 2 / (1 + sin(3.14159265358979323846 / SIZE));
    int sweeps = 0;
    while (sweep(0, factor) + sweep(1, factor) > 1e-12)
        require(++sweeps < 100 * SIZE, "no convergence");
    for (int i = 0; i < SIZE; ++i)
        for (int j = 0; j < SIZE; ++j)
            require(fabs(u[i][j] - exact(i, j)) < 1e-7, "not the harmonic polynomial");
    return finish(rounded(u[SIZE / 2][SIZE / 3]));
}
