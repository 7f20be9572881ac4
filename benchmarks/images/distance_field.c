// Exact squared distances to the nearest of some marks on a SIZE x SIZE grid by lower envelopes of parabolas (i32
// division, branches). Checked directly at samples.
#include "common.h"

enum { kMarks = 200, kFar = 1 << 24 };
static int32_t field[SIZE][SIZE], marks[kMarks][2];

static int32_t floor_division(int32_t a, int32_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }

static void transform(int32_t* values, int stride) {
    static int32_t in[SIZE], peak[SIZE], from[SIZE + 1];
    int count = 0;
    for (int q = 0; q < SIZE; ++q) {
        in[q] = values[q * stride];
        int32_t start = 0;
        while (count > 0) {
            const int32_t p = peak[count - 1];
            start = floor_division(in[q] + q * q - in[p] - p * p, 2 * (q - p)) + 1;
            if (start > from[count - 1])
                break;
            --count;
        }
        if (count == 0)
            start = 0;
        if (start >= SIZE)
            continue;
        peak[count] = q;
        from[count++] = start;
    }
    for (int q = 0, k = 0; q < SIZE; ++q) {
        while (k + 1 < count && from[k + 1] <= q)
            ++k;
        const int32_t d = q - peak[k];
        values[q * stride] = in[peak[k]] + d * d;
    }
}

int main(void) {
    Random random = {82};
    for (int i = 0; i < SIZE; ++i)
        for (int j = 0; j < SIZE; ++j)
            field[i][j] = kFar;
    for (int m = 0; m < kMarks; ++m) {
        for (int k = 0; k < 2; ++k)
            marks[m][k] = (int32_t)random_below(&random, SIZE);
        field[marks[m][0]][marks[m][1]] = 0;
    }
    for (int j = 0; j < SIZE; ++j)
        transform(&field[0][j], SIZE);
    for (int i = 0; i < SIZE; ++i)
        transform(field[i], 1);
    uint64_t digest = 0;
    for (int sample = 0; sample < 1000; ++sample) {
        const int i = (int)random_below(&random, SIZE), j = (int)random_below(&random, SIZE);
        int32_t nearest = kFar;
        for (int m = 0; m < kMarks; ++m) {
            const int32_t di = marks[m][0] - i, dj = marks[m][1] - j, d = di * di + dj * dj;
            nearest = d < nearest ? d : nearest;
        }
        require(nearest == field[i][j], "not the distance of the nearest mark");
        digest = mix(digest, (uint64_t)nearest);
    }
    return finish(digest);
}
