// The rows that calibrate a model's bounds, kept so that bounds stay valid while the model learns on.
#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <tuple>
#include <vector>

#include "pitot/result.hpp"
#include "predict/parts.hpp"
#include "train/row_draw.hpp"

namespace pitot::predict {

/// The rows whose residuals are in the calibration of `parts`.
[[nodiscard]] CalibrationRows calibration_rows_of(const PredictorParts& parts, const Dataset& dataset,
                                                  const train::ReplicateRows& rows);

/// A combination: platform, module and its co-runners, descending, without -1.
using Combination = std::tuple<std::int32_t, std::int32_t, std::vector<std::int32_t>>;
[[nodiscard]] Combination combination(std::int32_t platform, std::int32_t module,
                                      std::span<const std::int32_t> co_runners);

/// Drops the rows of combinations that are learned from now; how many combinations had some.
std::int64_t drop_calibration_rows(const std::set<Combination>& learned, CalibrationRows& rows);

/// Computes the scores of rows set aside again, with the answers of the model that `parts` have and the scale and
/// groups that bounds have: no run that the model learned from is among these rows, so that bounds hold as after a fit.
/// Scores of runs learned from and of rows held out stay those of the fit, and so do those of rows beside others that
/// are not known. False, and nothing changes, where no rows are known (older files) or bounds alone rest on runs
/// learned from. kInput if scores are not finite.
[[nodiscard]] Result<bool> recalibrate(PredictorParts& parts);

}  // namespace pitot::predict
