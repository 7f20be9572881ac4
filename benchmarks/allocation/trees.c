// Builds and frees binary trees of random shape, SIZE nodes in all, 1 to 2000 a tree (malloc, free, recursion).
// Checked: an in-order walk meets the keys in rising order and as many as were put in.
#include "common.h"

typedef struct Node {
    struct Node *left, *right;
    uint64_t key;
} Node;

static void insert(Node** at, uint64_t key) {
    while (*at != NULL)
        at = key < (*at)->key ? &(*at)->left : &(*at)->right;
    *at = (Node*)allocate(sizeof(Node));
    **at = (Node){NULL, NULL, key};
}

static int walk(const Node* node, uint64_t* last, uint64_t* digest) {
    if (node == NULL)
        return 0;
    const int left = walk(node->left, last, digest);
    require(node->key >= *last, "keys out of order");
    *last = node->key;
    *digest = mix(*digest, node->key);
    return left + 1 + walk(node->right, last, digest);
}

static void release(Node* node) {
    if (node == NULL)
        return;
    release(node->left);
    release(node->right);
    free(node);
}

int main(void) {
    Random random = {71};
    uint64_t digest = 0;
    for (int left = SIZE; left > 0;) {
        int count = 1 + (int)random_below(&random, 2000);
        count = count < left ? count : left;
        Node* root = NULL;
        for (int n = 0; n < count; ++n)
            insert(&root, random_next(&random));
        uint64_t last = 0;
        require(walk(root, &last, &digest) == count, "another number of keys");
        release(root);
        left -= count;
    }
    return finish(digest);
}
