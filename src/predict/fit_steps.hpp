// Steps that fitting and evaluating share.
#pragma once

#include "models/model_family.hpp"
#include "pitot/config.hpp"
#include "pitot/context.hpp"
#include "pitot/dataset.hpp"
#include "predict/parts.hpp"
#include "train/train.hpp"

namespace pitot::predict {

/// The same, for callbacks that may throw (core/border.hpp).
[[nodiscard]] Context guarded(Context context);

enum class Bounds { kWanted, kUnwanted };

/// A fitted model with what its bounds rest on (make_calibration()) and what is known of both sides. Which combinations
/// were measured is left to the caller. kInput if training diverged; kCancelled.
[[nodiscard]] Result<PredictorParts> make_parts(const Dataset& dataset, const FitConfig& config,
                                                const models::Fitted& fitted, const Context& context,
                                                Bounds bounds = Bounds::kWanted);

/// pitot::fit(), without bounds if they are not wanted.
[[nodiscard]] Result<Predictor> fit(const Dataset& dataset, const FitConfig& config, const Context& context,
                                    Bounds bounds);

}  // namespace pitot::predict
