// Burrows-Wheeler transform of SIZE bytes by prefix doubling, move to front, and both undone. Checked: the text
// returns.
#include "common.h"

static uint8_t text[SIZE], last[SIZE], ranks[SIZE], back[SIZE];
static int32_t order[SIZE], rank_of[SIZE], next_rank[SIZE], spare[SIZE], starts[SIZE + 257];

static int32_t wrapped(int32_t i) { return i >= SIZE ? i - SIZE : i; }

// Sorts rotations by the first `step` letters, which rank_of knows, then by the `step` after; false when all differ.
static bool refine(int32_t step, int32_t classes) {
    for (int i = 0; i < SIZE; ++i)
        spare[i] = wrapped(order[i] + SIZE - step);
    memset(starts, 0, ((size_t)classes + 1) * sizeof starts[0]);
    for (int i = 0; i < SIZE; ++i)
        ++starts[rank_of[i] + 1];
    for (int32_t c = 0; c < classes; ++c)
        starts[c + 1] += starts[c];
    for (int i = 0; i < SIZE; ++i)
        order[starts[rank_of[spare[i]]]++] = spare[i];
    next_rank[order[0]] = 0;
    for (int i = 1; i < SIZE; ++i) {
        const int32_t a = order[i - 1], b = order[i];
        const bool differ = rank_of[a] != rank_of[b] || rank_of[wrapped(a + step)] != rank_of[wrapped(b + step)];
        next_rank[b] = next_rank[a] + differ;
    }
    memcpy(rank_of, next_rank, sizeof rank_of);
    return rank_of[order[SIZE - 1]] + 1 < SIZE;
}

// The place of the text itself among its sorted rotations.
static int32_t transform(void) {
    for (int i = 0; i < SIZE; ++i) {
        order[i] = i;
        rank_of[i] = text[i];
    }
    refine(0, 256);
    for (int32_t step = 1; step < SIZE && refine(step, rank_of[order[SIZE - 1]] + 1); step *= 2) {
    }
    for (int i = 0; i < SIZE; ++i)
        last[i] = text[wrapped(order[i] + SIZE - 1)];
    return rank_of[0];
}

static void undo(int32_t at) {
    int32_t count[257] = {0};
    for (int i = 0; i < SIZE; ++i)
        ++count[last[i] + 1];
    for (int c = 0; c < 256; ++c)
        count[c + 1] += count[c];
    for (int i = 0; i < SIZE; ++i)
        spare[i] = count[last[i]]++;
    for (int i = SIZE - 1; i >= 0; --i) {
        back[i] = last[at];
        at = spare[at];
    }
}

static void move_to_front(const uint8_t* in, uint8_t* out, bool undoing) {
    uint8_t list[256];
    for (int i = 0; i < 256; ++i)
        list[i] = (uint8_t)i;
    for (int i = 0; i < SIZE; ++i) {
        int place = in[i];
        if (!undoing)
            for (place = 0; list[place] != in[i];)
                ++place;
        const uint8_t symbol = list[place];
        memmove(list + 1, list, (size_t)place);
        list[0] = symbol;
        out[i] = undoing ? symbol : (uint8_t)place;
    }
}

int main(void) {
    Random random = {43};
    static const char* words[] = {"stone ", "water ", "a ", "of ", "tree ", "the ", "and ", "over ", "house "};
    for (int at = 0; at < SIZE;)
        for (const char* c = words[random_below(&random, COUNT_OF(words))]; *c != 0 && at < SIZE; ++c)
            text[at++] = (uint8_t)*c;
    const int32_t place = transform();
    move_to_front(last, ranks, false);
    int zeros = 0;
    for (int i = 0; i < SIZE; ++i)
        zeros += ranks[i] == 0;
    require(zeros > SIZE / 2, "equal letters did not come together");
    memset(last, 0, sizeof last);
    move_to_front(ranks, last, true);
    undo(place);
    require(memcmp(text, back, SIZE) == 0, "the text does not return");
    return finish(mix((uint64_t)zeros, (uint64_t)place));
}
