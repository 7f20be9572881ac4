// Matches by hash chains over SIZE bytes made of repeated phrases, and copies back. Checked: the text returns, and is
// less than half as long.
#include "common.h"

enum { kWindow = 32768, kHashes = 32768, kLongest = 66, kShortest = 3, kChain = 24 };
static uint8_t text[SIZE], packed[2 * SIZE], unpacked[SIZE];
static int32_t head[kHashes], previous[kWindow];

static uint32_t hash_at(int at) {
    return ((uint32_t)text[at] << 16 | (uint32_t)text[at + 1] << 8 | text[at + 2]) * 2654435761u >> 17;
}

static void remember(int at) {
    if (at + kShortest > SIZE)
        return;
    const uint32_t hash = hash_at(at);
    previous[at % kWindow] = head[hash];
    head[hash] = at;
}

static int match_at(int at, int* distance) {
    int longest = 0;
    if (at + kLongest > SIZE)
        return 0;
    int candidate = head[hash_at(at)];
    for (int tries = 0; tries < kChain && candidate >= 0 && at - candidate < kWindow; ++tries) {
        int length = 0;
        while (length < kLongest && text[candidate + length] == text[at + length])
            ++length;
        if (length > longest) {
            longest = length;
            *distance = at - candidate;
        }
        candidate = previous[candidate % kWindow];
    }
    return longest;
}

// A literal is a zero and the byte; a match is its length and two bytes of distance.
static int compress(void) {
    int out = 0;
    memset(head, -1, sizeof head);
    for (int at = 0; at < SIZE;) {
        int distance = 0, length = match_at(at, &distance);
        if (length < kShortest + 1) {
            packed[out++] = 0;
            packed[out++] = text[at];
            length = 1;
        } else {
            packed[out++] = (uint8_t)length;
            packed[out++] = (uint8_t)distance;
            packed[out++] = (uint8_t)(distance >> 8);
        }
        for (int i = 0; i < length; ++i)
            remember(at++);
    }
    return out;
}

static int decompress(int count) {
    int out = 0;
    for (int in = 0; in < count;) {
        const int length = packed[in++];
        if (length == 0) {
            unpacked[out++] = packed[in++];
            continue;
        }
        const int distance = packed[in] | packed[in + 1] << 8;
        in += 2;
        for (int i = 0; i < length; ++i, ++out)
            unpacked[out] = unpacked[out - distance];
    }
    return out;
}

int main(void) {
    Random random = {41};
    for (int at = 0; at < SIZE;) {
        const int length = 4 + (int)random_below(&random, 40);
        const int from = at < 256 ? -1 : (int)random_below(&random, (uint32_t)(at < 20000 ? at : 20000) - 100);
        for (int i = 0; i < length && at < SIZE; ++i, ++at)
            text[at] = from < 0 ? (uint8_t)(97 + random_below(&random, 20)) : text[at - from - 60];
    }
    const int count = compress();
    require(count < SIZE / 2, "the text is not half as long");
    require(decompress(count) == SIZE && memcmp(text, unpacked, SIZE) == 0, "the text does not return");
    uint64_t digest = (uint64_t)count;
    for (int i = 0; i < count; ++i)
        digest = mix(digest, packed[i]);
    return finish(digest);
}
