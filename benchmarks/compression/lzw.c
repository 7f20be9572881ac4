// LZW with codes of 16 bits over SIZE bytes, its dictionary in a trie. Checked: the text returns.
#include "common.h"

enum { kCodes = 65536 };
typedef struct {
    uint16_t child, sibling, parent;
    uint8_t letter;
} Entry;

static Entry entries[kCodes];
static uint8_t text[SIZE];
static uint16_t codes[SIZE];

static void reset(void) {
    memset(entries, 0, sizeof entries);
    for (int i = 0; i < 256; ++i)
        entries[i].letter = (uint8_t)i;
}

// Code 0 cannot be a child, so that it stands for none.
static uint16_t child_of(uint16_t code, uint8_t letter) {
    uint16_t child = entries[code].child;
    while (child != 0 && entries[child].letter != letter)
        child = entries[child].sibling;
    return child;
}

static int encode(void) {
    int count = 0, used = 256;
    uint16_t code = text[0];
    for (int i = 1; i < SIZE; ++i) {
        const uint16_t child = child_of(code, text[i]);
        if (child != 0) {
            code = child;
            continue;
        }
        codes[count++] = code;
        if (used < kCodes) {
            entries[used] = (Entry){0, entries[code].child, code, text[i]};
            entries[code].child = (uint16_t)used++;
        }
        code = text[i];
    }
    codes[count++] = code;
    return count;
}

static uint8_t first_letter(int code) {
    while (code >= 256)
        code = entries[code].parent;
    return entries[code].letter;
}

static int length_of(int code) {
    int length = 1;
    for (; code >= 256; ++length)
        code = entries[code].parent;
    return length;
}

static void decode(int count, uint8_t* out) {
    int used = 256, at = 0;
    for (int i = 0; i < count; ++i) {
        if (i > 0 && used < kCodes) {
            const uint16_t before = codes[i - 1];
            entries[used] = (Entry){0, 0, before, first_letter(codes[i] == used ? before : codes[i])};
            ++used;
        }
        const int length = length_of(codes[i]);
        int code = codes[i];
        for (int k = length - 1; k >= 0; --k, code = entries[code].parent)
            out[at + k] = entries[code].letter;
        at += length;
    }
    require(at == SIZE, "another length");
}

int main(void) {
    static uint8_t back[SIZE];
    Random random = {44};
    for (int i = 0; i < SIZE; ++i)
        text[i] = (uint8_t)(i >= 40 && random_below(&random, 8) ? text[i - 40] : 97 + random_below(&random, 8));
    reset();
    const int count = encode();
    require(count < SIZE / 2, "the codes are not half as many");
    reset();
    decode(count, back);
    require(memcmp(text, back, SIZE) == 0, "the text does not return");
    return finish(mix((uint64_t)count, codes[count / 2]));
}
