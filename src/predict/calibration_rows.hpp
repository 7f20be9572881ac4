// The rows alone that calibrate a model's bounds, kept so that bounds stay valid while the model learns on.
#pragma once

#include <cstdint>
#include <span>

#include "pitot/result.hpp"
#include "predict/parts.hpp"
#include "train/row_draw.hpp"

namespace pitot::predict {

/// The rows alone whose residuals are in the calibration of `parts`.
[[nodiscard]] CalibrationRows calibration_rows_of(const PredictorParts& parts, const Dataset& dataset,
                                                  const train::ReplicateRows& rows);

/// Drops the rows of pairs that are learned from now; how many pairs had some.
std::int64_t drop_calibration_rows(std::span<const std::int32_t> platform, std::span<const std::int32_t> module,
                                   CalibrationRows& rows);

/// Computes the scores of rows alone again, with the answers of the model that `parts` have and the scale and groups
/// that bounds have: no run that the model learned from is among these rows, so that bounds hold as after a fit. Scores
/// of runs learned from, of rows beside others and of rows held out stay those of the fit. False, and nothing changes,
/// where the rows are not known (older files) or bounds alone rest on runs learned from. kInput if scores are not
/// finite.
[[nodiscard]] Result<bool> recalibrate(PredictorParts& parts);

}  // namespace pitot::predict
