// AES-128 of SIZE blocks in chained mode and back (bytes, tables). Checked with the vector of FIPS 197, and: the text
// returns.
#include "common.h"

static uint8_t sbox[256], inverse_box[256], keys[11][16];

static uint8_t twice(uint8_t x) { return (uint8_t)(x << 1 ^ (x & 0x80 ? 0x1b : 0)); }

static uint8_t product(uint8_t x, uint8_t y) {
    uint8_t sum = 0;
    for (; y > 0; y >>= 1, x = twice(x))
        if (y & 1)
            sum ^= x;
    return sum;
}

static void make_boxes(void) {
    uint8_t power = 1, inverse = 1;
    do {
        power ^= twice(power);  // times 3
        inverse = product(inverse, 0xf6);
        uint8_t box = 0x63;
        for (int r = 0; r < 5; ++r)
            box ^= (uint8_t)(inverse << r | inverse >> (8 - r));
        sbox[power] = box;
        inverse_box[box] = power;
    } while (power != 1);
    sbox[0] = 0x63;
    inverse_box[0x63] = 0;
}

static void expand(const uint8_t* key) {
    uint8_t* w = keys[0];
    uint8_t constant = 1;
    memcpy(w, key, 16);
    for (int i = 16; i < 176; i += 4) {
        uint8_t t[4] = {w[i - 4], w[i - 3], w[i - 2], w[i - 1]};
        if (i % 16 == 0) {
            const uint8_t first = t[0];
            for (int k = 0; k < 4; ++k)
                t[k] = sbox[k < 3 ? t[k + 1] : first];
            t[0] ^= constant;
            constant = twice(constant);
        }
        for (int k = 0; k < 4; ++k)
            w[i + k] = w[i + k - 16] ^ t[k];
    }
}

static void add_key(uint8_t* s, int round) {
    for (int i = 0; i < 16; ++i)
        s[i] ^= keys[round][i];
}

static void encrypt(uint8_t* s) {
    uint8_t t[16];
    add_key(s, 0);
    for (int round = 1; round <= 10; ++round) {
        for (int i = 0; i < 16; ++i)
            t[i] = sbox[s[(i + 4 * (i % 4)) % 16]];
        for (int c = 0; c < 16; c += 4)
            for (int r = 0; r < 4; ++r) {
                const uint8_t a = t[c + r], b = t[c + (r + 1) % 4];
                s[c + r] = round == 10 ? a : twice(a) ^ twice(b) ^ b ^ t[c + (r + 2) % 4] ^ t[c + (r + 3) % 4];
            }
        add_key(s, round);
    }
}

static void decrypt(uint8_t* s) {
    static uint8_t times[4][256];
    static const uint8_t factors[4] = {14, 11, 13, 9};
    if (times[0][1] == 0)
        for (int f = 0; f < 4; ++f)
            for (int x = 0; x < 256; ++x)
                times[f][x] = product((uint8_t)x, factors[f]);
    uint8_t t[16];
    for (int round = 10; round >= 1; --round) {
        add_key(s, round);
        for (int c = 0; c < 16; c += 4)
            for (int r = 0; r < 4; ++r) {
                uint8_t sum = s[c + r];
                if (round < 10) {
                    sum = 0;
                    for (int k = 0; k < 4; ++k)
                        sum ^= times[k][s[c + (r + k) % 4]];
                }
                t[c + r] = sum;
            }
        for (int i = 0; i < 16; ++i)
            s[(i + 4 * (i % 4)) % 16] = inverse_box[t[i]];
    }
    add_key(s, 0);
}

int main(void) {
    uint8_t key[16], block[16], chain[16] = {0}, previous[16] = {0};
    make_boxes();
    for (int i = 0; i < 16; ++i) {
        key[i] = (uint8_t)i;
        block[i] = (uint8_t)(17 * i);
    }
    expand(key);
    encrypt(block);
    require(block[0] == 0x69 && block[1] == 0xc4 && block[15] == 0x5a, "the vector of FIPS 197");
    uint8_t* text = (uint8_t*)allocate(SIZE * 16);
    for (int i = 0; i < SIZE * 16; ++i)
        text[i] = (uint8_t)(i * i >> 3);
    for (int b = 0; b < SIZE * 16; b += 16) {
        for (int i = 0; i < 16; ++i)
            chain[i] ^= text[b + i];
        encrypt(chain);
        memcpy(text + b, chain, 16);
    }
    uint64_t digest = 0;
    for (int i = 0; i < 16; ++i)
        digest = mix(digest, chain[i]);
    for (int b = 0; b < SIZE * 16; b += 16) {
        memcpy(chain, text + b, 16);
        decrypt(text + b);
        for (int i = 0; i < 16; ++i)
            require((text[b + i] ^ previous[i]) == (uint8_t)((b + i) * (b + i) >> 3), "the text does not return");
        memcpy(previous, chain, 16);
    }
    free(text);
    return finish(digest);
}
