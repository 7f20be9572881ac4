// One-sided split conformal prediction: a bound that holds without assumptions about the model, from rows that
// nothing else has seen.
//
// With n exchangeable calibration residuals r = y - prediction, the ceil((n + 1) c)-th smallest of them, added to a
// prediction, bounds a further exchangeable y with probability at least c (exactly ceil((n + 1) c) / (n + 1) when no
// two residuals are equal). Vovk, Gammerman and Shafer, "Algorithmic Learning in a Random World"; Lei et al. 2018.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "pitot/result.hpp"

namespace pitot {

/// Rows with co-runners are calibrated apart from rows without: their errors have another distribution.
enum class RowGroup { kAlone, kTogether };

/// kTogether with at least one co-runner other than -1.
[[nodiscard]] RowGroup row_group(std::span<const std::int32_t> co_runners);

/// ceil((n + 1) * confidence), guarded against the product's rounding error: the rank, from 1, of the residual that
/// bounds. Larger than n when n rows are too few. Needs n >= 0 and 0 < confidence < 1.
[[nodiscard]] std::int64_t conformal_rank(std::int64_t n, double confidence);

/// The least n with conformal_rank(n, confidence) <= n, which is ceil(1 / (1 - confidence)) - 1.
[[nodiscard]] std::int64_t calibration_rows_needed(double confidence);

/// kUsage unless 0 < confidence < 1.
[[nodiscard]] Result<void> check_confidence(double confidence);

/// Residuals of calibration rows, ascending, by group. Immutable.
class Calibration {
public:
    Calibration() = default;
    /// Residuals y - prediction on the model's scale, finite, in any order.
    Calibration(std::vector<double> alone, std::vector<double> together);

    [[nodiscard]] std::span<const double> residuals(RowGroup group) const;

    /// What to add to a prediction so that it is not exceeded with this confidence. May be negative. Errors: kUsage
    /// for a confidence outside (0, 1); kInput when the group has too few rows, naming how many are needed.
    [[nodiscard]] Result<double> margin(RowGroup group, double confidence) const;
    /// The same, or `none` where there is no such bound. 0 < confidence < 1. Does not allocate.
    [[nodiscard]] double margin_or(RowGroup group, double confidence, double none) const;

private:
    std::vector<double> alone_;
    std::vector<double> together_;
};

}  // namespace pitot
