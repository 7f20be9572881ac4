// Walsh-Hadamard transform of SIZE 32-bit integers (a power of two), twice (additions only). Checked: SIZE times the
// input.
#include "common.h"

static int32_t x[SIZE], start[SIZE];

static void transform(void) {
    for (int half = 1; half < SIZE; half *= 2)
        for (int block = 0; block < SIZE; block += 2 * half)
            for (int k = block; k < block + half; ++k) {
                const int32_t a = x[k], b = x[k + half];
                x[k] = a + b;
                x[k + half] = a - b;
            }
}

int main(void) {
    Random random = {12};
    uint64_t digest = 0;
    for (int i = 0; i < SIZE; ++i)
        x[i] = start[i] = (int32_t)random_below(&random, 201) - 100;
    transform();
    for (int i = 0; i < SIZE; ++i)
        digest = mix(digest, (uint64_t)x[i]);
    transform();
    for (int i = 0; i < SIZE; ++i)
        require((int64_t)x[i] == (int64_t)start[i] * SIZE, "not a multiple of the input");
    return finish(digest);
}
