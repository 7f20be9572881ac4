// Builds 64 strings at a time from SIZE pieces, each reallocated to just fit, and halves the longest ones. Checked by
// reading the strings back: the pieces come in order.
#include "common.h"

enum { kStrings = 64, kLongest = 4000 };
typedef struct {
    char* text;
    size_t length;
    uint32_t first, next;  // the numbers it holds: from `first` up to before `next`
} String;

static void append(String* string) {
    char piece[32];
    const int length = snprintf(piece, sizeof piece, "%u,", (unsigned)string->next++);
    string->text = (char*)realloc(string->text, string->length + (size_t)length + 1);
    require(string->text != NULL, "out of memory");
    memcpy(string->text + string->length, piece, (size_t)length + 1);
    string->length += (size_t)length;
}

// Takes away its first half, up to a comma, and gives the numbers of it to `digest`.
static uint64_t halve(String* string, uint64_t digest) {
    const char* at = string->text;
    while ((size_t)(at - string->text) < string->length / 2) {
        char* end;
        const unsigned long number = strtoul(at, &end, 10);
        require(*end == ',' && number == string->first, "a piece is lost");
        ++string->first;
        digest = mix(digest, number);
        at = end + 1;
    }
    const size_t left = string->length - (size_t)(at - string->text);
    char* rest = (char*)allocate(left + 1);
    memcpy(rest, at, left + 1);
    free(string->text);
    string->text = rest;
    string->length = left;
    return digest;
}

int main(void) {
    static String strings[kStrings];
    Random random = {112};
    uint64_t digest = 0, pieces = 0;
    for (uint32_t s = 0; s < kStrings; ++s)
        strings[s].first = strings[s].next = 1000 * s;
    for (int i = 0; i < SIZE; ++i) {
        String* string = &strings[random_below(&random, 1 + random_below(&random, kStrings))];
        append(string);
        if (string->length > kLongest)
            digest = halve(string, digest);
    }
    for (uint32_t s = 0; s < kStrings; ++s) {
        while (strings[s].length > 0)
            digest = halve(&strings[s], digest);
        require(strings[s].first == strings[s].next, "pieces are left");
        pieces += strings[s].next - 1000 * s;
        free(strings[s].text);
    }
    require(pieces == SIZE, "another number of pieces");
    return finish(digest);
}
