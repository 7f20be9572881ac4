// Huffman coding of SIZE bytes of skewed text and decoding bit by bit. Checked: the text returns, and is shorter.
#include "common.h"

enum { kSymbols = 256 };
typedef struct {
    uint32_t weight;
    int16_t left, right;  // of inner nodes; symbols come first
} Node;

static uint8_t text[SIZE], packed[SIZE * 2];
static Node nodes[2 * kSymbols];
static uint64_t codes[kSymbols];
static uint8_t lengths[kSymbols];

static int lightest(const bool* taken, int count) {
    int best = -1;
    for (int i = 0; i < count; ++i)
        if (!taken[i] && nodes[i].weight > 0 && (best < 0 || nodes[i].weight < nodes[best].weight))
            best = i;
    return best;
}

// The root of the tree.
static int make_tree(void) {
    bool taken[2 * kSymbols] = {false};
    for (int i = 0; i < SIZE; ++i)
        ++nodes[text[i]].weight;
    int count = kSymbols;
    for (;;) {
        const int a = lightest(taken, count);
        taken[a] = true;
        const int b = lightest(taken, count);
        if (b < 0)
            return a;
        taken[b] = true;
        nodes[count++] = (Node){nodes[a].weight + nodes[b].weight, (int16_t)a, (int16_t)b};
    }
}

static void assign(int node, uint64_t code, int length) {
    if (node < kSymbols) {
        codes[node] = code;
        lengths[node] = (uint8_t)length;
        return;
    }
    assign(nodes[node].left, code << 1, length + 1);
    assign(nodes[node].right, code << 1 | 1, length + 1);
}

static uint32_t encode(void) {
    uint32_t at = 0;
    for (int i = 0; i < SIZE; ++i)
        for (int bit = lengths[text[i]] - 1; bit >= 0; --bit, ++at)
            packed[at / 8] |= (uint8_t)((codes[text[i]] >> bit & 1) << at % 8);
    return at;
}

int main(void) {
    Random random = {40};
    for (int i = 0; i < SIZE; ++i)
        text[i] = (uint8_t)(random_below(&random, 16) * random_below(&random, 16));
    const int root = make_tree();
    assign(root, 0, 0);
    const uint32_t bits = encode();
    require(bits / 8 < SIZE, "the code is not shorter");
    uint64_t digest = bits;
    uint32_t at = 0;
    for (int i = 0; i < SIZE; ++i) {
        int node = root;
        for (; node >= kSymbols; ++at)
            node = packed[at / 8] >> at % 8 & 1 ? nodes[node].right : nodes[node].left;
        require(node == text[i], "the text does not return");
        digest = mix(digest, (uint64_t)node);
    }
    require(at == bits, "bits are left over");
    return finish(digest);
}
