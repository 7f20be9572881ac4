// Least spanning tree of a SIZE x SIZE grid with random weights by Kruskal (sort, union-find) and by Prim. Checked: the
// same weight.
#include "common.h"

enum { kNodes = SIZE * SIZE, kEdges = 2 * SIZE * (SIZE - 1) };
static uint64_t edges[kEdges];  // weight, then 31 bits of the first node, then whether it leads down
static uint32_t parent[kNodes], across[kNodes], down[kNodes];
static uint64_t heap[kEdges + 2];
static int heap_size;

static int by_value(const void* a, const void* b) {
    const uint64_t x = *(const uint64_t*)a, y = *(const uint64_t*)b;
    return (x > y) - (x < y);
}

static uint32_t root_of(uint32_t node) {
    while (parent[node] != node)
        node = parent[node] = parent[parent[node]];
    return node;
}

static uint64_t kruskal(void) {
    uint64_t total = 0;
    int count = 0;
    for (uint32_t node = 0; node < kNodes; ++node) {
        parent[node] = node;
        if (node % SIZE + 1 < SIZE)
            edges[count++] = (uint64_t)across[node] << 32 | (uint64_t)node << 1;
        if (node / SIZE + 1 < SIZE)
            edges[count++] = (uint64_t)down[node] << 32 | (uint64_t)node << 1 | 1;
    }
    qsort(edges, kEdges, sizeof edges[0], by_value);
    for (int e = 0; e < kEdges; ++e) {
        const uint32_t node = (uint32_t)edges[e] >> 1, other = node + (edges[e] & 1 ? SIZE : 1);
        const uint32_t a = root_of(node), b = root_of(other);
        if (a == b)
            continue;
        parent[a] = b;
        total += edges[e] >> 32;
    }
    return total;
}

static void push(uint32_t weight, uint32_t node) {
    const uint64_t value = (uint64_t)weight << 32 | node;
    int at = heap_size++;
    for (; at > 0 && heap[(at - 1) / 2] > value; at = (at - 1) / 2)
        heap[at] = heap[(at - 1) / 2];
    heap[at] = value;
}

static uint64_t pop(void) {
    const uint64_t top = heap[0], last = heap[--heap_size];
    int at = 0;
    for (int child = 1; child < heap_size; child = 2 * at + 1) {
        if (child + 1 < heap_size && heap[child + 1] < heap[child])
            ++child;
        if (heap[child] >= last)
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = last;
    return top;
}

static uint64_t prim(void) {
    static bool inside[kNodes];
    uint64_t total = 0;
    push(0, 0);
    while (heap_size > 0) {
        const uint64_t top = pop();
        const uint32_t node = (uint32_t)top;
        if (inside[node])
            continue;
        inside[node] = true;
        total += top >> 32;
        if (node % SIZE + 1 < SIZE && !inside[node + 1])
            push(across[node], node + 1);
        if (node % SIZE > 0 && !inside[node - 1])
            push(across[node - 1], node - 1);
        if (node / SIZE + 1 < SIZE && !inside[node + SIZE])
            push(down[node], node + SIZE);
        if (node >= SIZE && !inside[node - SIZE])
            push(down[node - SIZE], node - SIZE);
    }
    return total;
}

int main(void) {
    Random random = {64};
    for (int i = 0; i < kNodes; ++i) {
        across[i] = random_below(&random, 1000000);
        down[i] = random_below(&random, 1000000);
    }
    const uint64_t total = kruskal();
    require(total == prim(), "the two trees have different weights");
    return finish(total);
}
