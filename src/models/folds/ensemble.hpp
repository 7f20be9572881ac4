// The folds of one replicate, predicting together.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "models/folds/fold_mean.hpp"
#include "models/folds/fold_model.hpp"
#include "models/scaling/linear_scaling.hpp"
#include "pitot/config.hpp"
#include "pitot/dataset.hpp"
#include "train/train.hpp"

namespace pitot::models {

/// The folds' predictions on the model's scale, as FoldMean and the limits have it. Immutable, thread-safe.
class Ensemble {
public:
    Ensemble(const ModelConfig& config, const Side& platforms, const Side& modules, const LinearScaling& baseline,
             std::span<const train::FoldFit> folds, const AnswerLimits& limits = {});

    /// Memory of predict(), for one thread at a time.
    struct Scratch : ModelScratch {
        std::unique_ptr<backend::Executor::Scratch> executor;
        std::vector<double> folds;  // folds × rows: what each answers
    };

    /// out.size() = query.size(). Indices must be in range. What a row is answered does not depend on the rows beside
    /// it. Nothing is allocated once `scratch` was given for as many rows.
    void predict(const PairQuery& query, std::span<double> out, Scratch& scratch) const;

private:
    LinearScaling baseline_;
    bool adds_baseline_;
    std::vector<FoldModel> folds_;
    FoldMean mean_;
    AnswerLimits limits_;
};

}  // namespace pitot::models
