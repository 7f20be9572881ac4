// Fourier transform of SIZE complex values (f64, a power of two) and back. Checked: the signal returns, energies agree.
#include "common.h"

typedef struct {
    double re, im;
} Complex;
static Complex signal_[SIZE], start[SIZE], roots[SIZE / 2];

static void make_roots(void) {
    for (int i = 0; i < SIZE / 2; ++i) {
        const double angle = -2 * 3.14159265358979323846 * i / SIZE;
        roots[i] = (Complex){cos(angle), sin(angle)};
    }
}

static void reverse_bits(Complex* x) {
    for (int i = 1, j = 0; i < SIZE; ++i) {
        int bit = SIZE >> 1;
        for (; j & bit; bit >>= 1)
            j ^= bit;
        j ^= bit;
        if (i < j) {
            const Complex t = x[i];
            x[i] = x[j];
            x[j] = t;
        }
    }
}

static void transform(Complex* x, double sign) {
    reverse_bits(x);
    for (int half = 1; half < SIZE; half *= 2)
        for (int block = 0; block < SIZE; block += 2 * half)
            for (int k = 0; k < half; ++k) {
                const Complex w = roots[k * (SIZE / (2 * half))], b = x[block + k + half], a = x[block + k];
                const Complex t = {w.re * b.re - sign * w.im * b.im, w.re * b.im + sign * w.im * b.re};
                x[block + k] = (Complex){a.re + t.re, a.im + t.im};
                x[block + k + half] = (Complex){a.re - t.re, a.im - t.im};
            }
}

static double energy(const Complex* x) {
    double sum = 0;
    for (int i = 0; i < SIZE; ++i)
        sum += x[i].re * x[i].re + x[i].im * x[i].im;
    return sum;
}

int main(void) {
    Random random = {9};
    for (int i = 0; i < SIZE; ++i)
        start[i] = (Complex){random_unit(&random) - 0.5, random_unit(&random) - 0.5};
    make_roots();
    memcpy(signal_, start, sizeof start);
    transform(signal_, 1);
    require(fabs(energy(signal_) / SIZE / energy(start) - 1) < 1e-9, "energies of signal and transform differ");
    const uint64_t digest = mix(rounded(signal_[1].re), rounded(signal_[SIZE / 3].im));
    transform(signal_, -1);
    for (int i = 0; i < SIZE; ++i)
        require(fabs(signal_[i].re / SIZE - start[i].re) + fabs(signal_[i].im / SIZE - start[i].im) < 1e-9,
                "the inverse does not give the signal back");
    return finish(digest);
}
