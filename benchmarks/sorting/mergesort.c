// Bottom-up merge sort of SIZE records of 16 bytes by a key with many ties. Checked: sorted and stable.
#include "common.h"

typedef struct {
    uint32_t key, place;
    double load;
} Record;

static void merge(const Record* a, int count_a, const Record* b, int count_b, Record* out) {
    while (count_a > 0 && count_b > 0) {
        if (b->key < a->key) {
            *out++ = *b++;
            --count_b;
        } else {
            *out++ = *a++;
            --count_a;
        }
    }
    memcpy(out, a, (size_t)count_a * sizeof(Record));
    memcpy(out + count_a, b, (size_t)count_b * sizeof(Record));
}

static int least(int a, int b) { return a < b ? a : b; }

int main(void) {
    Record* now = (Record*)allocate(SIZE * sizeof(Record));
    Record* next = (Record*)allocate(SIZE * sizeof(Record));
    Random random = {21};
    for (int i = 0; i < SIZE; ++i)
        now[i] = (Record){random_below(&random, SIZE / 4), (uint32_t)i, random_unit(&random)};
    for (int run = 1; run < SIZE; run *= 2) {
        for (int at = 0; at < SIZE; at += 2 * run) {
            const int middle = least(at + run, SIZE), end = least(at + 2 * run, SIZE);
            merge(now + at, middle - at, now + middle, end - middle, next + at);
        }
        Record* t = now;
        now = next;
        next = t;
    }
    uint64_t digest = 0;
    for (int i = 0; i < SIZE; ++i) {
        digest = mix(digest, now[i].place);
        if (i == 0)
            continue;
        require(now[i - 1].key <= now[i].key, "not sorted");
        require(now[i - 1].key < now[i].key || now[i - 1].place < now[i].place, "not stable");
    }
    free(now);
    free(next);
    return finish(digest);
}
