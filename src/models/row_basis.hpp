// What predictions for rows of either side rest on.
#pragma once

#include <cstddef>
#include <vector>

#include "pitot/config.hpp"
#include "pitot/dataset.hpp"
#include "pitot/predictor.hpp"
#include "train/row_draw.hpp"

namespace pitot::models {

/// One for each row of a side.
struct RowBasis {
    std::vector<Basis> platform;
    std::vector<Basis> module;
    std::vector<Basis> co_runner;  ///< as modules are known themselves, but kMeasured for those that were co-runners
};

/// Whether a configuration learns from rows of a dataset's pool.
[[nodiscard]] bool learns_from(const Dataset& dataset, const FitConfig& config, std::size_t pool);

/// Of a replicate whose `rest` is learned from.
[[nodiscard]] RowBasis basis_of_rows(const Dataset& dataset, const FitConfig& config, const train::ReplicateRows& rows);

}  // namespace pitot::models
