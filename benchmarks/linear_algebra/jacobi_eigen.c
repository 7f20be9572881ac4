// Eigenvalues of a symmetric SIZE x SIZE matrix (f64) by cyclic Jacobi rotations. Checked by trace and norm, and on a
// matrix whose eigenvalues are known: the second difference, 2 - 2 cos(k pi / (n + 1)).
#include "common.h"

static double m[SIZE][SIZE];

static void rotate(int p, int q) {
    const double theta = (m[q][q] - m[p][p]) / (2 * m[p][q]);
    const double t = (theta < 0 ? -1.0 : 1.0) / (fabs(theta) + sqrt(theta * theta + 1));
    const double c = 1 / sqrt(t * t + 1), s = t * c;
    for (int k = 0; k < SIZE; ++k) {
        const double kp = m[k][p], kq = m[k][q];
        m[k][p] = c * kp - s * kq;
        m[k][q] = s * kp + c * kq;
    }
    for (int k = 0; k < SIZE; ++k) {
        const double pk = m[p][k], qk = m[q][k];
        m[p][k] = c * pk - s * qk;
        m[q][k] = s * pk + c * qk;
    }
}

static void diagonalise(void) {
    for (int sweep = 0; sweep < 30; ++sweep) {
        double off = 0;
        for (int p = 0; p < SIZE; ++p)
            for (int q = p + 1; q < SIZE; ++q)
                off += m[p][q] * m[p][q];
        if (off < 1e-20)
            return;
        for (int p = 0; p < SIZE; ++p)
            for (int q = p + 1; q < SIZE; ++q)
                if (fabs(m[p][q]) > 1e-14)
                    rotate(p, q);
    }
    require(false, "no convergence");
}

static int by_value(const void* a, const void* b) {
    const double x = *(const double*)a, y = *(const double*)b;
    return (x > y) - (x < y);
}

static void sorted_eigenvalues(double* values) {
    diagonalise();
    for (int i = 0; i < SIZE; ++i)
        values[i] = m[i][i];
    qsort(values, SIZE, sizeof(double), by_value);
}

int main(void) {
    static double values[SIZE];
    for (int i = 0; i < SIZE; ++i) {
        m[i][i] = 2;
        if (i > 0)
            m[i][i - 1] = m[i - 1][i] = -1;
    }
    sorted_eigenvalues(values);
    for (int k = 0; k < SIZE; ++k)
        require(fabs(values[k] - (2 - 2 * cos((k + 1) * 3.14159265358979323846 / (SIZE + 1)))) < 1e-8, "known values");
    Random random = {4};
    double trace = 0, norm = 0, sum = 0, squares = 0;
    for (int i = 0; i < SIZE; ++i)
        for (int j = 0; j <= i; ++j) {
            m[i][j] = m[j][i] = random_unit(&random);
            trace += i == j ? m[i][j] : 0;
            norm += (i == j ? 1 : 2) * m[i][j] * m[i][j];
        }
    sorted_eigenvalues(values);
    uint64_t digest = 0;
    for (int i = 0; i < SIZE; ++i) {
        sum += values[i];
        squares += values[i] * values[i];
        digest = mix(digest, rounded(values[i]));
    }
    require(fabs(sum - trace) < 1e-8 && fabs(squares - norm) < 1e-6, "trace or norm changed");
    return finish(digest);
}
