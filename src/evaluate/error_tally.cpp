#include "evaluate/error_tally.hpp"

#include <cmath>
#include <utility>

#include <fmt/core.h>

namespace pitot {

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

Result<void> ErrorTally::add(const Scale& scale, std::span<const double> y, std::span<const double> target) {
    for (std::size_t i = 0; i < y.size(); ++i) {
        const double error = scale.error(y[i], target[i]);
        if (!std::isfinite(error)) {
            return fail(ErrorCode::kInput, fmt::format("training diverged (replicate {} predicts values that are not "
                                                       "finite): lower train.learning_rate",
                                                       mape_.size()));
        }
        sum_ += std::abs(error);
        quantiles_.add(error);
    }
    return {};
}

void ErrorTally::finish(std::int64_t rows) { mape_.push_back(std::exchange(sum_, 0.0) / static_cast<double>(rows)); }

ErrorMetrics ErrorTally::metrics() const {
    return {mape_, spread_of(mape_), quantiles_.percentiles(), quantiles_.exact()};
}

}  // namespace pitot
