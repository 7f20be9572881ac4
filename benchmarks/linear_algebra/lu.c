// Solves a dense system of SIZE equations (f64) by LU factors with partial pivoting. Checked by the known solution.
#include "common.h"

static double a[SIZE][SIZE], rhs[SIZE];

static void swap_rows(int p, int q) {
    for (int j = 0; j < SIZE; ++j) {
        const double t = a[p][j];
        a[p][j] = a[q][j];
        a[q][j] = t;
    }
    const double t = rhs[p];
    rhs[p] = rhs[q];
    rhs[q] = t;
}

static void factor(void) {
    for (int k = 0; k < SIZE; ++k) {
        int pivot = k;
        for (int i = k + 1; i < SIZE; ++i)
            if (fabs(a[i][k]) > fabs(a[pivot][k]))
                pivot = i;
        require(a[pivot][k] != 0, "the matrix is singular");
        if (pivot != k)
            swap_rows(pivot, k);
        for (int i = k + 1; i < SIZE; ++i) {
            const double factor = a[i][k] /= a[k][k];
            for (int j = k + 1; j < SIZE; ++j)
                a[i][j] -= factor * a[k][j];
        }
    }
}

static void substitute(void) {
    for (int i = 0; i < SIZE; ++i)
        for (int j = 0; j < i; ++j)
            rhs[i] -= a[i][j] * rhs[j];
    for (int i = SIZE - 1; i >= 0; --i) {
        for (int j = i + 1; j < SIZE; ++j)
            rhs[i] -= a[i][j] * rhs[j];
        rhs[i] /= a[i][i];
    }
}

static double solution(int i) { return (double)(i % 7) - 3; }

int main(void) {
    Random random = {2};
    for (int i = 0; i < SIZE; ++i)
        for (int j = 0; j < SIZE; ++j) {
            a[i][j] = 2 * random_unit(&random) - 1;
            rhs[i] += a[i][j] * solution(j);
        }
    factor();
    substitute();
    uint64_t digest = 0;
    for (int i = 0; i < SIZE; ++i) {
        require(fabs(rhs[i] - solution(i)) < 1e-6, "not the known solution");
        digest = mix(digest, rounded(rhs[i]));
    }
    return finish(digest);
}
