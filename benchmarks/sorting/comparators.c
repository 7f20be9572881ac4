// Sorts SIZE points with the library's qsort by five orders in turn (indirect calls). Checked by each order.
#include "common.h"

typedef struct {
    int32_t x, y;
    float weight;
    uint32_t id;
} Point;
typedef int (*Order)(const void*, const void*);

static Point points[SIZE];

static int sign(int64_t value) { return (value > 0) - (value < 0); }
static int by_id(const Point* a, const Point* b) { return sign((int64_t)a->id - b->id); }
static int64_t radius(const Point* p) { return (int64_t)p->x * p->x + (int64_t)p->y * p->y; }

// Equal points go by their number: libraries differ in how they leave equals.
static int by(int64_t difference, const Point* a, const Point* b) {
    return difference ? sign(difference) : by_id(a, b);
}
static int by_x(const void* a, const void* b) {
    return by((int64_t)((const Point*)a)->x - ((const Point*)b)->x, (const Point*)a, (const Point*)b);
}
static int by_y(const void* a, const void* b) {
    return by((int64_t)((const Point*)b)->y - ((const Point*)a)->y, (const Point*)a, (const Point*)b);
}
static int by_weight(const void* a, const void* b) {
    const float x = ((const Point*)a)->weight, y = ((const Point*)b)->weight;
    return by((x > y) - (x < y), (const Point*)a, (const Point*)b);
}
static int by_radius(const void* a, const void* b) {
    return by(radius((const Point*)a) - radius((const Point*)b), (const Point*)a, (const Point*)b);
}
static int by_number(const void* a, const void* b) { return by_id((const Point*)a, (const Point*)b); }

int main(void) {
    static const Order orders[] = {by_x, by_y, by_weight, by_radius, by_number};
    Random random = {24};
    for (uint32_t i = 0; i < SIZE; ++i)
        points[i] = (Point){(int32_t)random_below(&random, 20001) - 10000,
                            (int32_t)random_below(&random, 20001) - 10000, (float)random_unit(&random), i};
    uint64_t digest = 0;
    for (size_t o = 0; o < COUNT_OF(orders); ++o) {
        qsort(points, SIZE, sizeof(Point), orders[o]);
        for (int i = 1; i < SIZE; ++i)
            require(orders[o](&points[i - 1], &points[i]) < 0, "not sorted");
        digest = mix(digest, (uint64_t)radius(&points[SIZE / 3]));
    }
    for (uint32_t i = 0; i < SIZE; ++i)
        require(points[i].id == i, "a point was lost");
    return finish(digest);
}
