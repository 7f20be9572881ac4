// Conjugate gradients on the five-point Laplacian of a SIZE x SIZE grid, stored by rows (f64, indirect loads). Checked
// by the known solution.
#include "common.h"

enum { kUnknowns = SIZE * SIZE };
static int32_t row_start[kUnknowns + 1], column[5 * kUnknowns];
static double value[5 * kUnknowns], x[kUnknowns], r[kUnknowns], p[kUnknowns], ap[kUnknowns];

static void add_entry(int32_t* count, int col, double v) {
    column[*count] = col;
    value[(*count)++] = v;
}

static void make_matrix(void) {
    int32_t count = 0;
    for (int i = 0; i < SIZE; ++i)
        for (int j = 0; j < SIZE; ++j) {
            const int row = i * SIZE + j;
            row_start[row] = count;
            if (i > 0)
                add_entry(&count, row - SIZE, -1);
            if (j > 0)
                add_entry(&count, row - 1, -1);
            add_entry(&count, row, 4);
            if (j + 1 < SIZE)
                add_entry(&count, row + 1, -1);
            if (i + 1 < SIZE)
                add_entry(&count, row + SIZE, -1);
        }
    row_start[kUnknowns] = count;
}

static void apply(const double* in, double* out) {
    for (int row = 0; row < kUnknowns; ++row) {
        double sum = 0;
        for (int32_t k = row_start[row]; k < row_start[row + 1]; ++k)
            sum += value[k] * in[column[k]];
        out[row] = sum;
    }
}

static double dot(const double* a, const double* b) {
    double sum = 0;
    for (int i = 0; i < kUnknowns; ++i)
        sum += a[i] * b[i];
    return sum;
}

static double solution(int i) { return (double)(i * 7 % 11) - 5; }

int main(void) {
    make_matrix();
    for (int i = 0; i < kUnknowns; ++i)
        p[i] = solution(i);
    apply(p, r);
    memcpy(p, r, sizeof p);
    double rr = dot(r, r);
    int steps = 0;
    for (; rr > 1e-18 && steps < 20 * SIZE; ++steps) {
        apply(p, ap);
        const double alpha = rr / dot(p, ap);
        for (int i = 0; i < kUnknowns; ++i) {
            x[i] += alpha * p[i];
            r[i] -= alpha * ap[i];
        }
        const double next = dot(r, r), beta = next / rr;
        for (int i = 0; i < kUnknowns; ++i)
            p[i] = r[i] + beta * p[i];
        rr = next;
    }
    for (int i = 0; i < kUnknowns; ++i)
        require(fabs(x[i] - solution(i)) < 1e-6, "not the known solution");
    return finish(mix(0, (uint64_t)steps));
}
