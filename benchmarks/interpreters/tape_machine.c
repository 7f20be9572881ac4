// A machine of a tape and eight instructions, its loops matched beforehand (unpredictable switch): the triangular
// number of SIZE by counting. Checked with the closed form.
#include "common.h"

// Cells: what is left of SIZE, k, the sum, a copy of k.
static const char program[] = ",[->+[->+>+<<]>>[-<<+>>]<<<]>>.";

static uint32_t partner[sizeof program];

static void match_loops(void) {
    uint32_t open[16];
    int depth = 0;
    for (uint32_t i = 0; program[i] != 0; ++i) {
        if (program[i] == '[')
            open[depth++] = i;
        if (program[i] != ']')
            continue;
        partner[i] = open[--depth];
        partner[partner[i]] = i;
    }
    require(depth == 0, "a loop without an end");
}

static uint32_t run(uint32_t input, uint64_t* steps) {
    static uint32_t tape[64];
    uint32_t* cell = tape;
    uint32_t output = 0;
    for (uint32_t at = 0; program[at] != 0; ++at, ++*steps) {
        switch (program[at]) {
            case '+':
                ++*cell;
                break;
            case '-':
                --*cell;
                break;
            case '<':
                --cell;
                break;
            case '>':
                ++cell;
                break;
            case '[':
                at = *cell == 0 ? partner[at] : at;
                break;
            case ']':
                at = *cell != 0 ? partner[at] : at;
                break;
            case ',':
                *cell = input;
                break;
            case '.':
                output = *cell;
                break;
        }
    }
    return output;
}

int main(void) {
    uint64_t steps = 0;
    match_loops();
    const uint32_t sum = run(SIZE, &steps);
    require(sum == (uint64_t)SIZE * (SIZE + 1) / 2, "the triangular number");
    return finish(mix(sum, steps));
}
