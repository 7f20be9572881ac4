// Where the folds of a model contradict each other.
#pragma once

#include "predict/parts.hpp"

namespace pitot {

/// Sets platform_disagreement and module_disagreement: over pairs alone, evenly chosen where there are more than some
/// ten thousand, the share of those of a row in which some fold is off from the folds' median by more than a factor of
/// two. Nothing for models of fewer than three folds, and for fleets too large for a pair of every row.
void note_disagreement(PredictorParts& parts);

}  // namespace pitot
