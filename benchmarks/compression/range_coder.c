// Adaptive binary range coder of order one over SIZE bytes (i32 products, data-dependent). Checked: the text returns.
#include "common.h"

static uint8_t text[SIZE], packed[SIZE + SIZE / 2 + 16];
static uint16_t odds[256][256];

static void reset(void) {
    for (int i = 0; i < 256; ++i)
        for (int j = 0; j < 256; ++j)
            odds[i][j] = 2048;
}

static void adapt(uint16_t* odd, bool bit) {
    *odd = (uint16_t)(bit ? *odd + ((4096 - *odd) >> 5) : *odd - (*odd >> 5));
}

static uint32_t split(uint32_t low, uint32_t high, uint16_t odd) {
    const uint32_t range = high - low;
    return low + (range >> 12) * odd + ((range & 4095) * odd >> 12);
}

static uint32_t encode(void) {
    uint32_t low = 0, high = 0xffffffffu, out = 0;
    for (int i = 0; i < SIZE; ++i) {
        uint16_t* context = odds[i == 0 ? 0 : text[i - 1]];
        for (int node = 1, bit = 7; bit >= 0; --bit) {
            const bool one = text[i] >> bit & 1;
            const uint32_t middle = split(low, high, context[node]);
            if (one)
                high = middle;
            else
                low = middle + 1;
            adapt(&context[node], one);
            node = 2 * node + one;
            for (; (low ^ high) >> 24 == 0; low <<= 8, high = high << 8 | 255)
                packed[out++] = (uint8_t)(high >> 24);
        }
    }
    for (int i = 0; i < 4; ++i, low <<= 8)
        packed[out++] = (uint8_t)(low >> 24);
    return out;
}

static uint64_t decode(void) {
    uint32_t low = 0, high = 0xffffffffu, code = 0, in = 0;
    uint64_t digest = 0;
    uint8_t before = 0;
    for (int i = 0; i < 4; ++i)
        code = code << 8 | packed[in++];
    for (int i = 0; i < SIZE; ++i) {
        uint16_t* context = odds[before];
        int node = 1;
        while (node < 256) {
            const uint32_t middle = split(low, high, context[node]);
            const bool one = code <= middle;
            if (one)
                high = middle;
            else
                low = middle + 1;
            adapt(&context[node], one);
            node = 2 * node + one;
            for (; (low ^ high) >> 24 == 0; low <<= 8, high = high << 8 | 255)
                code = code << 8 | packed[in++];
        }
        before = (uint8_t)node;
        require(before == text[i], "the text does not return");
        digest = mix(digest, before);
    }
    return digest;
}

int main(void) {
    Random random = {42};
    for (int i = 0; i < SIZE; ++i)
        text[i] =
            (uint8_t)(i > 0 && random_below(&random, 4) != 0 ? text[i - 1] * 5 + 1 : (int)random_below(&random, 256));
    reset();
    const uint32_t count = encode();
    require(count < SIZE * 9 / 10, "the code is not shorter");
    reset();
    return finish(mix(decode(), count));
}
