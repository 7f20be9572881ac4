// Convolution of two sequences of SIZE / 2 by transforms modulo 998244353 (i64 remainders). Checked at samples
// directly.
#include "common.h"

static const uint32_t kPrime = 998244353;
static uint32_t a[SIZE], b[SIZE], first[SIZE / 2], second[SIZE / 2];

static uint32_t multiply(uint32_t x, uint32_t y) { return (uint32_t)((uint64_t)x * y % kPrime); }

static uint32_t power(uint32_t base, uint32_t exponent) {
    uint32_t result = 1;
    for (; exponent > 0; exponent >>= 1, base = multiply(base, base))
        if (exponent & 1)
            result = multiply(result, base);
    return result;
}

static void transform(uint32_t* x, uint32_t root) {
    for (uint32_t i = 1, j = 0; i < SIZE; ++i) {
        uint32_t bit = SIZE >> 1;
        for (; j & bit; bit >>= 1)
            j ^= bit;
        j ^= bit;
        if (i < j) {
            const uint32_t t = x[i];
            x[i] = x[j];
            x[j] = t;
        }
    }
    for (uint32_t length = 2; length <= SIZE; length *= 2) {
        const uint32_t w_step = power(root, (kPrime - 1) / length);
        for (uint32_t block = 0; block < SIZE; block += length) {
            uint32_t w = 1;
            for (uint32_t k = block; k < block + length / 2; ++k) {
                const uint32_t t = multiply(x[k + length / 2], w);
                x[k + length / 2] = x[k] >= t ? x[k] - t : x[k] + kPrime - t;
                x[k] = x[k] + t >= kPrime ? x[k] + t - kPrime : x[k] + t;
                w = multiply(w, w_step);
            }
        }
    }
}

int main(void) {
    Random random = {10};
    for (int i = 0; i < SIZE / 2; ++i) {
        a[i] = first[i] = random_below(&random, kPrime);
        b[i] = second[i] = random_below(&random, kPrime);
    }
    transform(a, 3);
    transform(b, 3);
    for (int i = 0; i < SIZE; ++i)
        a[i] = multiply(a[i], b[i]);
    transform(a, power(3, kPrime - 2));
    const uint32_t scale = power(SIZE, kPrime - 2);
    for (int sample = 0; sample < 16; ++sample) {
        const int at = (int)random_below(&random, SIZE - 1);
        uint64_t sum = 0;
        for (int i = 0; i < SIZE / 2; ++i)
            if (at - i >= 0 && at - i < SIZE / 2)
                sum = (sum + (uint64_t)first[i] * second[at - i]) % kPrime;
        require(sum == multiply(a[at], scale), "the convolution is not the sum of products");
    }
    uint64_t digest = 0;
    for (int i = 0; i < SIZE; ++i)
        digest = mix(digest, a[i]);
    return finish(digest);
}
