// SHA-256 of 1000 * SIZE letters (i32 rotates). Checked with the digest of "abc" and, where there are a million
// letters, of those; else that feeding in pieces gives the same.
#include "common.h"

typedef struct {
    uint32_t state[8];
    uint8_t block[64];
    uint64_t length;
} Sha256;

static uint32_t constants[64];

static uint32_t rotate(uint32_t x, int n) { return x >> n | x << (32 - n); }

// The first 32 bits of the fractions of the cube roots of the first 64 primes, and square roots for the start.
static uint32_t fraction_of_root(int prime, double root) {
    (void)prime;
    return (uint32_t)((root - floor(root)) * 4294967296.0);
}

static void start(Sha256* sha) {
    int count = 0;
    for (int n = 2; count < 64; ++n) {
        bool prime = true;
        for (int d = 2; d * d <= n; ++d)
            prime = prime && n % d != 0;
        if (!prime)
            continue;
        if (count < 8)
            sha->state[count] = fraction_of_root(n, sqrt(n));
        constants[count++] = fraction_of_root(n, cbrt(n));
    }
    sha->length = 0;
}

static void compress(Sha256* sha) {
    uint32_t w[64], s[8];
    for (int i = 0; i < 16; ++i)
        w[i] = (uint32_t)sha->block[4 * i] << 24 | (uint32_t)sha->block[4 * i + 1] << 16 |
               (uint32_t)sha->block[4 * i + 2] << 8 | sha->block[4 * i + 3];
    for (int i = 16; i < 64; ++i) {
        const uint32_t a = w[i - 15], b = w[i - 2];
        w[i] =
            w[i - 16] + (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) + w[i - 7] + (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
    }
    memcpy(s, sha->state, sizeof s);
    for (int i = 0; i < 64; ++i) {
        const uint32_t e = s[4], a = s[0];
        const uint32_t t1 =
            s[7] + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & s[5]) ^ (~e & s[6])) + constants[i] + w[i];
        const uint32_t t2 = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]));
        memmove(s + 1, s, 7 * sizeof s[0]);
        s[4] += t1;
        s[0] = t1 + t2;
    }
    for (int i = 0; i < 8; ++i)
        sha->state[i] += s[i];
}

static void feed(Sha256* sha, const uint8_t* data, size_t count) {
    for (size_t i = 0; i < count; ++i) {
        sha->block[sha->length++ % 64] = data[i];
        if (sha->length % 64 == 0)
            compress(sha);
    }
}

static uint64_t finish_digest(Sha256* sha) {
    const uint64_t bits = sha->length * 8;
    const uint8_t one = 0x80, zero = 0;
    feed(sha, &one, 1);
    while (sha->length % 64 != 56)
        feed(sha, &zero, 1);
    for (int i = 7; i >= 0; --i) {
        const uint8_t byte = (uint8_t)(bits >> 8 * i);
        feed(sha, &byte, 1);
    }
    return (uint64_t)sha->state[0] << 32 | sha->state[7];
}

static uint64_t digest_of_letters(size_t pieces, size_t length) {
    static uint8_t letters[1000];
    memset(letters, 'a', sizeof letters);
    Sha256 sha;
    start(&sha);
    for (size_t i = 0; i < pieces; ++i)
        feed(&sha, letters, length);
    return finish_digest(&sha);
}

int main(void) {
    Sha256 sha;
    start(&sha);
    feed(&sha, (const uint8_t*)"abc", 3);
    require(finish_digest(&sha) == 0xba7816bff20015adu, "the digest of \"abc\"");
    const uint64_t digest = digest_of_letters(SIZE, 1000);
    require(SIZE != 1000 || digest == 0xcdc76e5cc7112cd0u, "the digest of a million letters");
    require(SIZE > 100 || digest == digest_of_letters((size_t)SIZE * 8, 125), "pieces of another length");
    return finish(digest);
}
