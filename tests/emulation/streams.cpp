#include "emulation/streams.hpp"

#include <map>
#include <set>
#include <utility>

#include "emulation/block.hpp"

namespace pitot::emulation {
namespace {

struct ByNumber {
    bool operator()(const std::shared_ptr<Node>& a, const std::shared_ptr<Node>& b) const {
        return a->number < b->number;
    }
};

std::size_t next_number() {
    static std::size_t last = 0;
    return ++last;
}

// What is not done of `heads` and of all that they wait for.
std::set<std::shared_ptr<Node>, ByNumber> left_of(const Nodes& heads) {
    std::set<std::shared_ptr<Node>, ByNumber> found;
    Nodes stack = heads;
    while (!stack.empty()) {
        const std::shared_ptr<Node> node = std::move(stack.back());
        stack.pop_back();
        if (!node->done && found.insert(node).second) {
            stack.insert(stack.end(), node->before.begin(), node->before.end());
        }
    }
    return found;
}

}  // namespace

std::shared_ptr<Node> make_node(std::function<void()> work, const Nodes& before) {
    return std::make_shared<Node>(Node{next_number(), std::move(work), before});
}

std::size_t count_left(const Nodes& heads) { return left_of(heads).size(); }

void run(const Nodes& heads) {
    std::map<const Node*, Nodes> after;
    std::map<const Node*, std::size_t> waits;
    Nodes ready;
    for (const auto& node : left_of(heads)) {
        for (const auto& before : node->before) {
            if (!before->done) {
                after[before.get()].push_back(node);
                ++waits[node.get()];
            }
        }
        if (waits[node.get()] == 0) {
            ready.push_back(node);
        }
    }
    while (!ready.empty()) {
        std::swap(ready[draw_below(ready.size())], ready.back());
        const std::shared_ptr<Node> node = std::move(ready.back());
        ready.pop_back();
        node->work();
        node->done = true;
        node->before.clear();
        for (const auto& next : after[node.get()]) {
            if (--waits[next.get()] == 0) {
                ready.push_back(next);
            }
        }
    }
}

std::unique_ptr<Graph> copy_of(const Graph& graph) {
    auto all = std::make_unique<Graph>();
    std::map<const Node*, std::shared_ptr<Node>> copies;
    for (const auto& node : graph.nodes) {
        auto copy = std::make_shared<Node>(*node);
        copy->number = next_number();
        for (auto& before : copy->before) {
            before = copies.at(before.get());
        }
        copies[node.get()] = copy;
        all->nodes.push_back(std::move(copy));
    }
    return all;
}

}  // namespace pitot::emulation
