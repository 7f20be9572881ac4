// One-sided split conformal prediction: a bound that holds without assumptions about the model, from rows that
// nothing else has seen.
//
// With n exchangeable calibration residuals r = y - prediction, the ceil((n + 1) c)-th smallest of them, added to a
// prediction, bounds a further exchangeable y with probability at least c (exactly ceil((n + 1) c) / (n + 1) when no
// two residuals are equal). Vovk, Gammerman and Shafer, "Algorithmic Learning in a Random World"; Lei et al. 2018.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "pitot/result.hpp"

namespace pitot::calibrate {

/// The pool, of so many, that combinations of so many co-runners are calibrated with: the one of that number, or the
/// last.
[[nodiscard]] std::size_t pool_beside(std::int64_t co_runners, std::size_t pools);

/// The same of some co-runners (-1 = none).
[[nodiscard]] std::size_t pool_of(std::span<const std::int32_t> co_runners, std::size_t pools);

/// ceil((n + 1) * confidence), guarded against the product's rounding error: the rank, from 1, of the residual that
/// bounds. Larger than n when n rows are too few. Needs n >= 0 and 0 < confidence < 1.
[[nodiscard]] std::int64_t conformal_rank(std::int64_t n, double confidence);

/// The least n with conformal_rank(n, confidence) <= n, which is ceil(1 / (1 - confidence)) - 1.
[[nodiscard]] std::int64_t calibration_rows_needed(double confidence);

/// kUsage unless 0 < confidence < 1.
[[nodiscard]] Result<void> check_confidence(double confidence);

/// Residuals of calibration rows, ascending, pool by pool: rows of one pool say nothing of another's errors. Immutable.
class Calibration {
public:
    Calibration() = default;
    /// Of each pool, the residuals y - prediction on the model's scale, finite, in any order.
    explicit Calibration(std::vector<std::vector<double>> pools);

    [[nodiscard]] std::size_t pools() const { return pools_.size(); }
    /// Empty of a pool that does not exist.
    [[nodiscard]] std::span<const double> residuals(std::size_t pool) const;

    /// What to add to a prediction so that it is not exceeded with this confidence. May be negative. Errors: kUsage
    /// for a confidence outside (0, 1); kInput when the pool has too few rows, naming how many are needed.
    [[nodiscard]] Result<double> margin(std::size_t pool, double confidence) const;
    /// The same, or `none` where there is no such bound. 0 < confidence < 1. Does not allocate.
    [[nodiscard]] double margin_or(std::size_t pool, double confidence, double none) const;

private:
    std::vector<std::vector<double>> pools_;
};

}  // namespace pitot::calibrate
