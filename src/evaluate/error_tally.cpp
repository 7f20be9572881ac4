#include "evaluate/error_tally.hpp"

#include <cmath>
#include <utility>

#include <fmt/core.h>

namespace pitot::evaluation {

Spread spread_of(std::span<const double> values) {
    if (values.empty()) {
        return {};
    }
    const auto n = static_cast<double>(values.size());
    double sum = 0.0;
    for (const double v : values) {
        sum += v;
    }
    const double mean = sum / n;
    double squares = 0.0;
    for (const double v : values) {
        squares += (v - mean) * (v - mean);
    }
    return {mean, values.size() < 2 ? 0.0 : std::sqrt(squares / (n - 1.0))};
}

Result<void> ErrorTally::add(std::span<const double> errors, std::span<const double> weights) {
    for (std::size_t i = 0; i < errors.size(); ++i) {
        if (!std::isfinite(errors[i])) {
            return fail(ErrorCode::kInput, fmt::format("training diverged (replicate {} predicts values that are not "
                                                       "finite): lower train.learning_rate",
                                                       mape_.size()));
        }
        const double weight = weights.empty() ? 1.0 : weights[i];
        sum_ += weight * std::abs(errors[i]);
        weight_ += weight;
        quantiles_.add(errors[i]);
    }
    return {};
}

void ErrorTally::finish() { mape_.push_back(std::exchange(sum_, 0.0) / std::exchange(weight_, 0.0)); }

ErrorMetrics ErrorTally::metrics() const {
    return {mape_, spread_of(mape_), quantiles_.percentiles(), quantiles_.exact()};
}

}  // namespace pitot::evaluation
