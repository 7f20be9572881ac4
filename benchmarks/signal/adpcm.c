// Adaptive differential coding of SIZE 16-bit samples into 4 bits each and back (i32, branches, tables). Checked:
// encoder and decoder agree, and the error is at least 20 dB below the signal.
#include "common.h"

typedef struct {
    int32_t value, step;
} Predictor;

static int16_t samples[SIZE];
static uint8_t codes[(SIZE + 1) / 2];

static int32_t clamp(int32_t x, int32_t low, int32_t high) { return x < low ? low : x > high ? high : x; }

// The sample that a code of four bits (sign and three of size) stands for; the step follows the size.
static int32_t advance(Predictor* p, int code) {
    static const int16_t scale[8] = {230, 230, 230, 230, 307, 409, 512, 614};
    const int32_t size = (2 * (code & 7) + 1) * p->step / 8;
    p->value = clamp(code & 8 ? p->value - size : p->value + size, -32768, 32767);
    p->step = clamp(p->step * scale[code & 7] / 256, 16, 16384);
    return p->value;
}

static int code_of(const Predictor* p, int32_t sample) {
    const int32_t difference = sample - p->value;
    const int32_t size = clamp(abs(difference) * 4 / p->step, 0, 7);
    return (int)size | (difference < 0 ? 8 : 0);
}

// A triangle that changes its pitch, with a little noise.
static void make_samples(void) {
    Random random = {13};
    int32_t level = 0, slope = 97;
    for (int i = 0; i < SIZE; ++i) {
        level += slope;
        if (level > 12000 || level < -12000)
            slope = (level > 0 ? -1 : 1) * (40 + (int32_t)random_below(&random, 300));
        samples[i] = (int16_t)(level + (int32_t)random_below(&random, 64));
    }
}

int main(void) {
    make_samples();
    Predictor encoder = {0, 64}, decoder = {0, 64};
    for (int i = 0; i < SIZE; ++i) {
        const int code = code_of(&encoder, samples[i]);
        advance(&encoder, code);
        codes[i / 2] |= (uint8_t)(i % 2 ? code << 4 : code);
    }
    int64_t noise = 0, power = 0;
    uint64_t digest = 0;
    for (int i = 0; i < SIZE; ++i) {
        const int32_t sample = advance(&decoder, codes[i / 2] >> (i % 2 * 4) & 15);
        const int64_t error = sample - samples[i];
        noise += error * error;
        power += (int64_t)samples[i] * samples[i];
        digest = mix(digest, (uint64_t)sample);
    }
    require(encoder.value == decoder.value && encoder.step == decoder.step, "encoder and decoder disagree");
    require(noise * 100 < power, "the error is too large");
    return finish(digest);
}
