// The folds of one replicate, predicting together.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "core/row_numbers.hpp"
#include "model/fold_model.hpp"
#include "model/linear_scaling.hpp"
#include "pitot/config.hpp"
#include "pitot/dataset.hpp"
#include "predict/fold_mean.hpp"
#include "train/train.hpp"

namespace pitot {

/// The folds' predictions on the model's scale, as FoldMean and the limits have it; the baseline alone when there are
/// no folds (Family::kLinearScaling). Immutable, thread-safe. The sides must outlive it.
class Ensemble {
public:
    Ensemble(const ModelConfig& config, const Side& platforms, const Side& modules, const LinearScaling& baseline,
             std::span<const FoldFit> folds, const AnswerLimits& limits = {});

    /// Memory of predict(), for one thread at a time.
    struct Scratch {
        std::unique_ptr<Executor::Scratch> executor;
        std::vector<double> folds;  // folds × rows: what each answers
    };

    /// out.size() = query.size(). Indices must be in range. What a row is answered does not depend on the rows beside
    /// it. Nothing is allocated once `scratch` was given for as many rows.
    void predict(const PairQuery& query, std::span<double> out, Scratch& scratch) const;
    void predict(const PairQuery& query, std::span<double> out) const;

private:
    LinearScaling baseline_;
    bool adds_baseline_;
    std::vector<FoldModel> folds_;
    FoldMean mean_;
    AnswerLimits limits_;
};

/// Rows `rows` of `observations`, gathered: what an ensemble is asked and, on the model's scale, the true answers.
struct GatheredRows {
    std::vector<std::int32_t> platform;
    std::vector<std::int32_t> module;
    std::vector<std::int32_t> co_runner;
    std::int32_t width = 0;
    std::vector<double> target;

    /// Rows that are gathered at a time where there may be any number of them.
    static constexpr std::size_t kPiece = 65536;

    GatheredRows(const ObservationView& observations, RowNumbers rows, const ModelConfig& config);
    [[nodiscard]] PairQuery query() const { return {platform, module, co_runner, width}; }
    /// Row i's co-runners.
    [[nodiscard]] std::span<const std::int32_t> co_runners(std::size_t i) const {
        const auto w = static_cast<std::size_t>(width);
        return std::span<const std::int32_t>(co_runner).subspan(i * w, w);
    }
};

}  // namespace pitot
