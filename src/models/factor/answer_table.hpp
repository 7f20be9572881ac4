// The answers for every pair of a fleet that is not large, computed once.
#pragma once

#include <cstdint>
#include <span>

#include "models/factor/joined_factors.hpp"
#include "models/folds/ensemble.hpp"
#include "pitot/matrix_view.hpp"

namespace pitot::models {

/// Immutable. Holds y of every pair and, for interference models, for every fold and type what the pair is susceptible
/// to and what its module does to others on its platform, so that a co-runner costs folds × types multiply-adds.
class AnswerTable {
public:
    explicit AnswerTable(const JoinedFactors& factors);
    /// Of a model that ignores co-runners.
    AnswerTable(const Ensemble& ensemble, const ModelConfig& config, std::int64_t platforms, std::int64_t modules);

    /// y over the folds for every row, as JoinedFactors answers. Indices in range; co-runners of -1 are skipped. Does
    /// not allocate for up to 64 folds.
    void predict(const PairQuery& query, std::span<double> out) const;

    /// Memory of a table of so many cells.
    [[nodiscard]] static std::int64_t bytes(std::int64_t cells, std::int64_t folds_and_types);

private:
    [[nodiscard]] double interference(std::int32_t platform, std::int32_t module,
                                      std::span<const std::int32_t> co_runners) const;
    // Brings what a row's answer is made of into the cache.
    void prefetch(std::int32_t platform, std::int32_t module, std::span<const std::int32_t> co_runners) const;
    [[nodiscard]] std::int64_t cell(std::int32_t platform, std::int32_t module) const {
        return platform * pairs_.cols() + module;
    }

    Matrix<double> pairs_;  // platforms × modules
    FoldMean mean_;
    AnswerLimits limits_;
    std::int64_t folds_ = 0;
    std::int64_t types_ = 0;
    std::int64_t depth_ = 0;        // folds × types, padded with zeros to whole vectors
    Matrix<float> susceptibility_;  // cells × depth
    Matrix<float> magnitude_;       // cells × depth
};

}  // namespace pitot::models
