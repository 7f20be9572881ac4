// Work of streams: what waits for what, and the order in which it is done.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

namespace pitot::emulation {

/// Something to do after what it waits for.
struct Node {
    std::size_t number = 0;  ///< in the order in which they were made
    std::function<void()> work;
    std::vector<std::shared_ptr<Node>> before;
    bool done = false;
};
using Nodes = std::vector<std::shared_ptr<Node>>;

/// What was recorded.
struct Graph {
    Nodes nodes;  ///< each after those that it waits for
    ~Graph() {
        for (auto node = nodes.rbegin(); node != nodes.rend(); ++node) {
            (*node)->before.clear();  // or a chain of them would be destroyed one within the other
        }
    }
};
/// A queue of work on a card.
struct Stream {
    int device = 0;
    Nodes heads;                       ///< what comes next waits for
    std::shared_ptr<Graph> recording;  ///< where its work goes, if it is recorded
    std::thread::id recorder;          ///< the thread that records it
    Nodes outside;                     ///< heads, while it is recorded
};
/// What a stream had when it was recorded.
struct Event {
    Nodes heads;
    std::shared_ptr<Graph> recording;
};

[[nodiscard]] std::shared_ptr<Node> make_node(std::function<void()> work, const Nodes& before);
/// How many are not done of `heads` and of all that they wait for.
[[nodiscard]] std::size_t count_left(const Nodes& heads);
/// Does what `heads` wait for and themselves, each after what it waits for, else in a drawn order.
void run(const Nodes& heads);
/// Nodes of its own: running them lets go of what they waited for.
[[nodiscard]] std::unique_ptr<Graph> copy_of(const Graph& graph);

}  // namespace pitot::emulation
