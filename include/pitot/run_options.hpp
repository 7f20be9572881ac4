// How to run something long: threads, device, progress and a way to stop.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>

namespace pitot {

struct RunOptions {
    int threads = 0;              ///< 0 = as many as this process may run on; results do not depend on it
    std::string backend = "cpu";  ///< "cpu", "reference" or "cuda"
    std::stop_token stop;         ///< asks for an early end
    /// Called from worker threads, one at a time, a few times a second at most: model-steps done and in all.
    std::function<void(std::int64_t done, std::int64_t total)> progress;
};

}  // namespace pitot
