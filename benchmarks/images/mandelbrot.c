// Escape times on a grid of SIZE x SIZE around the Mandelbrot set (f64, a loop of unknown length). Checked: the picture
// is its own mirror image, and its area is the set's, 1.5066 within two percent.
#include "common.h"

enum { kMost = 300 };

static int escape_time(double cx, double cy) {
    double x = 0, y = 0;
    for (int n = 0; n < kMost; ++n) {
        const double xx = x * x, yy = y * y;
        if (xx + yy > 4)
            return n;
        y = 2 * x * y + cy;
        x = xx - yy + cx;
    }
    return kMost;
}

int main(void) {
    static uint16_t picture[SIZE][SIZE];
    int inside = 0;
    uint64_t digest = 0;
    for (int i = 0; i < SIZE; ++i)
        for (int j = 0; j < SIZE; ++j) {
            picture[i][j] = (uint16_t)escape_time(-2.25 + 3.0 * (j + 0.5) / SIZE, 1.5 * (2 * i + 1 - SIZE) / SIZE);
            inside += picture[i][j] == kMost;
            digest = mix(digest, picture[i][j]);
        }
    const double area = 9.0 * inside / ((double)SIZE * SIZE);
    require(fabs(area - 1.5066) < (SIZE < 200 ? 0.1 : 0.03), "the area");
    for (int i = 0; i < SIZE / 2; ++i)
        for (int j = 0; j < SIZE; ++j)
            require(picture[i][j] == picture[SIZE - 1 - i][j], "the mirror image");
    return finish(digest);
}
