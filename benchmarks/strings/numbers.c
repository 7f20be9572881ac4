// Prints SIZE numbers with all their digits and reads them (the library's long decimals, software f128). Checked: the
// same bits.
#include "common.h"

int main(void) {
    Random random = {54};
    uint64_t digest = 0;
    for (int i = 0; i < SIZE; ++i) {
        char text[64];
        const int exponent = (int)random_below(&random, 81) - 40;
        const double value = ldexp(random_unit(&random) + 0.5, exponent) * (i % 2 ? -1 : 1);
        const int n = snprintf(text, sizeof text, "%.17g", value);
        require(strtod(text, NULL) == value, "another number was read");
        for (int k = 0; k < n; ++k)
            digest = mix(digest, (uint8_t)text[k]);
    }
    return finish(digest);
}
