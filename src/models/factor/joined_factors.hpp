// The folds of a factorization side by side: a pair's prediction is one pass over two rows.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "models/folds/fold_mean.hpp"
#include "models/folds/fold_model.hpp"
#include "models/folds/folded_parts.hpp"
#include "pitot/matrix_view.hpp"

namespace pitot::models {

/// Immutable. With k folds of rank r and s types of interference, a row of a platform is (1 + 2 s) k r numbers (p, then
/// every v_s, then every v_g of Factors, each of them the folds side by side), a row of a module k r; the model's
/// scales are multiplied in.
class JoinedFactors {
public:
    /// Of Family::kFactorization.
    JoinedFactors(const FoldedParts& parts, const Side& platforms, const Side& modules);

    /// y over the folds, as FoldMean and the limits have it: of the pair alone, and of what its co-runners add. Indices
    /// in range; co-runners of -1 are skipped. Does not allocate for up to 64 folds.
    [[nodiscard]] double operator()(std::int32_t platform, std::int32_t module,
                                    std::span<const std::int32_t> co_runners) const;

    [[nodiscard]] std::int64_t platforms() const { return static_cast<std::int64_t>(platform_term_.size()); }
    [[nodiscard]] std::int64_t modules() const { return static_cast<std::int64_t>(module_term_.size()); }
    [[nodiscard]] std::int64_t folds() const { return folds_; }
    [[nodiscard]] std::int64_t types() const { return types_; }

    [[nodiscard]] const FoldMean& mean() const { return mean_; }
    [[nodiscard]] const AnswerLimits& limits() const { return limits_; }

    /// What a pair has without co-runners, platforms × modules.
    [[nodiscard]] Matrix<double> pairs() const;
    /// Of one fold v_s,t(i) . m_j for all i and j, then v_g,t(i) . m_j: (2 s platforms) × modules, type by type.
    [[nodiscard]] Matrix<float> interference(std::int64_t fold) const;

private:
    // Where p (0), v_s,t (1 + t) or v_g,t (1 + s + t) of a fold begins in a platform's row.
    [[nodiscard]] std::int64_t column(std::int64_t block, std::int64_t fold) const {
        return (block * folds_ + fold) * rank_;
    }
    void add_fold(const Factors& factors, std::int64_t fold);
    // What a fold adds to the baseline, of all folds.
    [[nodiscard]] double learned(const FoldValues& values) const;

    FoldMean mean_;
    AnswerLimits limits_;
    std::int64_t folds_ = 0;
    std::int64_t rank_ = 0;
    std::int64_t types_ = 0;
    std::vector<double> platform_term_;
    std::vector<double> module_term_;
    Matrix<float> left_;
    Matrix<float> right_;
};

}  // namespace pitot::models
