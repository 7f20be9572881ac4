// Rank of SIZE pages by 20 steps of a random walk over a graph with few popular targets (f64, scattered additions).
// Checked: ranks sum to one, and the popular pages come first.
#include "common.h"

enum { kDegree = 6, kPopular = 10 };
static uint32_t target[SIZE][kDegree];
static double rank_of[SIZE], next[SIZE];

int main(void) {
    Random random = {65};
    for (int i = 0; i < SIZE; ++i) {
        for (int k = 0; k < kDegree; ++k)
            target[i][k] = random_below(&random, SIZE);
        target[i][0] = random_below(&random, kPopular);
        rank_of[i] = 1.0 / SIZE;
    }
    for (int step = 0; step < 20; ++step) {
        for (int i = 0; i < SIZE; ++i)
            next[i] = 0.15 / SIZE;
        for (int i = 0; i < SIZE; ++i)
            for (int k = 0; k < kDegree; ++k)
                next[target[i][k]] += 0.85 * rank_of[i] / kDegree;
        memcpy(rank_of, next, sizeof next);
    }
    double sum = 0, least_popular = 1, greatest_other = 0;
    for (int i = 0; i < SIZE; ++i) {
        sum += rank_of[i];
        if (i < kPopular)
            least_popular = fmin(least_popular, rank_of[i]);
        else
            greatest_other = fmax(greatest_other, rank_of[i]);
    }
    require(fabs(sum - 1) < 1e-9, "ranks do not sum to one");
    require(least_popular > greatest_other, "a popular page comes late");
    return finish(mix(rounded(rank_of[3] * 1e6), rounded(rank_of[SIZE / 2] * 1e6)));
}
