// Rows that were never measured: their baseline term from side information.
#pragma once

#include "pitot/result.hpp"
#include "predict/parts.hpp"

namespace pitot {

/// Gives every row whose basis is not kMeasured a baseline term: by ridge regression of the measured rows' terms on
/// features (and the basis kFeatures), or their mean where the side has none (kAverage).
void fill_baseline(const Side& side, std::vector<Basis>& basis, std::vector<double>& terms);

/// Learned inputs (or table rows) of rows whose basis is not kMeasured become the mean over those whose is: training
/// left them where they started, at random.
void average_unmeasured_inputs(PredictorParts& parts);

/// `parts` with rows appended; what Predictor::with_rows() promises.
[[nodiscard]] Result<PredictorParts> extend_parts(const PredictorParts& parts, const Side& platforms,
                                                  const Side& modules);

}  // namespace pitot
