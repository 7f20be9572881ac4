// Longest common subsequence of two texts of SIZE letters, by rows of a table and by words of bits (carries, popcount).
// Checked: the same length.
#include "common.h"

enum { kWords = (SIZE + 63) / 64 };
static uint8_t a[SIZE], b[SIZE];

static uint32_t by_table(void) {
    static uint32_t row[SIZE + 1];
    for (int i = 0; i < SIZE; ++i) {
        uint32_t diagonal = 0;
        for (int j = 0; j < SIZE; ++j) {
            const uint32_t above = row[j + 1];
            if (a[i] == b[j])
                row[j + 1] = diagonal + 1;
            else
                row[j + 1] = above > row[j] ? above : row[j];
            diagonal = above;
        }
    }
    return row[SIZE];
}

static uint32_t by_bits(void) {
    static uint64_t places[4][kWords], row[kWords];
    for (int j = 0; j < SIZE; ++j)
        places[b[j]][j / 64] |= (uint64_t)1 << j % 64;
    memset(row, 0xff, sizeof row);
    for (int i = 0; i < SIZE; ++i) {
        uint64_t carry = 0;
        for (int w = 0; w < kWords; ++w) {
            const uint64_t before = row[w], hits = before & places[a[i]][w];
            const uint64_t sum = before + hits, with_carry = sum + carry;
            carry = (sum < before) | (with_carry < sum);
            row[w] = with_carry | (before & ~places[a[i]][w]);
        }
    }
    uint32_t length = 0;
    if (SIZE % 64 != 0)
        row[kWords - 1] |= ~(uint64_t)0 << SIZE % 64;
    for (int w = 0; w < kWords; ++w)
        length += (uint32_t)__builtin_popcountll(~row[w]);
    return length;
}

int main(void) {
    Random random = {70};
    for (int i = 0; i < SIZE; ++i) {
        a[i] = (uint8_t)random_below(&random, 4);
        b[i] = random_below(&random, 3) == 0 ? (uint8_t)random_below(&random, 4) : a[i * 99 / 100];
    }
    const uint32_t length = by_table();
    require(length == by_bits() && length > SIZE / 2, "the two ways disagree");
    return finish(length);
}
