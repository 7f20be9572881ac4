// Floyd and Warshall's distances between SIZE nodes (i32 minima). Checked on a ring with chords of known lengths, and
// on a random graph by the triangle inequality.
#include "common.h"

static int32_t d[SIZE][SIZE];

static void close_paths(void) {
    for (int k = 0; k < SIZE; ++k)
        for (int i = 0; i < SIZE; ++i) {
            const int32_t first = d[i][k];
            for (int j = 0; j < SIZE; ++j) {
                const int32_t through = first + d[k][j];
                d[i][j] = through < d[i][j] ? through : d[i][j];
            }
        }
}

static int32_t ring_distance(int i, int j) {
    const int32_t forward = (j - i + SIZE) % SIZE;
    return forward < SIZE - forward ? forward : SIZE - forward;
}

int main(void) {
    for (int i = 0; i < SIZE; ++i)
        for (int j = 0; j < SIZE; ++j)
            d[i][j] = ring_distance(i, j) <= 1 ? ring_distance(i, j) : 1000000;
    close_paths();
    for (int i = 0; i < SIZE; ++i)
        for (int j = 0; j < SIZE; ++j)
            require(d[i][j] == ring_distance(i, j), "a distance on the ring");
    Random random = {61};
    for (int i = 0; i < SIZE; ++i)
        for (int j = 0; j < SIZE; ++j)
            d[i][j] = i == j ? 0 : 1 + (int32_t)random_below(&random, 100000);
    close_paths();
    uint64_t digest = 0;
    for (int i = 0; i < SIZE; ++i)
        for (int j = 0; j < SIZE; ++j) {
            const int k = (i * 31 + j * 17) % SIZE;
            require(d[i][j] <= d[i][k] + d[k][j], "the triangle inequality");
            digest = mix(digest, (uint64_t)d[i][j]);
        }
    return finish(digest);
}
