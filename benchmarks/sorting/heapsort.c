// Heap sort of SIZE values (f64 comparisons). Checked: sorted, and the sum in 64-bit integers stays.
#include "common.h"

static double x[SIZE];

static void sift(int root, int count) {
    const double value = x[root];
    for (int child = 2 * root + 1; child < count; child = 2 * root + 1) {
        if (child + 1 < count && x[child + 1] > x[child])
            ++child;
        if (x[child] <= value)
            break;
        x[root] = x[child];
        root = child;
    }
    x[root] = value;
}

int main(void) {
    Random random = {23};
    int64_t before = 0, after = 0;
    for (int i = 0; i < SIZE; ++i) {
        x[i] = 1e9 * random_unit(&random);
        before += (int64_t)x[i];
    }
    for (int i = SIZE / 2; i-- > 0;)
        sift(i, SIZE);
    for (int count = SIZE - 1; count > 0; --count) {
        const double last = x[count];
        x[count] = x[0];
        x[0] = last;
        sift(0, count);
    }
    uint64_t digest = 0;
    for (int i = 0; i < SIZE; ++i) {
        require(i == 0 || x[i - 1] <= x[i], "not sorted");
        after += (int64_t)x[i];
        digest = mix(digest, (uint64_t)x[i]);
    }
    require(before == after, "not the values that were given");
    return finish(digest);
}
