// Terms of platforms or modules that were never measured, from side information.
#pragma once

#include <vector>

#include "pitot/dataset.hpp"

namespace pitot::models {

/// Gives every row of a side that is not `known` a term: by ridge regression of the known rows' terms on features, or
/// their mean where the side has none. No such term is farther from the known ones than half of their range.
void fill_baseline(const Side& side, const std::vector<bool>& known, std::vector<double>& terms);

}  // namespace pitot::models
