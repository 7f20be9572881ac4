// SHA3-256 of SIZE kilobytes (i64 rotates and logic). Checked with the digests of the empty message and of "abc".
#include "common.h"

enum { kRate = 136 };

static uint64_t rotate(uint64_t x, int n) { return n == 0 ? x : x << n | x >> (64 - n); }

// One bit of the round constants' linear feedback register.
static bool next_bit(uint8_t* lfsr) {
    const bool bit = *lfsr & 1;
    *lfsr = (uint8_t)(*lfsr & 0x80 ? *lfsr << 1 ^ 0x71 : *lfsr << 1);
    return bit;
}

static void round_of(uint64_t* a, uint64_t constant) {
    uint64_t c[5], row[5];
    for (int x = 0; x < 5; ++x)
        c[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
    for (int x = 0; x < 5; ++x) {
        const uint64_t d = c[(x + 4) % 5] ^ rotate(c[(x + 1) % 5], 1);
        for (int y = 0; y < 25; y += 5)
            a[x + y] ^= d;
    }
    uint64_t moved = a[1];
    for (int t = 0, x = 1, y = 0; t < 24; ++t) {
        const int next_y = (2 * x + 3 * y) % 5;
        x = y;
        y = next_y;
        const uint64_t kept = a[x + 5 * y];
        a[x + 5 * y] = rotate(moved, (t + 1) * (t + 2) / 2 % 64);
        moved = kept;
    }
    for (int y = 0; y < 25; y += 5) {
        memcpy(row, a + y, sizeof row);
        for (int x = 0; x < 5; ++x)
            a[x + y] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5]);
    }
    a[0] ^= constant;
}

static void permute(uint64_t* a) {
    uint8_t lfsr = 1;
    for (int r = 0; r < 24; ++r) {
        uint64_t constant = 0;
        for (int j = 0; j < 7; ++j)
            if (next_bit(&lfsr))
                constant |= (uint64_t)1 << ((1 << j) - 1);
        round_of(a, constant);
    }
}

static void absorb(uint64_t* a, int at, uint8_t byte) { a[at / 8] ^= (uint64_t)byte << (at % 8 * 8); }

// The first eight bytes of the digest, the first byte the most significant.
static uint64_t sha3(const uint8_t* data, size_t count) {
    uint64_t a[25] = {0};
    int at = 0;
    for (size_t i = 0; i < count; ++i) {
        absorb(a, at, data[i]);
        if (++at == kRate) {
            permute(a);
            at = 0;
        }
    }
    absorb(a, at, 6);
    absorb(a, kRate - 1, 0x80);
    permute(a);
    return __builtin_bswap64(a[0]);
}

int main(void) {
    require(sha3(NULL, 0) == 0xa7ffc6f8bf1ed766u, "the digest of the empty message");
    require(sha3((const uint8_t*)"abc", 3) == 0x3a985da74fe225b2u, "the digest of \"abc\"");
    uint8_t* data = (uint8_t*)allocate(SIZE * 1024);
    Random random = {27};
    for (int i = 0; i < SIZE * 1024; ++i)
        data[i] = (uint8_t)random_next(&random);
    const uint64_t digest = sha3(data, SIZE * 1024);
    data[SIZE * 512] ^= 1;
    require(digest != sha3(data, SIZE * 1024), "another message has the same digest");
    free(data);
    return finish(digest);
}
