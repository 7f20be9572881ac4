// Backtracking matcher of patterns with . * + ? and classes over SIZE short words (recursion). Checked against direct
// counts of what each pattern says.
#include "common.h"

static bool match_here(const char* pattern, const char* text);

static int item_length(const char* pattern) {
    int length = 1;
    if (*pattern == '[')
        while (pattern[length++] != ']') {
        }
    return length;
}

static bool item_matches(const char* pattern, int length, char c) {
    if (c == 0)
        return false;
    if (*pattern == '.')
        return true;
    if (*pattern != '[')
        return *pattern == c;
    for (int i = 1; i < length - 1; ++i)
        if (pattern[i] == c)
            return true;
    return false;
}

static bool match_here(const char* pattern, const char* text) {
    if (*pattern == 0)
        return *text == 0;
    const int length = item_length(pattern);
    const char repeat = pattern[length];
    if (repeat != '*' && repeat != '+' && repeat != '?')
        return item_matches(pattern, length, *text) && match_here(pattern + length, text + 1);
    const char* longest = text;
    while (item_matches(pattern, length, *longest) && !(repeat == '?' && longest > text))
        ++longest;
    for (; longest >= text + (repeat == '+'); --longest)
        if (match_here(pattern + length + 1, longest))
            return true;
    return false;
}

static bool begins_a_ends_b(const char* w, size_t n) { return n > 1 && w[0] == 'a' && w[n - 1] == 'b'; }
static bool holds_abc(const char* w, size_t n) {
    (void)n;
    return strstr(w, "abc") != NULL;
}
static bool no_d(const char* w, size_t n) {
    (void)n;
    return strchr(w, 'd') == NULL;
}
static bool three_c(const char* w, size_t n) {
    int count = 0;
    for (size_t i = 0; i < n; ++i)
        count += w[i] == 'c';
    return count >= 3;
}
static bool runs_of_a_b(const char* w, size_t n) {
    size_t i = 0;
    while (i < n && w[i] == 'a')
        ++i;
    while (i < n && i > 0 && w[i] == 'b')
        ++i;
    return n > 0 && w[0] == 'a' && i == n;
}

int main(void) {
    static const struct {
        const char* pattern;
        bool (*says)(const char*, size_t);
    } cases[] = {{"a.*b", begins_a_ends_b},
                 {".*abc.*", holds_abc},
                 {"[abc]*", no_d},
                 {".*c.*c.*c.*", three_c},
                 {"a+b*", runs_of_a_b}};
    Random random = {51};
    uint64_t digest = 0;
    for (int i = 0; i < SIZE; ++i) {
        char word[17];
        const size_t n = random_below(&random, 17);
        for (size_t k = 0; k < n; ++k)
            word[k] = (char)('a' + random_below(&random, 4));
        word[n] = 0;
        for (size_t c = 0; c < COUNT_OF(cases); ++c) {
            const bool matches = match_here(cases[c].pattern, word);
            require(matches == cases[c].says(word, n), "a pattern does not match what it says");
            digest = mix(digest, matches);
        }
    }
    return finish(digest);
}
