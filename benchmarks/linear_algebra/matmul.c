// Product of two SIZE x SIZE matrices (f64), in blocks. Checked with Freivalds' test, exact because entries are small.
#include "common.h"

enum { kBlock = 16 };
static double a[SIZE][SIZE], b[SIZE][SIZE], c[SIZE][SIZE];

static int least(int x, int y) { return x < y ? x : y; }

static void multiply_block(int i0, int k0, int j0) {
    for (int i = i0; i < least(i0 + kBlock, SIZE); ++i)
        for (int k = k0; k < least(k0 + kBlock, SIZE); ++k) {
            const double factor = a[i][k];
            for (int j = j0; j < least(j0 + kBlock, SIZE); ++j)
                c[i][j] += factor * b[k][j];
        }
}

static void apply(double (*matrix)[SIZE], const double* in, double* out) {
    for (int i = 0; i < SIZE; ++i) {
        out[i] = 0;
        for (int j = 0; j < SIZE; ++j)
            out[i] += matrix[i][j] * in[j];
    }
}

int main(void) {
    static double x[SIZE], bx[SIZE], abx[SIZE], cx[SIZE];
    Random random = {1};
    for (int i = 0; i < SIZE; ++i) {
        x[i] = (double)random_below(&random, 100);
        for (int j = 0; j < SIZE; ++j) {
            a[i][j] = (double)random_below(&random, 2001) - 1000;
            b[i][j] = (double)random_below(&random, 2001) - 1000;
        }
    }
    for (int i = 0; i < SIZE; i += kBlock)
        for (int k = 0; k < SIZE; k += kBlock)
            for (int j = 0; j < SIZE; j += kBlock)
                multiply_block(i, k, j);
    apply(b, x, bx);
    apply(a, bx, abx);
    apply(c, x, cx);
    uint64_t digest = 0;
    for (int i = 0; i < SIZE; ++i) {
        require(abx[i] == cx[i], "(AB)x is not A(Bx)");
        digest = mix(digest, (uint64_t)(int64_t)cx[i]);
    }
    return finish(digest);
}
