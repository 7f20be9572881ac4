// A cache of 500 texts of changing length in the order of their use (a hash table of chains, a doubly linked list,
// malloc and free), asked SIZE times. Checked: every text found is the one that belongs to its key, and hits plus
// misses are all.
#include "common.h"

enum { kRoom = 500, kBuckets = 256, kKeys = 2000 };
typedef struct Entry {
    struct Entry *newer, *older, *chain;
    uint32_t key;
    char* text;
} Entry;
static Entry* bucket[kBuckets];
static Entry *newest, *oldest;
static int held;

static size_t length_of(uint32_t key) { return 8 + key * 37 % 200; }

static void unlink_entry(Entry* entry) {
    *(entry->newer != NULL ? &entry->newer->older : &newest) = entry->older;
    *(entry->older != NULL ? &entry->older->newer : &oldest) = entry->newer;
}

static void put_first(Entry* entry) {
    entry->newer = NULL;
    entry->older = newest;
    *(newest != NULL ? &newest->newer : &oldest) = entry;
    newest = entry;
}

static Entry* find(uint32_t key) {
    Entry* entry = bucket[key % kBuckets];
    while (entry != NULL && entry->key != key)
        entry = entry->chain;
    return entry;
}

static void evict(void) {
    Entry* entry = oldest;
    unlink_entry(entry);
    Entry** at = &bucket[entry->key % kBuckets];
    while (*at != entry)
        at = &(*at)->chain;
    *at = entry->chain;
    free(entry->text);
    free(entry);
    --held;
}

static void add(uint32_t key) {
    if (held == kRoom)
        evict();
    Entry* entry = (Entry*)allocate(sizeof(Entry));
    entry->key = key;
    entry->text = (char*)allocate(length_of(key));
    memset(entry->text, (int)('a' + key % 26), length_of(key));
    entry->chain = bucket[key % kBuckets];
    bucket[key % kBuckets] = entry;
    put_first(entry);
    ++held;
}

int main(void) {
    Random random = {72};
    uint32_t hits = 0, misses = 0;
    uint64_t digest = 0;
    for (int n = 0; n < SIZE; ++n) {
        const uint32_t key = random_below(&random, 1 + random_below(&random, kKeys));
        Entry* entry = find(key);
        if (entry == NULL) {
            ++misses;
            add(key);
            continue;
        }
        ++hits;
        require(entry->text[length_of(key) - 1] == (char)('a' + key % 26), "another key's text");
        unlink_entry(entry);
        put_first(entry);
        digest = mix(digest, key);
    }
    int listed = 0;
    for (const Entry* entry = newest; entry != NULL; entry = entry->older)
        ++listed;
    require(hits + misses == SIZE && listed == held && held <= kRoom, "the counts");
    return finish(mix(digest, hits));
}
