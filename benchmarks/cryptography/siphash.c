// SipHash-2-4 of SIZE short keys, kept in an open hash table (i64 rotates, scattered loads). Checked with the published
// vector, and: each key is found, others are not.
#include "common.h"

enum { kSlots = 2 * SIZE };
static uint64_t slots[kSlots];

static uint64_t rotate(uint64_t x, int n) { return x << n | x >> (64 - n); }

static void sip_round(uint64_t* v) {
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] = rotate(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] = rotate(v[2], 32);
}

static uint64_t siphash(const uint8_t* data, size_t count) {
    const uint64_t k0 = 0x0706050403020100u, k1 = 0x0f0e0d0c0b0a0908u;
    uint64_t v[4] = {k0 ^ 0x736f6d6570736575u, k1 ^ 0x646f72616e646f6du, k0 ^ 0x6c7967656e657261u,
                     k1 ^ 0x7465646279746573u};
    uint64_t word = 0;
    for (size_t i = 0; i < (count | 7) + 1; ++i) {
        const uint8_t byte = i < count ? data[i] : (i & 7) == 7 ? (uint8_t)count : 0;
        word |= (uint64_t)byte << (i % 8 * 8);
        if (i % 8 != 7)
            continue;
        v[3] ^= word;
        sip_round(v);
        sip_round(v);
        v[0] ^= word;
        word = 0;
    }
    v[2] ^= 0xff;
    for (int i = 0; i < 4; ++i)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static uint64_t key_hash(uint32_t number) {
    char text[24];
    size_t count = 4;
    memcpy(text, "key-", 4);
    for (; number > 0; number /= 10)
        text[count++] = (char)('0' + number % 10);
    return siphash((const uint8_t*)text, count) | 1;
}

// Where the hash is, or the free slot where it would go.
static uint32_t slot_of(uint64_t hash) {
    uint32_t at = (uint32_t)((hash >> 32) * kSlots >> 32);
    while (slots[at] != 0 && slots[at] != hash)
        at = at + 1 == kSlots ? 0 : at + 1;
    return at;
}

int main(void) {
    uint8_t counting[15];
    for (int i = 0; i < 15; ++i)
        counting[i] = (uint8_t)i;
    require(siphash(counting, 15) == 0xa129ca6149be45e5u, "the published vector");
    uint64_t digest = 0;
    for (uint32_t i = 0; i < SIZE; ++i) {
        const uint64_t hash = key_hash(3 * i);
        slots[slot_of(hash)] = hash;
        digest = mix(digest, hash);
    }
    for (uint32_t i = 0; i < 3 * SIZE; ++i)
        require((slots[slot_of(key_hash(i))] != 0) == (i % 3 == 0), "a key is missing or was never put in");
    return finish(digest);
}
