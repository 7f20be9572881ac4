// Fits the predictors of an evaluation of held-out rows.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "pitot/config.hpp"
#include "pitot/context.hpp"
#include "pitot/dataset.hpp"
#include "pitot/predictor.hpp"
#include "pitot/result.hpp"
#include "predict/fit_steps.hpp"

namespace pitot::evaluation {

/// The rows of both, rising.
[[nodiscard]] std::vector<std::int64_t> joined(std::span<const std::int64_t> a, std::span<const std::int64_t> b);

/// Fits predictors of some rows of a dataset, and counts them for its progress. The dataset must outlive it.
class Learner {
public:
    /// `fits`: how many there will be. `refit`: nothing is folded in.
    Learner(const Dataset& dataset, FitConfig config, Context context, std::int64_t fits, predict::Bounds bounds,
            bool refit);

    [[nodiscard]] Result<Predictor> fitted(std::span<const std::int64_t> rows, std::int64_t replicate);

    /// The predictor `base` of `rows` after it learned from `more`, too: folded in, or fitted again by families that
    /// cannot.
    [[nodiscard]] Result<Predictor> taught(const std::optional<Predictor>& base, std::span<const std::int64_t> rows,
                                           std::span<const std::int64_t> more, std::int64_t replicate);

    [[nodiscard]] Result<Predictor> linear_scaling(std::span<const std::int64_t> rows) const;

private:
    const Dataset& dataset_;
    FitConfig config_;
    Context context_;
    std::int64_t fits_;
    predict::Bounds bounds_;
    bool refit_;
    std::int64_t count_ = 0;
};

}  // namespace pitot::evaluation
