// ChaCha20 over SIZE blocks of 64 bytes, twice (i32 additions and rotates). Checked with the block of RFC 8439, and:
// the text returns.
#include "common.h"

static uint32_t rotate(uint32_t x, int n) { return x << n | x >> (32 - n); }

static void quarter(uint32_t* s, int a, int b, int c, int d) {
    s[a] += s[b];
    s[d] = rotate(s[d] ^ s[a], 16);
    s[c] += s[d];
    s[b] = rotate(s[b] ^ s[c], 12);
    s[a] += s[b];
    s[d] = rotate(s[d] ^ s[a], 8);
    s[c] += s[d];
    s[b] = rotate(s[b] ^ s[c], 7);
}

static void block(const uint32_t* in, uint32_t* out) {
    uint32_t s[16];
    memcpy(s, in, sizeof s);
    for (int round = 0; round < 10; ++round) {
        for (int i = 0; i < 4; ++i)
            quarter(s, i, i + 4, i + 8, i + 12);
        for (int i = 0; i < 4; ++i)
            quarter(s, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4);
    }
    for (int i = 0; i < 16; ++i)
        out[i] = s[i] + in[i];
}

static void make_key(uint32_t* state, uint32_t counter) {
    static const uint32_t words[4] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
    memcpy(state, words, sizeof words);
    for (uint32_t i = 0; i < 8; ++i)
        state[4 + i] = 0x03020100 + 0x04040404 * i;
    state[12] = counter;
    state[13] = 0x09000000;
    state[14] = 0x4a000000;
    state[15] = 0;
}

static void crypt(uint32_t* text) {
    uint32_t state[16], stream[16];
    make_key(state, 0);
    for (int b = 0; b < SIZE; ++b) {
        block(state, stream);
        for (int i = 0; i < 16; ++i)
            text[16 * b + i] ^= stream[i];
        ++state[12];
    }
}

int main(void) {
    uint32_t state[16], stream[16];
    make_key(state, 1);
    block(state, stream);
    require(stream[0] == 0xe4e7f110 && stream[15] == 0x4e3c50a2, "the block of RFC 8439");
    uint32_t* text = (uint32_t*)allocate(SIZE * 64);
    for (uint32_t i = 0; i < SIZE * 16; ++i)
        text[i] = i;
    crypt(text);
    uint64_t digest = 0;
    for (uint32_t i = 0; i < SIZE * 16; ++i)
        digest = mix(digest, text[i]);
    crypt(text);
    for (uint32_t i = 0; i < SIZE * 16; ++i)
        require(text[i] == i, "the text does not return");
    free(text);
    return finish(digest);
}
