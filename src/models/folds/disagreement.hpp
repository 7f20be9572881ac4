// Where the folds of a model contradict each other.
#pragma once

#include "models/fitted_model.hpp"
#include "models/folds/folded_parts.hpp"

namespace pitot::models {

/// Over pairs alone, evenly chosen where there are more than some ten thousand: the share of those of a row in which
/// some fold is off from the folds' median by more than a factor of two. Nothing of fewer than three folds, and of
/// fleets too large for a pair of every row.
[[nodiscard]] Disagreement disagreement_of(const FoldedParts& parts, const Side& platform_side,
                                           const Side& module_side);

}  // namespace pitot::models
