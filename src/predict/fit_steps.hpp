// Steps that fitting and evaluating share.
#pragma once

#include "models/model_family.hpp"
#include "pitot/config.hpp"
#include "pitot/dataset.hpp"
#include "pitot/run_options.hpp"
#include "predict/parts.hpp"
#include "train/train.hpp"

namespace pitot {

[[nodiscard]] TrainOptions train_options(const RunOptions& options);

/// A fitted model with the bounds of its calibration rows and what is known of both sides. Which combinations were
/// measured is left to the caller. kInput if training diverged.
[[nodiscard]] Result<PredictorParts> make_parts(const Dataset& dataset, const FitConfig& config, const Fitted& fitted);

}  // namespace pitot
