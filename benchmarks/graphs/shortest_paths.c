// Dijkstra's shortest paths with a binary heap on a random graph of SIZE nodes, eight edges each. Checked: no edge
// gives a shorter way, and each reached node has an edge that gives its distance.
#include "common.h"

enum { kDegree = 8, kEdges = SIZE * kDegree };
typedef struct {
    uint32_t distance, node;
} Entry;

static uint32_t target[kEdges], weight[kEdges], distance[SIZE];
static Entry heap[kEdges + 1];
static int heap_size;

static void push(Entry entry) {
    int at = heap_size++;
    for (; at > 0 && heap[(at - 1) / 2].distance > entry.distance; at = (at - 1) / 2)
        heap[at] = heap[(at - 1) / 2];
    heap[at] = entry;
}

static Entry pop(void) {
    const Entry top = heap[0], last = heap[--heap_size];
    int at = 0;
    for (int child = 1; child < heap_size; child = 2 * at + 1) {
        if (child + 1 < heap_size && heap[child + 1].distance < heap[child].distance)
            ++child;
        if (heap[child].distance >= last.distance)
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = last;
    return top;
}

int main(void) {
    static bool reached_by_edge[SIZE];
    Random random = {60};
    for (uint32_t e = 0; e < kEdges; ++e) {
        target[e] = random_below(&random, SIZE);
        weight[e] = 1 + random_below(&random, 10000);
    }
    memset(distance, 0xff, sizeof distance);
    distance[0] = 0;
    push((Entry){0, 0});
    while (heap_size > 0) {
        const Entry top = pop();
        if (top.distance > distance[top.node])
            continue;
        for (uint32_t e = top.node * kDegree; e < (top.node + 1) * kDegree; ++e) {
            const uint32_t through = top.distance + weight[e];
            if (through >= distance[target[e]])
                continue;
            distance[target[e]] = through;
            push((Entry){through, target[e]});
        }
    }
    reached_by_edge[0] = true;
    for (uint32_t e = 0; e < kEdges; ++e) {
        const uint32_t from = distance[e / kDegree], to = distance[target[e]];
        if (from == UINT32_MAX)
            continue;
        require(to <= from + weight[e], "an edge gives a shorter way");
        if (to == from + weight[e])
            reached_by_edge[target[e]] = true;
    }
    uint64_t digest = 0;
    for (int i = 0; i < SIZE; ++i) {
        require(reached_by_edge[i] == (distance[i] != UINT32_MAX), "a distance that no edge gives");
        digest = mix(digest, distance[i]);
    }
    return finish(digest);
}
