// Rows that were never measured: their baseline term from side information.
#pragma once

#include "pitot/result.hpp"
#include "predict/parts.hpp"

namespace pitot {

/// Gives every row that is not `known` a baseline term: by ridge regression of the known rows' terms on features, or
/// their mean where the side has none. No such term is farther from the known ones than half of their range.
void fill_baseline(const Side& side, const std::vector<bool>& known, std::vector<double>& terms);

/// Learned inputs (or table rows) of rows that training left where they started, at random, become the mean over the
/// others: those whose basis is not kMeasured, but for modules that an interference model knows as co-runners.
void average_unmeasured_inputs(PredictorParts& parts);

/// Whether a table's columns are the model's, in any order; kInput naming those that are missing, unknown or repeated.
/// kind: "platform" or "module".
[[nodiscard]] Result<void> check_feature_names(const Side& known, const Side& table, const char* kind);

/// `parts` with rows appended; what Predictor::with_rows() promises.
[[nodiscard]] Result<PredictorParts> extend_parts(const PredictorParts& parts, const Side& platforms,
                                                  const Side& modules);

}  // namespace pitot
