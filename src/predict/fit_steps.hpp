// Steps that fitting and evaluating share.
#pragma once

#include "conformal/calibration.hpp"
#include "pitot/config.hpp"
#include "pitot/dataset.hpp"
#include "pitot/run_options.hpp"
#include "predict/ensemble.hpp"
#include "train/train.hpp"

namespace pitot {

[[nodiscard]] TrainOptions train_options(const RunOptions& options);

/// Residuals of the calibration rows of both objectives. The rows must have had no part in what `ensemble` is made of.
/// kInput if a prediction is not finite.
[[nodiscard]] Result<Calibration> calibrate(const Ensemble& ensemble, const ModelConfig& model, const Dataset& dataset,
                                            const ReplicateRows& rows);

}  // namespace pitot
