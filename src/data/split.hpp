// Index sets of an evaluation or a fit, as the published method draws them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/key.hpp"

namespace pitot {

/// Rows of one objective, by number. Test, calibration and the rest are disjoint and cover every row.
struct Split {
    std::vector<std::int64_t> test;         ///< int(n * (1 - share)) rows
    std::vector<std::int64_t> calibration;  ///< int(calibration_share * (n - test)) rows of the others
    std::vector<std::int64_t> rest;         ///< training + validation, in the order folds are cut from
    std::int64_t folds = 1;

    /// Rows fold f validates on: f-th piece of int(rest / folds) rows of `rest` (none with one fold).
    [[nodiscard]] std::span<const std::int64_t> validation(std::int64_t fold) const;
    /// Rows fold f trains on: `rest` without its validation rows.
    [[nodiscard]] std::vector<std::int64_t> training(std::int64_t fold) const;
};

/// Draws a split of n rows: one permutation decides test and calibration, a second one the folds.
/// share = 1 leaves no test rows. Needs n >= 0, 0 < share <= 1, 0 <= calibration_share < 1, folds >= 1.
[[nodiscard]] Split make_split(std::int64_t n, double share, double calibration_share, std::int64_t folds, Key key);

}  // namespace pitot
