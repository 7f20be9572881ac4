// Partitions of the numbers to SIZE, modulo 2^64 by parts and modulo a prime by Euler's pentagonal numbers. Checked
// with p(100) = 190569292, p(400) = 6727090051741041926, and: both agree modulo the prime.
#include "common.h"

static const uint64_t kPrime = 1000000007;
static uint64_t wrapped[SIZE + 1], modular[SIZE + 1], by_parts[SIZE + 1];

static void add_parts(void) {
    wrapped[0] = by_parts[0] = 1;
    for (int part = 1; part <= SIZE; ++part)
        for (int n = part; n <= SIZE; ++n) {
            wrapped[n] += wrapped[n - part];
            by_parts[n] = (by_parts[n] + by_parts[n - part]) % kPrime;
        }
}

static void use_pentagonal_numbers(void) {
    modular[0] = 1;
    for (int n = 1; n <= SIZE; ++n) {
        uint64_t sum = 0;
        for (int k = 1; k * (3 * k - 1) / 2 <= n; ++k) {
            const int first = k * (3 * k - 1) / 2, second = first + k;
            uint64_t term = modular[n - first] + (second <= n ? modular[n - second] : 0);
            if (k % 2 == 0)
                term = 2 * kPrime - term;
            sum += term;
        }
        modular[n] = sum % kPrime;
    }
}

int main(void) {
    add_parts();
    use_pentagonal_numbers();
    require(wrapped[100] == 190569292 && wrapped[400] == 6727090051741041926u, "known numbers");
    uint64_t digest = 0;
    for (int n = 0; n <= SIZE; ++n) {
        require(modular[n] == by_parts[n], "the two ways disagree");
        digest = mix(digest, wrapped[n]);
    }
    return finish(digest);
}
