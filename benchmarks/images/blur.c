// Gaussian blur of a SIZE x SIZE picture (u8 to f32 and back, conversions). Checked: the mean stays, edges get softer,
// and blurring rows first or columns first is the same.
#include "common.h"

enum { kRadius = 5, kTaps = 2 * kRadius + 1 };
static uint8_t picture[SIZE][SIZE], first[SIZE][SIZE];
static float plane[SIZE][SIZE], middle[SIZE][SIZE];
static float taps[kTaps];

static void blur_rows(void) {
    for (int i = 0; i < SIZE; ++i)
        for (int j = 0; j < SIZE; ++j) {
            float sum = 0;
            for (int t = 0; t < kTaps; ++t)
                sum += taps[t] * plane[i][(j + t - kRadius + SIZE) % SIZE];
            middle[i][j] = sum;
        }
    memcpy(plane, middle, sizeof plane);
}

static void blur_columns(void) {
    for (int i = 0; i < SIZE; ++i)
        for (int j = 0; j < SIZE; ++j) {
            float sum = 0;
            for (int t = 0; t < kTaps; ++t)
                sum += taps[t] * plane[(i + t - kRadius + SIZE) % SIZE][j];
            middle[i][j] = sum;
        }
    memcpy(plane, middle, sizeof plane);
}

static void load(void) {
    for (int i = 0; i < SIZE; ++i)
        for (int j = 0; j < SIZE; ++j)
            plane[i][j] = (float)picture[i][j];
}

static double roughness(void) {
    double sum = 0;
    for (int i = 0; i < SIZE; ++i)
        for (int j = 1; j < SIZE; ++j)
            sum += (double)fabsf(plane[i][j] - plane[i][j - 1]);
    return sum;
}

int main(void) {
    Random random = {80};
    float total = 0;
    for (int t = 0; t < kTaps; ++t)
        total += taps[t] = expf(-(float)((t - kRadius) * (t - kRadius)) / 8);
    for (int t = 0; t < kTaps; ++t)
        taps[t] /= total;
    double mean = 0, mean_after = 0;
    for (int i = 0; i < SIZE; ++i)
        for (int j = 0; j < SIZE; ++j) {
            picture[i][j] = (uint8_t)((i / 16 + j / 16) % 2 * 128 + random_below(&random, 128));
            mean += (double)picture[i][j] / SIZE / SIZE;
        }
    load();
    const double rough = roughness();
    blur_rows();
    blur_columns();
    require(roughness() < rough / 4, "the picture did not get softer");
    for (int i = 0; i < SIZE; ++i)
        for (int j = 0; j < SIZE; ++j) {
            first[i][j] = (uint8_t)lrintf(plane[i][j]);
            mean_after += (double)plane[i][j] / SIZE / SIZE;
        }
    require(fabs(mean - mean_after) < 0.01, "the mean changed");
    load();
    blur_columns();
    blur_rows();
    for (int i = 0; i < SIZE; ++i)
        for (int j = 0; j < SIZE; ++j) {
            require(fabsf(plane[i][j] - (float)first[i][j]) < 0.51f, "the order of rows and columns matters");
        }
    return finish((uint64_t)lrint(10 * mean_after));
}
