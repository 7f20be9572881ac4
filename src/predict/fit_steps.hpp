// Steps that fitting and evaluating share.
#pragma once

#include "pitot/config.hpp"
#include "pitot/dataset.hpp"
#include "pitot/run_options.hpp"
#include "predict/parts.hpp"
#include "train/train.hpp"

namespace pitot {

[[nodiscard]] TrainOptions train_options(const RunOptions& options);

/// The same for a predictor: the baseline has a term for every platform and module before training starts, from
/// features or the average of the others where no row alone tells it. The dataset must outlive it.
[[nodiscard]] TrainOptions predictor_options(const Dataset& dataset, const RunOptions& options);

/// What a trained replicate predicts with, calibrated; `replicate` keeps its rows. Which combinations were measured is
/// left to the caller. kInput if training diverged.
[[nodiscard]] Result<PredictorParts> make_parts(const Dataset& dataset, const FitConfig& config, Replicate& replicate);

}  // namespace pitot
