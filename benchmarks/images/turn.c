// Turns a SIZE x SIZE picture by 90 degrees four times and by shears (i32 moves, strided loads), with a histogram.
// Checked: the picture returns, the histogram stays.
#include "common.h"

static uint32_t picture[SIZE][SIZE], start[SIZE][SIZE], spare[SIZE][SIZE];

static void turn(void) {
    for (int i = 0; i < SIZE; ++i)
        for (int j = 0; j < SIZE; ++j)
            spare[j][SIZE - 1 - i] = picture[i][j];
    memcpy(picture, spare, sizeof picture);
}

static void shear(int by) {
    for (int i = 0; i < SIZE; ++i) {
        const int shift = ((i * by) % SIZE + SIZE) % SIZE;
        memcpy(spare[i] + shift, picture[i], (size_t)(SIZE - shift) * 4);
        memcpy(spare[i], picture[i] + (SIZE - shift), (size_t)shift * 4);
    }
    memcpy(picture, spare, sizeof picture);
}

static void count_colours(uint32_t (*histogram)[256]) {
    memset(histogram, 0, 4 * sizeof *histogram);
    for (int i = 0; i < SIZE; ++i)
        for (int j = 0; j < SIZE; ++j)
            for (int c = 0; c < 4; ++c)
                ++histogram[c][picture[i][j] >> 8 * c & 255];
}

int main(void) {
    static uint32_t before[4][256], after[4][256];
    Random random = {81};
    for (int i = 0; i < SIZE; ++i)
        for (int j = 0; j < SIZE; ++j)
            start[i][j] = picture[i][j] = (uint32_t)random_next(&random);
    count_colours(before);
    uint64_t digest = 0;
    for (int round = 1; round <= 6; ++round) {
        turn();
        shear(round);
        turn();
        shear(-3 * round);
        count_colours(after);
        require(memcmp(before, after, sizeof before) == 0, "the histogram changed");
        digest = mix(digest, picture[round][2 * round]);
        shear(3 * round);
        for (int quarter = 0; quarter < 3; ++quarter)
            turn();
        shear(-round);
        for (int quarter = 0; quarter < 3; ++quarter)
            turn();
    }
    require(memcmp(picture, start, sizeof start) == 0, "the picture does not return");
    return finish(digest);
}
