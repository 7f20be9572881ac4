// Rows that a model never saw, appended to its sides.
#pragma once

#include "pitot/result.hpp"
#include "predict/parts.hpp"

namespace pitot::predict {

/// Whether a table's columns are the model's, in any order; kInput naming those that are missing, unknown or repeated.
/// kind: "platform" or "module".
[[nodiscard]] Result<void> check_feature_names(const Side& known, const Side& table, const char* kind);

/// `known` with the rows of `extra`, whose columns are those of `known` in any order.
[[nodiscard]] Side joined_side(const Side& known, const Side& extra);

/// Makes room for the rows that `parts` has not yet beside those of its sides, which were appended to them.
void note_appended_rows(PredictorParts& parts);

/// `parts` with rows appended; what Predictor::with_rows() promises.
[[nodiscard]] Result<PredictorParts> extend_parts(const PredictorParts& parts, const Side& platforms,
                                                  const Side& modules);

}  // namespace pitot::predict
