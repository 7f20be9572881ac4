// What a model of folds is made of.
#pragma once

#include <vector>

#include "models/folds/fold_mean.hpp"
#include "models/scaling/linear_scaling.hpp"
#include "pitot/config.hpp"
#include "train/train.hpp"

namespace pitot::models {

struct FoldedParts {
    ModelConfig config;
    LinearScaling baseline;             ///< a term for every row of both sides
    std::vector<train::FoldFit> folds;  ///< at least one
    AnswerLimits limits{};              ///< none in older files
};

}  // namespace pitot::models
