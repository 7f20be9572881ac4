// Game of Life on a 256 x 256 torus, 64 cells a word (bitwise i64, rotates), 4 * SIZE generations of gliders. Checked:
// they moved by SIZE cells down and to the right, and nothing else is there.
#include "common.h"

enum { kEdge = 256, kWords = kEdge / 64 };
typedef uint64_t Grid[kEdge][kWords];
static Grid now, next;

static void set(Grid grid, int row, int col) {
    row &= kEdge - 1;
    col &= kEdge - 1;
    grid[row][col / 64] |= (uint64_t)1 << (col % 64);
}

static void place_gliders(Grid grid, int shift) {
    static const int cells[5][2] = {{0, 1}, {1, 2}, {2, 0}, {2, 1}, {2, 2}};
    for (int row = 0; row < kEdge; row += 16)
        for (int col = 0; col < kEdge; col += 16)
            for (int c = 0; c < 5; ++c)
                set(grid, row + cells[c][0] + shift, col + cells[c][1] + shift);
}

// Adds one bit to each of 64 two-bit counters that saturate above three.
static void count(uint64_t bits, uint64_t* ones, uint64_t* twos, uint64_t* fours) {
    const uint64_t carry = *ones & bits;
    *ones ^= bits;
    *fours |= *twos & carry;
    *twos ^= carry;
}

static void count_row(const uint64_t* row, int w, bool middle, uint64_t* ones, uint64_t* twos, uint64_t* fours) {
    const uint64_t here = row[w], before = row[(w + kWords - 1) % kWords], after = row[(w + 1) % kWords];
    count(here << 1 | before >> 63, ones, twos, fours);
    count(here >> 1 | after << 63, ones, twos, fours);
    if (!middle)
        count(here, ones, twos, fours);
}

static void step(Grid from, Grid to) {
    for (int i = 0; i < kEdge; ++i)
        for (int w = 0; w < kWords; ++w) {
            uint64_t ones = 0, twos = 0, fours = 0;
            count_row(from[(i + kEdge - 1) % kEdge], w, false, &ones, &twos, &fours);
            count_row(from[i], w, true, &ones, &twos, &fours);
            count_row(from[(i + 1) % kEdge], w, false, &ones, &twos, &fours);
            to[i][w] = ~fours & twos & (ones | from[i][w]);
        }
}

int main(void) {
    static Grid expected;
    place_gliders(now, 0);
    for (int t = 0; t < SIZE; ++t) {
        step(now, next);
        step(next, now);
        step(now, next);
        step(next, now);
    }
    place_gliders(expected, SIZE);
    require(memcmp(now, expected, sizeof now) == 0, "the gliders are not where they should be");
    uint64_t digest = 0;
    for (int i = 0; i < kEdge; ++i)
        for (int w = 0; w < kWords; ++w)
            digest = mix(digest, now[i][w]);
    return finish(digest);
}
