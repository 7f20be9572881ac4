// Adam, the optimiser (Kingma and Ba 2015), and the learning rate of its steps.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>

namespace pitot::backend {

/// The learning rate of each step of training: a constant, or a function of the step's number (from 0).
class LearningRate {
public:
    LearningRate() = default;
    // NOLINTNEXTLINE(google-explicit-constructor): a number is a learning rate
    LearningRate(double constant) : constant_(constant) {}
    explicit LearningRate(std::function<double(std::int64_t step)> of_step) : of_step_(std::move(of_step)) {}

    [[nodiscard]] bool is_constant() const { return !of_step_; }
    [[nodiscard]] double at(std::int64_t step) const { return of_step_ ? of_step_(step) : constant_; }

    /// Whether both are the same constant. Two functions are never known to be equal.
    friend bool operator==(const LearningRate& a, const LearningRate& b) {
        return a.is_constant() && b.is_constant() && a.constant_ == b.constant_;
    }

private:
    double constant_ = 0.0;
    std::function<double(std::int64_t)> of_step_;
};

/// With gradient g, update t = 1, 2, … of a parameter p with moments m and v, both 0 at the start:
///     m = beta1 m + (1 - beta1) g,   v = beta2 v + (1 - beta2) g²,
///     p -= learning rate * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon).
struct Adam {
    LearningRate learning_rate;
    double beta1, beta2, epsilon;

    /// Whether updates with gradient 0 that a row has missed can be made up for at once (see SkippedUpdates). Where
    /// they cannot, every step has to update every row that was ever named. True for a constant learning rate and
    /// moments that die away soon enough, as with the usual 0.9 and 0.999.
    [[nodiscard]] bool catches_up_in_closed_form() const;

    bool operator==(const Adam&) const = default;
};

/// The scalars of one Adam update: p -= rate * m / (sqrt(v) * root + epsilon) after m and v were updated.
struct AdamStep {
    double beta1, beta2, epsilon;
    double rate;  ///< learning rate / (1 - beta1^t)
    double root;  ///< 1 / sqrt(1 - beta2^t)
};

/// Those of update `update` (from 1) by the learning rate of step `step`.
[[nodiscard]] AdamStep adam_step(const Adam& adam, std::int64_t update, std::int64_t step);

}  // namespace pitot::backend
