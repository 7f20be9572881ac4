// Where and how something long runs: threads, backend, devices, ranks, progress and a way to stop.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "pitot/export.hpp"
#include "pitot/result.hpp"

namespace pitot {

/// The place of this process among several that work on one thing, from 0.
struct Rank {
    int number = 0;
    int count = 1;
    bool operator==(const Rank&) const = default;
};

/// For fit(), evaluate() and what else takes long. Results do not depend on threads, devices or ranks.
struct Context {
    int threads = 0;              ///< 0 or less = as many as this process may run on; results do not depend on it
    std::string backend = "cpu";  ///< "cpu", "reference" or "cuda"
    /// Numbers of the backend's devices to use, none twice; empty = what the backend takes by itself. Backends on the
    /// processor have the device 0 alone, and others do not come with this version.
    std::vector<int> devices{};
    Rank rank{};             ///< processes cannot share a fit yet: a count above 1 is refused
    std::stop_token stop{};  ///< asks for an early end
    /// Called from worker threads, one at a time, a few times a second at most: model-steps done and in all.
    std::function<void(std::int64_t done, std::int64_t total)> progress{};

    /// kUsage naming the field that is wrong by itself; whether backend and devices can be had is asked where they are
    /// needed.
    [[nodiscard]] PITOT_API Result<void> validate() const;
};

}  // namespace pitot
