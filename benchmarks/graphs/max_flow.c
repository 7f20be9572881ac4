// Maximum flow from left to right through a layered network of SIZE layers of 16 nodes (Dinic). Checked: flow is
// conserved, and the saturated edges cut source from sink with the same capacity.
#include "common.h"

enum { kWidth = 16, kNodes = SIZE * kWidth + 2, kSource = kNodes - 2, kSink = kNodes - 1, kFanOut = 5 };
enum { kArcs = 2 * (SIZE * kWidth * kFanOut + 2 * kWidth) };
static int32_t head[kNodes], next[kArcs], target[kArcs], room[kArcs], level[kNodes], at[kNodes], queue[kNodes];
static int32_t capacity[kArcs], arcs;

static void add_arc(int32_t from, int32_t to, int32_t amount) {
    const int32_t ends[2] = {from, to};
    for (int way = 0; way < 2; ++way, ++arcs) {
        target[arcs] = ends[1 - way];
        next[arcs] = head[ends[way]];
        head[ends[way]] = arcs;
        room[arcs] = capacity[arcs] = way == 0 ? amount : 0;
    }
}

static bool find_levels(void) {
    int32_t first = 0, count = 0;
    memset(level, -1, sizeof level);
    level[kSource] = 0;
    queue[count++] = kSource;
    while (first < count) {
        const int32_t node = queue[first++];
        for (int32_t a = head[node]; a >= 0; a = next[a])
            if (room[a] > 0 && level[target[a]] < 0) {
                level[target[a]] = level[node] + 1;
                queue[count++] = target[a];
            }
    }
    return level[kSink] >= 0;
}

static int32_t send(int32_t node, int32_t amount) {
    if (node == kSink)
        return amount;
    for (; at[node] >= 0; at[node] = next[at[node]]) {
        const int32_t a = at[node];
        if (room[a] == 0 || level[target[a]] != level[node] + 1)
            continue;
        const int32_t sent = send(target[a], room[a] < amount ? room[a] : amount);
        if (sent == 0)
            continue;
        room[a] -= sent;
        room[a ^ 1] += sent;
        return sent;
    }
    return 0;
}

static void make_network(void) {
    Random random = {63};
    memset(head, -1, sizeof head);
    for (int i = 0; i < kWidth; ++i) {
        add_arc(kSource, i, 1000000);
        add_arc((SIZE - 1) * kWidth + i, kSink, 1000000);
    }
    for (int layer = 0; layer + 1 < SIZE; ++layer)
        for (int i = 0; i < kWidth; ++i)
            for (int k = 0; k < kFanOut; ++k) {
                const int32_t to = (layer + 1) * kWidth + (int32_t)random_below(&random, kWidth);
                add_arc(layer * kWidth + i, to, 1 + (int32_t)random_below(&random, 1000));
            }
}

int main(void) {
    make_network();
    int64_t flow = 0, cut = 0;
    while (find_levels()) {
        memcpy(at, head, sizeof at);
        for (int32_t sent; (sent = send(kSource, 1000000)) > 0;)
            flow += sent;
    }
    uint64_t digest = (uint64_t)flow;
    static int64_t net[kNodes];
    for (int32_t a = 0; a < arcs; a += 2) {
        const int32_t from = target[a + 1], to = target[a];
        if (level[from] >= 0 && level[to] < 0)
            cut += capacity[a];
        require(room[a] >= 0 && room[a] <= capacity[a], "an edge has more flow than room");
        net[from] -= capacity[a] - room[a];
        net[to] += capacity[a] - room[a];
        digest = mix(digest, (uint64_t)room[a]);
    }
    for (int i = 0; i < kSource; ++i)
        require(net[i] == 0, "flow is not conserved");
    require(flow > 0 && flow == cut && net[kSink] == flow, "flow and cut differ");
    return finish(digest);
}
