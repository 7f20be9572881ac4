// How far answers may lie from what was measured.
#pragma once

#include "models/folds/fold_mean.hpp"
#include "models/scaling/linear_scaling.hpp"
#include "pitot/config.hpp"
#include "pitot/dataset.hpp"
#include "train/train.hpp"

namespace pitot::models {

/// From the rows learned from. A fold's learned part stays in the range of what those rows differ from the baseline by,
/// widened by half of it on either side. What co-runners add stays in the range of the slowdowns measured: of a row
/// with co-runners against the mean (of logarithms) of the same pair alone. No limit where no row tells one.
[[nodiscard]] AnswerLimits learn_limits(const Dataset& dataset, const FitConfig& config,
                                        const train::ReplicateRows& rows, const LinearScaling& baseline);

}  // namespace pitot::models
