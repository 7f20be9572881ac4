// Best load of SIZE pieces (i32 table). Checked by taking the pieces of the answer together again, and by a lower
// bound.
#include "common.h"

enum { kRoom = SIZE * 20 };
static uint32_t value[SIZE], weight[SIZE], best[kRoom + 1];
static uint8_t taken[SIZE][kRoom / 8 + 1];

static uint32_t greedy(void) {
    uint32_t room = kRoom, total = 0;
    for (int ratio = 64; ratio >= 0; --ratio)
        for (int i = 0; i < SIZE; ++i)
            if ((int)(value[i] / weight[i]) == ratio && weight[i] <= room) {
                room -= weight[i];
                total += value[i];
            }
    return total;
}

int main(void) {
    Random random = {71};
    for (int i = 0; i < SIZE; ++i) {
        weight[i] = 16 + random_below(&random, 64);
        value[i] = 1 + random_below(&random, 1000);
    }
    for (int i = 0; i < SIZE; ++i)
        for (uint32_t room = kRoom; room >= weight[i]; --room) {
            const uint32_t with = best[room - weight[i]] + value[i];
            if (with <= best[room])
                continue;
            best[room] = with;
            taken[i][room / 8] |= (uint8_t)(1 << room % 8);
        }
    uint32_t room = kRoom, total = 0;
    uint64_t digest = 0;
    for (int i = SIZE - 1; i >= 0; --i) {
        if (!(taken[i][room / 8] >> room % 8 & 1))
            continue;
        require(weight[i] <= room, "the pieces are too heavy");
        room -= weight[i];
        total += value[i];
        digest = mix(digest, (uint64_t)i);
    }
    require(total == best[kRoom], "the pieces are worth something else");
    require(total >= greedy(), "a simple choice is better");
    return finish(mix(digest, total));
}
