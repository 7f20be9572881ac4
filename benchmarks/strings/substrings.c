// Occurrences of 48 words in SIZE letters by Knuth-Morris-Pratt, Horspool's skips and rolling hashes. Checked: the
// three agree.
#include "common.h"

enum { kWords = 48, kLongest = 24 };
static char text[SIZE + 1];

static uint32_t by_failure(const char* word, int n) {
    int fail[kLongest + 1] = {-1};
    for (int i = 0, k = -1; i < n;) {
        while (k >= 0 && word[i] != word[k])
            k = fail[k];
        fail[++i] = ++k;
    }
    uint32_t count = 0;
    for (int i = 0, k = 0; i < SIZE; ++i) {
        while (k >= 0 && (k == n || text[i] != word[k]))
            k = fail[k];
        count += ++k == n;
    }
    return count;
}

static uint32_t by_skips(const char* word, int n) {
    int skip[256];
    for (int i = 0; i < 256; ++i)
        skip[i] = n;
    for (int i = 0; i < n - 1; ++i)
        skip[(uint8_t)word[i]] = n - 1 - i;
    uint32_t count = 0;
    for (int at = 0; at + n <= SIZE; at += skip[(uint8_t)text[at + n - 1]])
        count += memcmp(text + at, word, (size_t)n) == 0;
    return count;
}

static uint32_t by_hashes(const char* word, int n) {
    const uint32_t base = 1000003;
    uint32_t wanted = 0, hash = 0, power = 1, count = 0;
    for (int i = 0; i < n; ++i) {
        wanted = wanted * base + (uint8_t)word[i];
        hash = hash * base + (uint8_t)text[i];
        power *= base;
    }
    for (int at = 0;; ++at) {
        count += hash == wanted && memcmp(text + at, word, (size_t)n) == 0;
        if (at + n >= SIZE)
            return count;
        hash = hash * base + (uint8_t)text[at + n] - power * (uint8_t)text[at];
    }
}

int main(void) {
    Random random = {52};
    for (int i = 0; i < SIZE; ++i)
        text[i] = i >= 64 && random_below(&random, 3) ? text[i - 64] : (char)('a' + random_below(&random, 3));
    uint64_t digest = 0;
    for (int w = 0; w < kWords; ++w) {
        const int n = 2 + (int)random_below(&random, kLongest - 2);
        const char* word = text + random_below(&random, (uint32_t)(SIZE - n));
        const uint32_t count = by_failure(word, n);
        require(count > 0 && count == by_skips(word, n) && count == by_hashes(word, n), "the searches disagree");
        digest = mix(digest, count);
    }
    return finish(digest);
}
