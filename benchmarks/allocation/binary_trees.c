// SIZE complete binary trees, each node allocated on its own, 16 of them alive at any time. Checked: each tree, when it
// is freed, has the nodes of its depth, in order.
#include "common.h"

enum { kAlive = 16, kDepths = 11 };
typedef struct Node Node;
struct Node {
    Node *left, *right;
    uint32_t value;
};

// With the values first, first + 1, …
static Node* make_tree(int depth, uint32_t first) {
    if (depth == 0)
        return NULL;
    Node* node = (Node*)allocate(sizeof *node);
    const uint32_t half = (1u << (depth - 1)) - 1;
    node->value = first + half;
    node->left = make_tree(depth - 1, first);
    node->right = make_tree(depth - 1, first + half + 1);
    return node;
}

// The number of nodes, whose values must go on from `next`.
static uint32_t free_tree(Node* node, uint32_t next) {
    if (node == NULL)
        return 0;
    uint32_t count = free_tree(node->left, next);
    require(node->value == next + count, "a tree out of order");
    ++count;
    count += free_tree(node->right, next + count);
    free(node);
    return count;
}

int main(void) {
    struct {
        Node* root;
        uint32_t first, depth;
    } trees[kAlive];
    Random random = {110};
    uint64_t digest = 0, made = 0, freed = 0;
    memset(trees, 0, sizeof trees);
    for (int i = 0; i < SIZE + kAlive; ++i) {
        const int at = i < SIZE ? (int)random_below(&random, kAlive) : i - SIZE;
        const uint32_t count = free_tree(trees[at].root, trees[at].first);
        require(count == (1u << trees[at].depth) - 1, "a tree of another size");
        freed += count;
        trees[at].root = NULL;
        if (i >= SIZE)
            continue;
        trees[at].depth = 1 + random_below(&random, kDepths);
        trees[at].first = (uint32_t)random_next(&random);
        trees[at].root = make_tree((int)trees[at].depth, trees[at].first);
        made += (1u << trees[at].depth) - 1;
        digest = mix(digest, count);
    }
    require(made == freed, "nodes are lost");
    return finish(digest);
}
