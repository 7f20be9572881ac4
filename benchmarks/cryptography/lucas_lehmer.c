// Lucas-Lehmer test of Mersenne numbers with exponents up to SIZE (multiplication of long numbers, i64). Checked with
// the exponents that are known to give primes.
#include "common.h"

enum { kLimbs = SIZE / 32 + 2 };
static uint32_t s[kLimbs], square[2 * kLimbs];

static void multiply(int limbs) {
    memset(square, 0, sizeof square);
    for (int i = 0; i < limbs; ++i) {
        uint64_t carry = 0;
        for (int j = 0; j < limbs; ++j) {
            carry += (uint64_t)s[i] * s[j] + square[i + j];
            square[i + j] = (uint32_t)carry;
            carry >>= 32;
        }
        square[i + limbs] = (uint32_t)carry;
    }
}

static uint32_t bits_from(int bit) {
    const uint64_t pair = (uint64_t)square[bit / 32 + 1] << 32 | square[bit / 32];
    return (uint32_t)(pair >> bit % 32);
}

// s = square mod 2^p - 1: the high bits are added to the low ones; then less two.
static void reduce(int p, int limbs) {
    const uint32_t mask = p % 32 == 0 ? 0xffffffffu : (1u << p % 32) - 1;
    int64_t carry = -2;
    for (int i = 0; i < limbs; ++i) {
        const bool top = i == limbs - 1;
        const uint32_t high = bits_from(p + 32 * i);
        carry += (int64_t)(top ? square[i] & mask : square[i]) + (top ? high & mask : high);
        s[i] = (uint32_t)carry;
        carry >>= 32;
    }
    for (int round = 0; round < 2; ++round) {
        carry = carry << 32 | s[limbs - 1];
        s[limbs - 1] = (uint32_t)carry & mask;
        carry = p % 32 == 0 ? carry >> 32 : carry >> p % 32;
        for (int i = 0; i < limbs && carry != 0; ++i) {
            carry += s[i];
            s[i] = (uint32_t)carry;
            carry >>= 32;
        }
    }
}

static bool is_zero(int p, int limbs) {
    const uint32_t mask = p % 32 == 0 ? 0xffffffffu : (1u << p % 32) - 1;
    bool zero = true, ones = true;
    for (int i = 0; i < limbs; ++i) {
        zero = zero && s[i] == 0;
        ones = ones && s[i] == (i == limbs - 1 ? mask : 0xffffffffu);
    }
    return zero || ones;
}

static bool is_mersenne_prime(int p) {
    const int limbs = (p + 31) / 32;
    memset(s, 0, sizeof s);
    s[0] = 4;
    for (int i = 0; i < p - 2; ++i) {
        multiply(limbs);
        reduce(p, limbs);
    }
    return is_zero(p, limbs);
}

int main(void) {
    static const int known[] = {3, 5, 7, 13, 17, 19, 31, 61, 89, 107, 127, 521, 607, 1279, 2203, 2281};
    size_t next = 0;
    uint64_t digest = 0;
    for (int p = 3; p <= SIZE; p += 2) {
        bool prime = true;
        for (int d = 3; d * d <= p; d += 2)
            prime = prime && p % d != 0;
        if (!prime)
            continue;
        const bool expected = next < COUNT_OF(known) && known[next] == p;
        require(is_mersenne_prime(p) == expected, "not the known exponents");
        digest = mix(digest, s[0]);
        next += expected;
    }
    return finish(digest);
}
