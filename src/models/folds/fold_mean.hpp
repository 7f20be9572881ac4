// What the folds of a model answer, as one answer that no single fold can spoil.
#pragma once

#include <array>
#include <cstddef>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "pitot/config.hpp"

namespace pitot::models {

/// Between which values answers stay, learned from the rows trained on; on the model's scale.
struct AnswerLimits {
    static constexpr double kNone = std::numeric_limits<double>::infinity();
    double least = -kNone;           ///< what a fold adds to the baseline
    double most = kNone;             ///< the same
    double least_slowdown = -kNone;  ///< what co_runners co-runners add to a pair alone
    double most_slowdown = kNone;    ///< the same
    int co_runners = 1;              ///< the most that a row had

    [[nodiscard]] double learned(double y) const { return y < least ? least : y > most ? most : y; }
    /// More co-runners than a row had may add in proportion.
    [[nodiscard]] double slowdown(double y, int co_runners_asked) const;
};

/// Mean over folds of values that may be far off in a few of them: Huber's winsorised mean. Values farther from the
/// median than three standard deviations, taken from the median absolute deviation (Huber and Ronchetti, "Robust
/// Statistics", 2009), count as if they were that far. Values within `close` of each other are never touched, so that
/// folds that agree answer with their plain mean to the bit.
class FoldMean {
public:
    explicit FoldMean(const ModelConfig& config);

    /// Values in any order; they are moved about. None: 0.
    [[nodiscard]] double operator()(std::span<double> values) const;

private:
    double close_;
};

/// Room for a value of every fold, on the stack where there are not many.
class FoldValues {
public:
    explicit FoldValues(std::size_t folds) {
        if (folds > few_.size()) {
            many_.resize(folds);
        }
        values_ = many_.empty() ? std::span(few_).first(folds) : std::span(many_);
    }
    FoldValues(const FoldValues&) = delete;
    FoldValues& operator=(const FoldValues&) = delete;
    ~FoldValues() = default;
    [[nodiscard]] std::span<double> all() const { return values_; }
    double& operator[](std::size_t fold) const { return values_[fold]; }

private:
    std::array<double, 64> few_;
    std::vector<double> many_;
    std::span<double> values_;
};

}  // namespace pitot::models
