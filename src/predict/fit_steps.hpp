// Steps that fitting and evaluating share.
#pragma once

#include <functional>
#include <span>

#include "conformal/calibration.hpp"
#include "pitot/config.hpp"
#include "pitot/dataset.hpp"
#include "pitot/run_options.hpp"
#include "predict/ensemble.hpp"
#include "train/train.hpp"

namespace pitot {

[[nodiscard]] TrainOptions train_options(const RunOptions& options);

/// Writes y of every pair of a query; out.size() = query.size().
using PredictPairs = std::function<void(const PairQuery& query, std::span<double> out)>;

/// Residuals of the calibration rows of both objectives. The rows must have had no part in what `predict` is made of.
/// kInput if a prediction is not finite.
[[nodiscard]] Result<Calibration> calibrate(const PredictPairs& predict, const ModelConfig& model,
                                            const Dataset& dataset, const ReplicateRows& rows);

}  // namespace pitot
