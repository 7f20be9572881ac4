// Edit distance of two texts of SIZE letters by the whole table (8 and 16 bit loads), the edits, and them applied.
// Checked: the edits turn one text into the other, and are as many as the distance.
#include "common.h"

static uint8_t from[SIZE], to[2 * SIZE], result[2 * SIZE];
static uint16_t row[2 * SIZE + 1];
static uint8_t way[SIZE + 1][2 * SIZE + 1];  // 0 keep or replace, 1 delete, 2 insert
static int to_length;

static int least(int a, int b) { return a < b ? a : b; }

static int distance(void) {
    for (int j = 0; j <= to_length; ++j) {
        row[j] = (uint16_t)j;
        way[0][j] = 2;
    }
    for (int i = 1; i <= SIZE; ++i) {
        int diagonal = row[0];
        row[0] = (uint16_t)i;
        way[i][0] = 1;
        for (int j = 1; j <= to_length; ++j) {
            const int keep = diagonal + (from[i - 1] != to[j - 1]), drop = row[j] + 1, add = row[j - 1] + 1;
            diagonal = row[j];
            row[j] = (uint16_t)least(keep, least(drop, add));
            way[i][j] = row[j] == keep ? 0 : row[j] == drop ? 1 : 2;
        }
    }
    return row[to_length];
}

// Writes the result from its end; the number of edits.
static int apply_edits(void) {
    int i = SIZE, j = to_length, edits = 0, at = to_length;
    while (i > 0 || j > 0) {
        const uint8_t step = way[i][j];
        if (step == 0) {
            edits += from[i - 1] != to[j - 1];
            result[--at] = from[i - 1] == to[j - 1] ? from[i - 1] : to[j - 1];
        } else {
            ++edits;
            if (step == 2)
                result[--at] = to[j - 1];
        }
        i -= step != 2;
        j -= step != 1;
    }
    require(at == 0, "another length");
    return edits;
}

int main(void) {
    Random random = {72};
    for (int i = 0; i < SIZE; ++i) {
        from[i] = (uint8_t)('a' + random_below(&random, 4));
        const uint32_t change = random_below(&random, 10);
        if (change != 0)
            to[to_length++] = from[i];
        if (change == 1)
            to[to_length++] = (uint8_t)('a' + random_below(&random, 4));
    }
    const int edits = distance();
    require(edits <= SIZE / 2 && apply_edits() == edits, "the edits are not as many as the distance");
    require(memcmp(result, to, (size_t)to_length) == 0, "the edits do not lead to the text");
    return finish((uint64_t)edits);
}
