#include "dataset/connections.hpp"

#include <numeric>

namespace pitot::dataset {

Connections::Connections(std::int64_t platforms, std::int64_t modules)
    : platforms_(platforms),
      parent_(static_cast<std::size_t>(platforms + modules)),
      measured_(static_cast<std::size_t>(platforms + modules), false) {
    std::iota(parent_.begin(), parent_.end(), 0);
}

std::int64_t Connections::root(std::int64_t node) const {
    const auto parent = [this](std::int64_t of) -> std::int64_t& { return parent_[static_cast<std::size_t>(of)]; };
    while (parent(node) != node) {
        parent(node) = parent(parent(node));
        node = parent(node);
    }
    return node;
}

bool Connections::join(std::int32_t platform, std::int32_t module) {
    measured_[static_cast<std::size_t>(platform)] = true;
    measured_[static_cast<std::size_t>(platforms_ + module)] = true;
    const std::int64_t a = root(platform);
    const std::int64_t b = root(platforms_ + module);
    parent_[static_cast<std::size_t>(b)] = a;
    return a != b;
}

std::vector<std::int32_t> Connections::parts() const {
    std::vector<std::int32_t> part(parent_.size(), -1);
    std::vector<std::int32_t> of_root(parent_.size(), -1);
    std::int32_t next = 0;
    for (std::size_t node = 0; node < parent_.size(); ++node) {
        if (measured_[node]) {
            std::int32_t& name = of_root[static_cast<std::size_t>(root(static_cast<std::int64_t>(node)))];
            name = name < 0 ? next++ : name;
            part[node] = name;
        }
    }
    return part;
}

}  // namespace pitot::dataset
