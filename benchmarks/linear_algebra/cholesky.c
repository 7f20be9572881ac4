// Cholesky factor of a SIZE x SIZE positive definite matrix (f32). Checked by multiplying the factor back.
#include "common.h"

static float matrix[SIZE][SIZE], factor[SIZE][SIZE];

static void make_matrix(void) {
    Random random = {3};
    for (int i = 0; i < SIZE; ++i) {
        for (int j = 0; j < i; ++j)
            matrix[i][j] = matrix[j][i] = (float)random_unit(&random) - 0.5f;
        matrix[i][i] = (float)SIZE;
    }
}

static void decompose(void) {
    for (int i = 0; i < SIZE; ++i)
        for (int j = 0; j <= i; ++j) {
            float sum = matrix[i][j];
            for (int k = 0; k < j; ++k)
                sum -= factor[i][k] * factor[j][k];
            factor[i][j] = i == j ? sqrtf(sum) : sum / factor[j][j];
        }
}

int main(void) {
    make_matrix();
    decompose();
    uint64_t digest = 0;
    for (int i = 0; i < SIZE; i += 3)
        for (int j = 0; j <= i; j += 2) {
            float sum = 0;
            for (int k = 0; k <= j; ++k)
                sum += factor[i][k] * factor[j][k];
            require(fabsf(sum - matrix[i][j]) < 1e-4f * SIZE, "the factor does not give the matrix back");
            digest = mix(digest, rounded((double)factor[i][j]));
        }
    return finish(digest);
}
