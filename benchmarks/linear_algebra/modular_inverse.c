// Inverse of a SIZE x SIZE matrix modulo 2^31 - 1 by Gauss-Jordan elimination (i64 products and remainders). Checked by
// multiplying with the matrix.
#include "common.h"

static const uint64_t kPrime = 2147483647;
static uint32_t matrix[SIZE][SIZE], left[SIZE][SIZE], inverse[SIZE][SIZE];

static uint32_t power(uint64_t base, uint64_t exponent) {
    uint64_t result = 1;
    for (; exponent > 0; exponent >>= 1) {
        if (exponent & 1)
            result = result * base % kPrime;
        base = base * base % kPrime;
    }
    return (uint32_t)result;
}

static void scale(uint32_t* row, uint64_t factor) {
    for (int j = 0; j < SIZE; ++j)
        row[j] = (uint32_t)(row[j] * factor % kPrime);
}

static void subtract(uint32_t* row, const uint32_t* other, uint64_t factor) {
    for (int j = 0; j < SIZE; ++j)
        row[j] = (uint32_t)((row[j] + (kPrime - factor) * other[j]) % kPrime);
}

static void invert(void) {
    for (int i = 0; i < SIZE; ++i)
        inverse[i][i] = 1;
    for (int k = 0; k < SIZE; ++k) {
        require(left[k][k] != 0, "a pivot is zero");
        const uint32_t factor = power(left[k][k], kPrime - 2);
        scale(left[k], factor);
        scale(inverse[k], factor);
        for (int i = 0; i < SIZE; ++i) {
            const uint32_t f = left[i][k];
            if (i == k || f == 0)
                continue;
            subtract(left[i], left[k], f);
            subtract(inverse[i], inverse[k], f);
        }
    }
}

int main(void) {
    Random random = {5};
    for (int i = 0; i < SIZE; ++i)
        for (int j = 0; j < SIZE; ++j)
            matrix[i][j] = random_below(&random, 2147483647);
    memcpy(left, matrix, sizeof left);
    invert();
    uint64_t digest = 0;
    for (int i = 0; i < SIZE; ++i)
        for (int j = 0; j < SIZE; ++j) {
            uint64_t sum = 0;
            for (int k = 0; k < SIZE; ++k)
                sum = (sum + (uint64_t)matrix[i][k] * inverse[k][j]) % kPrime;
            require(sum == (uint64_t)(i == j), "matrix times inverse is not the identity");
            digest = mix(digest, inverse[i][j]);
        }
    return finish(digest);
}
