#include "models/folds/fold_mean.hpp"

#include <algorithm>
#include <cmath>

namespace pitot::models {
namespace {

// On the scale of logarithms: a tenth of the runtime.
constexpr double kClose = 0.1;
constexpr double kDeviations = 3.0;
// Standard deviation of a normal distribution over its median absolute deviation.
constexpr double kOfMedian = 1.4826;

double plain_mean(std::span<const double> values) {
    double sum = 0.0;
    for (const double value : values) {
        sum += value;
    }
    return values.empty() ? 0.0 : sum / static_cast<double>(values.size());
}

double median(std::span<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return values.size() % 2 == 1 ? *middle : 0.5 * (*middle + *std::max_element(values.begin(), middle));
}

}  // namespace

double AnswerLimits::slowdown(double y, int co_runners_asked) const {
    const double scale = std::max(1.0, static_cast<double>(co_runners_asked) / std::max(1, co_runners));
    return std::clamp(y, scale * least_slowdown, scale * most_slowdown);
}

FoldMean::FoldMean(const ModelConfig& config) : close_(config.logarithm ? kClose : 0.0) {}

double FoldMean::operator()(std::span<double> values) const {
    const double mean = plain_mean(values);
    double farthest = 0.0;
    for (const double value : values) {
        farthest = std::max(farthest, std::abs(value - mean));
    }
    if (values.size() < 3 || 2.0 * farthest <= close_) {
        return mean;
    }
    const double centre = median(values);
    FoldValues distances(values.size());
    std::ranges::transform(values, distances.all().begin(), [centre](double v) { return std::abs(v - centre); });
    const double limit = std::max(close_, kDeviations * kOfMedian * median(distances.all()));
    for (double& value : values) {
        value = std::clamp(value, centre - limit, centre + limit);
    }
    return plain_mean(values);
}

}  // namespace pitot::models
