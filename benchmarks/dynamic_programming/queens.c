// Ways to place SIZE queens (recursion, bits and their counts). Checked with the
// known numbers.
#include "common.h"

static uint32_t deepest[33];

static uint32_t place(uint32_t columns, uint32_t left, uint32_t right) {
    const uint32_t full = (1u << SIZE) - 1;
    ++deepest[__builtin_popcount(columns)];
    if (columns == full)
        return 1;
    uint32_t count = 0;
    for (uint32_t open = full & ~(columns | left | right); open != 0; open &= open - 1) {
        const uint32_t queen = 1u << __builtin_ctz(open);
        count += place(columns | queen, (left | queen) << 1, (right | queen) >> 1);
    }
    return count;
}

int main(void) {
    static const uint32_t known[] = {1, 1, 0, 0, 2, 10, 4, 40, 92, 352, 724, 2680, 14200, 73712};
    const uint32_t count = place(0, 0, 0);
    require(count == known[SIZE], "the number of ways");
    uint64_t digest = 0;
    for (int i = 0; i <= SIZE; ++i)
        digest = mix(digest, deepest[i]);
    return finish(digest);
}
