// Index sets of an evaluation or a fit, as the published method draws them.
#pragma once

#include <cstdint>
#include <memory>

#include "core/key.hpp"
#include "core/row_numbers.hpp"

namespace pitot {

/// Rows of one objective, by number. Test, calibration and the rest are disjoint and cover every row. The parts are
/// views of one order that all copies of a split share: 4 bytes a row (8 beyond 2^32 rows), whatever the number of
/// folds and replicas that read them.
struct Split {
    RowNumbers test;         ///< int(n * (1 - share)) rows
    RowNumbers calibration;  ///< int(calibration_share * (n - test)) rows of the others
    RowNumbers rest;         ///< training + validation, in the order folds are cut from
    std::int64_t folds = 1;
    std::shared_ptr<const RowOrder> order;  ///< what the parts are views of

    /// Rows fold f validates on: f-th piece of int(rest / folds) rows of `rest` (none with one fold).
    [[nodiscard]] RowNumbers validation(std::int64_t fold) const;
    /// Rows fold f trains on: `rest` without its validation rows.
    [[nodiscard]] RowNumbers training(std::int64_t fold) const;
};

/// Draws a split of n rows: one permutation decides test and calibration, a second one the folds.
/// share = 1 leaves no test rows. Needs n >= 0, 0 < share <= 1, 0 <= calibration_share < 1, folds >= 1.
/// `narrow_rows` as in RowOrder; the numbers drawn do not depend on it.
[[nodiscard]] Split make_split(std::int64_t n, double share, double calibration_share, std::int64_t folds, Key key,
                               std::int64_t narrow_rows = kNarrowRows);

}  // namespace pitot
