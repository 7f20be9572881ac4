// Means and medians of absolute relative errors.
#pragma once

#include <span>
#include <vector>

#include "pitot/hold_out.hpp"

namespace pitot::evaluation {

/// Mean and median of weighted numbers. The median is where half of the weight lies below, the middle of two numbers
/// where it lies between them.
struct MeanAndMedian {
    double mean = 0.0;
    double median = 0.0;
};
/// As many weights (> 0) as values, one at least.
[[nodiscard]] MeanAndMedian mean_and_median(std::span<const double> values, std::span<const double> weights);

/// Adds a replicate's errors |e| to `errors`. kInput if one is not finite.
[[nodiscard]] Result<void> add_replicate(AbsoluteErrors& errors, std::span<const double> values,
                                         std::span<const double> weights);

/// Sets the spreads over the replicates added.
void finish(AbsoluteErrors& errors);

}  // namespace pitot::evaluation
