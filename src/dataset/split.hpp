// Index sets of an evaluation or a fit: what is tested on, calibrated with and trained on.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "core/key.hpp"
#include "core/row_numbers.hpp"
#include "dataset/row_groups.hpp"

namespace pitot::dataset {

/// Calibration combinations without which there is no bound at 90 %, and none are set aside: ceil(1 / (1 - 0.9)) - 1.
inline constexpr std::int64_t kLeastCalibration = 9;

/// Rows of one objective, by number. Test, set-aside and other rows are disjoint and cover every row; the runs of one
/// combination are all in one of them, and in one fold. The parts are views of one order that all copies of a split
/// share: 4 bytes a row (8 beyond 2^32 rows), whatever the number of folds and replicas that read them.
struct Split {
    core::RowNumbers test;  ///< of int(combinations * (1 - share)) combinations
    core::RowNumbers
        calibration;  ///< one run, at random, of each combination set aside: runs of one are no further witnesses
    core::RowNumbers set_aside;                   ///< all runs of those combinations, which neither test nor train
    core::RowNumbers rest;                        ///< training + validation, in the order folds are cut from
    std::vector<std::size_t> fold_begins;         ///< places in `rest`, folds + 1
    std::shared_ptr<const core::RowOrder> order;  ///< what the parts are views of

    /// Rows fold f validates on: those of the f-th piece of int(combinations / folds) (none with one fold).
    [[nodiscard]] core::RowNumbers validation(std::int64_t fold) const;
    /// Rows fold f trains on: `rest` without its validation rows.
    [[nodiscard]] core::RowNumbers training(std::int64_t fold) const;
};

/// What a split is drawn of and how much of it goes where.
struct SplitPlan {
    std::int64_t rows = 0;
    const RowGroups* groups = nullptr;  ///< of the rows, by combination; null: every row is one of its own
    double share = 1.0;                 ///< 0 < share <= 1; 1 leaves no test rows
    double calibration_share = 0.0;     ///< of the combinations that do not test; 0 <= calibration_share < 1
    std::int64_t folds = 1;
    bool validation = true;  ///< whether folds validate on a piece each; false: all train on all of `rest`
    /// Asked for rows that do not test, one a combination, from the last in the order drawn to the first: whether this
    /// one has to train for what those asked before it left open. Nothing: any may be set aside.
    std::function<bool(std::int64_t row)> must_train{};
    std::int64_t narrow_rows = core::kNarrowRows;  ///< as in RowOrder; the numbers drawn do not depend on it
};

/// Draws a split: one permutation decides test and calibration, a second one the folds. Set aside are the first
/// int(calibration_share * combinations) that need not train, or as many as there are.
[[nodiscard]] Split make_split(const SplitPlan& plan, core::Key key);

}  // namespace pitot::dataset
