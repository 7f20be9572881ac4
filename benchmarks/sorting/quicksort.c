// Quicksort of SIZE 32-bit integers (recursion, unpredictable branches). Checked: sorted, and the same numbers.
#include "common.h"

static int32_t x[SIZE];

static void insertion(int32_t* a, int n) {
    for (int i = 1; i < n; ++i) {
        const int32_t value = a[i];
        int j = i;
        for (; j > 0 && a[j - 1] > value; --j)
            a[j] = a[j - 1];
        a[j] = value;
    }
}

static int32_t median(int32_t a, int32_t b, int32_t c) {
    if (a > b)
        return a < c ? a : b > c ? b : c;
    return b < c ? b : a > c ? a : c;
}

static void sort(int32_t* a, int n) {
    if (n <= 12) {
        insertion(a, n);
        return;
    }
    const int32_t pivot = median(a[0], a[n / 2], a[n - 1]);
    int i = 0, j = n - 1;
    while (i <= j) {
        while (a[i] < pivot)
            ++i;
        while (a[j] > pivot)
            --j;
        if (i <= j) {
            const int32_t t = a[i];
            a[i++] = a[j];
            a[j--] = t;
        }
    }
    sort(a, j + 1);
    sort(a + i, n - i);
}

int main(void) {
    Random random = {20};
    uint64_t before = 0, after = 0, digest = 0;
    for (int i = 0; i < SIZE; ++i) {
        x[i] = (int32_t)random_next(&random);
        before += mix(1, (uint64_t)x[i]);
    }
    sort(x, SIZE);
    for (int i = 0; i < SIZE; ++i) {
        require(i == 0 || x[i - 1] <= x[i], "not sorted");
        after += mix(1, (uint64_t)x[i]);
        digest = mix(digest, (uint64_t)x[i]);
    }
    require(before == after, "not the numbers that were given");
    return finish(digest);
}
