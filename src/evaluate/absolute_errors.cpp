#include "evaluate/absolute_errors.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>

#include <fmt/core.h>

#include "core/check.hpp"
#include "evaluate/error_tally.hpp"

namespace pitot::evaluation {

MeanAndMedian mean_and_median(std::span<const double> values, std::span<const double> weights) {
    PITOT_CHECK(!values.empty() && values.size() == weights.size());
    std::vector<std::size_t> order(values.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, {}, [&](std::size_t i) { return values[i]; });
    MeanAndMedian result;
    double all = 0.0;
    for (const std::size_t i : order) {
        all += weights[i];
        result.mean += weights[i] * values[i];
    }
    result.mean /= all;
    // Sums of thirds and the like reach the half but for rounding.
    const double half = 0.5 * all;
    const double slack = 1e-12 * all;
    double below = 0.0;
    for (std::size_t n = 0; n < order.size(); ++n) {
        below += weights[order[n]];
        if (below >= half - slack) {
            const bool between = below <= half + slack && n + 1 < order.size();
            const double next = values[order[between ? n + 1 : n]];
            result.median = 0.5 * (values[order[n]] + next);
            break;
        }
    }
    return result;
}

Result<void> add_replicate(AbsoluteErrors& errors, std::span<const double> values, std::span<const double> weights) {
    if (!std::ranges::all_of(values, [](double e) { return std::isfinite(e); })) {
        return fail(ErrorCode::kInput, fmt::format("training diverged (replicate {} predicts values that are not "
                                                   "finite): lower train.learning_rate",
                                                   errors.mape_replicates.size()));
    }
    const MeanAndMedian of = mean_and_median(values, weights);
    errors.mape_replicates.push_back(of.mean);
    errors.median_replicates.push_back(of.median);
    return {};
}

void finish(AbsoluteErrors& errors) {
    errors.mape = spread_of(errors.mape_replicates);
    errors.median = spread_of(errors.median_replicates);
}

}  // namespace pitot::evaluation
