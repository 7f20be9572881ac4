// An interpreter of a language of eight signs on a tape of bytes, its loops matched beforehand, runs a program that
// writes the squares of 1 ... 15, SIZE times. Checked: the squares, against multiplication.
#include "common.h"

enum { kTape = 64, kLast = 15 };
// For each n counted down from the first cell: its square, by adding odd numbers, given out and kept.
static const char program[] =
    ">>+<<["       // cell 2: the next odd number; for each of the first cell
    ">>[->+>+<<]"  // cell 3 += odd, cell 4 = odd
    ">>[-<<+>>]"   // odd back from cell 4
    "<<++>."       // odd += 2; give out cell 3, the square
    "<<<-]";
static int match[sizeof program];

static void match_loops(void) {
    int stack[8], depth = 0;
    for (int at = 0; program[at] != 0; ++at)
        if (program[at] == '[') {
            stack[depth++] = at;
        } else if (program[at] == ']') {
            match[at] = stack[--depth];
            match[match[at]] = at;
        }
}

static uint64_t run(uint8_t* out, int* written) {
    uint8_t tape[kTape] = {kLast};
    int cell = 0;
    uint64_t steps = 0;
    for (int at = 0; program[at] != 0; ++at, ++steps)
        switch (program[at]) {
            case '>':
                ++cell;
                break;
            case '<':
                --cell;
                break;
            case '+':
                ++tape[cell];
                break;
            case '-':
                --tape[cell];
                break;
            case '.':
                out[(*written)++] = tape[cell];
                break;
            case '[':
                if (tape[cell] == 0)
                    at = match[at];
                break;
            case ']':
                if (tape[cell] != 0)
                    at = match[at];
                break;
        }
    return steps;
}

int main(void) {
    match_loops();
    uint64_t digest = 0;
    for (int round = 0; round < SIZE; ++round) {
        uint8_t out[kTape];
        int written = 0;
        digest = mix(digest, run(out, &written));
        require(written == kLast, "another number of squares");
        for (int n = 1; n <= kLast; ++n)
            require(out[n - 1] == n * n, "a number that is no square");
    }
    return finish(digest);
}
