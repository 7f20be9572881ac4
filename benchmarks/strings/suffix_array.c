// Suffix array of SIZE letters by sorting pairs of ranks, and common prefixes by Kasai. Checked: suffixes ascend.
#include "common.h"

static uint8_t text[SIZE + 1];
static int32_t suffix[SIZE], rank_of[SIZE], common[SIZE];
static uint64_t keys[SIZE], spare[SIZE];
static int32_t moved[SIZE];

static void sort_by_key(void) {
    for (int shift = 0; shift < 48; shift += 12) {
        static int32_t start[4097];
        memset(start, 0, sizeof start);
        for (int i = 0; i < SIZE; ++i)
            ++start[(keys[i] >> shift & 4095) + 1];
        for (int b = 0; b < 4096; ++b)
            start[b + 1] += start[b];
        for (int i = 0; i < SIZE; ++i) {
            const int32_t to = start[keys[i] >> shift & 4095]++;
            spare[to] = keys[i];
            moved[to] = suffix[i];
        }
        memcpy(keys, spare, sizeof keys);
        memcpy(suffix, moved, sizeof suffix);
    }
}

static void build(void) {
    for (int i = 0; i < SIZE; ++i)
        rank_of[i] = text[i];
    for (int step = 1;; step *= 2) {
        for (int i = 0; i < SIZE; ++i) {
            suffix[i] = i;
            keys[i] = (uint64_t)rank_of[i] << 24 | (i + step < SIZE ? (uint64_t)rank_of[i + step] + 1 : 0);
        }
        sort_by_key();
        rank_of[suffix[0]] = 1;
        for (int i = 1; i < SIZE; ++i)
            rank_of[suffix[i]] = rank_of[suffix[i - 1]] + (keys[i] != keys[i - 1]);
        if (rank_of[suffix[SIZE - 1]] == SIZE)
            return;
    }
}

int main(void) {
    Random random = {55};
    for (int i = 0; i < SIZE; ++i)
        text[i] = i >= 30 && random_below(&random, 20) ? text[i - 30] : (uint8_t)('a' + random_below(&random, 4));
    build();
    uint64_t digest = 0;
    for (int i = 0, length = 0; i < SIZE; ++i) {
        const int place = rank_of[i] - 1;
        if (place == 0) {
            length = 0;
            continue;
        }
        const int before = suffix[place - 1];
        while (text[i + length] == text[before + length])
            ++length;
        require(text[before + length] < text[i + length], "two suffixes are out of order");
        common[place] = length;
        length -= length > 0;
    }
    for (int i = 0; i < SIZE; ++i)
        digest = mix(digest, (uint64_t)common[i] << 32 | (uint64_t)suffix[i]);
    return finish(digest);
}
