// SIZE insertions, removals and look-ups in a hash map of chains, that grows and shrinks (small nodes of several
// sizes). Checked against a plain table of what each key should have.
#include "common.h"

enum { kKeys = 1 << 14 };
typedef struct Node Node;
struct Node {
    Node* next;
    uint32_t key, length;
    uint8_t bytes[];
};

static Node** buckets;
static uint32_t bucket_count, node_count;

static uint32_t bucket_of(uint32_t key) { return (key * 2654435769u >> 8) & (bucket_count - 1); }

static void resize(uint32_t count) {
    Node** old = buckets;
    const uint32_t old_count = bucket_count;
    buckets = (Node**)allocate(count * sizeof *buckets);
    memset(buckets, 0, count * sizeof *buckets);
    bucket_count = count;
    for (uint32_t b = 0; b < old_count; ++b)
        for (Node *node = old[b], *next; node != NULL; node = next) {
            Node** bucket = &buckets[bucket_of(node->key)];
            next = node->next;
            node->next = *bucket;
            *bucket = node;
        }
    free(old);
}

// Where the node of `key` hangs, or where the chain ends.
static Node** find(uint32_t key) {
    Node** link = &buckets[bucket_of(key)];
    while (*link != NULL && (*link)->key != key)
        link = &(*link)->next;
    return link;
}

static void insert(uint32_t key, uint32_t length) {
    Node* node = (Node*)allocate(sizeof *node + length);
    Node** link = find(key);
    node->next = NULL;
    node->key = key;
    node->length = length;
    memset(node->bytes, (int)(key & 255), length);
    *link = node;
    if (++node_count > bucket_count)
        resize(2 * bucket_count);
}

static void erase(Node** link) {
    Node* node = *link;
    for (uint32_t i = 0; i < node->length; ++i)
        require(node->bytes[i] == (node->key & 255), "overwritten bytes");
    *link = node->next;
    free(node);
    if (--node_count < bucket_count / 8 && bucket_count > 16)
        resize(bucket_count / 2);
}

int main(void) {
    static uint8_t lengths[kKeys];  // what the map should have; 0: nothing
    Random random = {111};
    uint32_t expected = 0;
    uint64_t digest = 0;
    resize(16);
    for (int i = 0; i < SIZE; ++i) {
        // The keys in use wander between few and many.
        const uint32_t key = random_below(&random, 1 + random_below(&random, kKeys)), what = random_below(&random, 4);
        Node** link = find(key);
        require((*link != NULL) == (lengths[key] != 0), "a key is lost, or was never there");
        require(*link == NULL || (*link)->length == lengths[key], "another length");
        if (*link == NULL && what != 0) {
            lengths[key] = (uint8_t)(1 + random_below(&random, 100));
            insert(key, lengths[key]);
            ++expected;
        } else if (*link != NULL && (what == 1 || (i / 20000) % 2 == 1)) {
            erase(link);
            lengths[key] = 0;
            --expected;
        }
        digest = mix(digest, node_count);
    }
    require(node_count == expected, "another number of keys");
    for (uint32_t key = 0; key < kKeys; ++key)
        if (lengths[key] != 0)
            erase(find(key));
    require(node_count == 0, "nodes are left");
    return finish(mix(digest, bucket_count));
}
