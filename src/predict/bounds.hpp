// From a fitted model to the scores that its bounds rest on.
#pragma once

#include "calibrate/calibration.hpp"
#include "models/model_family.hpp"
#include "pitot/config.hpp"
#include "pitot/context.hpp"
#include "pitot/dataset.hpp"
#include "predict/parts.hpp"
#include "train/row_draw.hpp"

namespace pitot::predict {

/// The share of combinations that a configuration sets aside: none where bounds are to come from leave-one-out rows.
[[nodiscard]] double share_set_aside(const FitConfig& config);

/// Whether a dataset and a family have what the bounds asked for need. kUsage: leave-one-out rows of a family that has
/// none. kInput: groups by microarchitecture of a dataset without columns uarch=NAME.
[[nodiscard]] Result<void> check_bounds(const Dataset& dataset, const FitConfig& config);

/// Scores of rows set aside, of rows learned from, each answered without itself, and of rows answered without their
/// platform or module, with the very answers that a predictor gives: bounds rest on residuals exact to the bit. `parts`
/// have their model and what is known of both sides. kInput if training diverged; kCancelled.
[[nodiscard]] Result<calibrate::Calibration> make_calibration(const PredictorParts& parts, const Dataset& dataset,
                                                              const train::ReplicateRows& rows, const Context& context);

}  // namespace pitot::predict
