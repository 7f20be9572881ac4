// A progress bar over a whole sweep.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

#include "cli/progress.hpp"
#include "experiment/sweep.hpp"

namespace pitot::cli {

class SweepBar {
public:
    explicit SweepBar(std::int64_t runs);
    /// For run_sweep(); must not outlive this object.
    [[nodiscard]] std::function<void(const SweepProgress&)> callback();
    void clear() { progress_.clear(); }

private:
    std::int64_t runs_;
    Progress progress_;
    std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

}  // namespace pitot::cli
