// Rows of a side that training left where they started, at random.
#pragma once

#include <vector>

#include "pitot/config.hpp"
#include "pitot/dataset.hpp"
#include "pitot/predictor.hpp"
#include "train/train.hpp"

namespace pitot::models {

/// Learned inputs (or table rows) of rows whose basis is not kMeasured become the mean over the others, in every fold.
/// A basis a row of each side.
void average_untrained_rows(const ModelConfig& config, const Side& platforms, const Side& modules,
                            const std::vector<Basis>& platform_basis, const std::vector<Basis>& module_basis,
                            std::vector<train::FoldFit>& folds);

}  // namespace pitot::models
