// What is told of a sweep: conflicts before it, a progress bar during it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

#include "cli/progress.hpp"
#include "experiment/sweep.hpp"
#include "pitot/result.hpp"

namespace pitot::cli {

/// Says on stderr which archives are damaged and are made again, and for every run that is in the way what differs
/// there and here; whole configurations of the first, or of all if `verbose`. Error: Sweep::check_conflicts().
[[nodiscard]] Result<void> tell_conflicts(const experiment::Sweep& sweep, bool verbose);

class SweepBar {
public:
    explicit SweepBar(std::int64_t runs);
    /// For run_sweep(); must not outlive this object.
    [[nodiscard]] std::function<void(const experiment::SweepProgress&)> callback();
    void clear() { progress_.clear(); }

private:
    std::int64_t runs_;
    Progress progress_;
    std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

}  // namespace pitot::cli
