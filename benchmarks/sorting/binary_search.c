// SIZE look-ups among SIZE sorted keys by halving, by interpolation, and in a tree laid out by level. Checked: the
// three agree, and present keys are found where they are.
#include "common.h"

static uint32_t keys[SIZE + 1], tree[SIZE + 1], place[SIZE + 1];

// Each answers with the number of keys below `key`.
static uint32_t halving(uint32_t key) {
    uint32_t low = 0, high = SIZE;
    while (low < high) {
        const uint32_t middle = (low + high) / 2;
        if (keys[middle] < key)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static uint32_t interpolation(uint32_t key) {
    uint32_t low = 0, high = SIZE - 1;
    if (key <= keys[low])
        return 0;
    if (key > keys[high])
        return SIZE;
    while (high - low > 1) {  // keys[low] < key <= keys[high]
        uint32_t guess = low + (uint32_t)((uint64_t)(high - low) * (key - keys[low]) / (keys[high] - keys[low]));
        if (guess <= low)
            guess = low + 1;
        if (guess >= high)
            guess = high - 1;
        if (keys[guess] < key)
            low = guess;
        else
            high = guess;
    }
    return high;
}

static uint32_t lay_out(uint32_t node, uint32_t next) {
    if (node > SIZE)
        return next;
    next = lay_out(2 * node, next);
    tree[node] = keys[next];
    place[node] = next;
    return lay_out(2 * node + 1, next + 1);
}

static uint32_t by_level(uint32_t key) {
    uint32_t node = 1;
    while (node <= SIZE)
        node = 2 * node + (tree[node] < key);
    node >>= __builtin_ctz(~node) + 1;
    return node == 0 ? SIZE : place[node];
}

int main(void) {
    Random random = {25};
    uint32_t key = 0;
    for (int i = 0; i < SIZE; ++i)
        keys[i] = key += 1 + random_below(&random, 4000000000u / SIZE);
    lay_out(1, 0);
    uint64_t digest = 0;
    for (uint32_t i = 0; i < SIZE; ++i) {
        const uint32_t wanted = i % 2 ? keys[random_below(&random, SIZE)] : random_below(&random, 4100000000u);
        const uint32_t at = halving(wanted);
        require(at == interpolation(wanted) && at == by_level(wanted), "the searches disagree");
        require(i % 2 == 0 || keys[at] == wanted, "a present key was not found");
        digest = mix(digest, at);
    }
    return finish(digest);
}
