// Strongly connected components of SIZE nodes by Tarjan's way (recursion as deep as a component). Checked: the planted
// cycles and no others.
#include "common.h"

enum { kDegree = 4, kCycle = 50 };
static int32_t target[SIZE][kDegree], order[SIZE], low[SIZE], component[SIZE], stack[SIZE], place[SIZE];
static int32_t visited, components, stack_size;

static void visit(int32_t node) {
    order[node] = low[node] = ++visited;
    stack[stack_size++] = node;
    for (int k = 0; k < kDegree; ++k) {
        const int32_t next = target[node][k];
        if (order[next] == 0)
            visit(next);
        if (component[next] == 0 && low[next] < low[node])
            low[node] = low[next];
    }
    if (low[node] != order[node])
        return;
    ++components;
    int32_t member;
    do {
        member = stack[--stack_size];
        component[member] = components;
    } while (member != node);
}

// Nodes in random order form cycles of kCycle; other edges lead to later cycles, at most ten on, or to the same.
static void make_graph(void) {
    Random random = {62};
    for (int32_t i = 0; i < SIZE; ++i)
        place[i] = i;
    for (uint32_t i = SIZE - 1; i > 0; --i) {
        const uint32_t j = random_below(&random, i + 1);
        const int32_t t = place[i];
        place[i] = place[j];
        place[j] = t;
    }
    for (int32_t i = 0; i < SIZE; ++i) {
        const int32_t first = i / kCycle * kCycle;
        target[place[i]][0] = place[first + (i + 1 - first) % kCycle];
        for (int k = 1; k < kDegree; ++k) {
            const int32_t to = first + (int32_t)random_below(&random, 10 * kCycle);
            target[place[i]][k] = place[to < SIZE ? to : i];
        }
    }
}

int main(void) {
    require(SIZE % kCycle == 0, "SIZE is a multiple of a cycle's length");
    make_graph();
    for (int32_t i = 0; i < SIZE; ++i) {
        // Later cycles first, so that the recursion stays within one cycle.
        const int32_t node = place[SIZE - 1 - i];
        if (order[node] == 0)
            visit(node);
    }
    require(components == SIZE / kCycle, "another number of components");
    uint64_t digest = 0;
    for (int32_t i = 0; i < SIZE; ++i) {
        require(component[place[i]] == component[place[i / kCycle * kCycle]], "a cycle is torn apart");
        digest = mix(digest, (uint64_t)component[i] << 32 | (uint64_t)low[i]);
    }
    return finish(digest);
}
