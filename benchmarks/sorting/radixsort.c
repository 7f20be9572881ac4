// Radix sort of SIZE 64-bit keys, a byte at a time (i64 shifts, scattered stores). Checked: sorted, the same keys.
#include "common.h"

static uint64_t keys[SIZE], spare[SIZE];

static void pass(const uint64_t* from, uint64_t* to, int shift) {
    uint32_t start[257] = {0};
    for (int i = 0; i < SIZE; ++i)
        ++start[(from[i] >> shift & 255) + 1];
    for (int b = 0; b < 256; ++b)
        start[b + 1] += start[b];
    for (int i = 0; i < SIZE; ++i)
        to[start[from[i] >> shift & 255]++] = from[i];
}

int main(void) {
    Random random = {22};
    uint64_t before = 0, after = 0, digest = 0;
    for (int i = 0; i < SIZE; ++i) {
        keys[i] = random_next(&random);
        before ^= mix(3, keys[i]);
    }
    for (int shift = 0; shift < 64; shift += 16) {
        pass(keys, spare, shift);
        pass(spare, keys, shift + 8);
    }
    for (int i = 0; i < SIZE; ++i) {
        require(i == 0 || keys[i - 1] <= keys[i], "not sorted");
        after ^= mix(3, keys[i]);
        digest = mix(digest, keys[i]);
    }
    require(before == after, "not the keys that were given");
    return finish(digest);
}
