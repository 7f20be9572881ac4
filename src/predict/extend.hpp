// Rows that a model never saw, appended to its sides.
#pragma once

#include "pitot/result.hpp"
#include "predict/parts.hpp"

namespace pitot::predict {

/// Whether a table's columns are the model's, in any order; kInput naming those that are missing, unknown or repeated.
/// kind: "platform" or "module".
[[nodiscard]] Result<void> check_feature_names(const Side& known, const Side& table, const char* kind);

/// `parts` with rows appended; what Predictor::with_rows() promises.
[[nodiscard]] Result<PredictorParts> extend_parts(const PredictorParts& parts, const Side& platforms,
                                                  const Side& modules);

}  // namespace pitot::predict
