#include "calibrate/calibration.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <fmt/core.h>

#include "core/check.hpp"

namespace pitot::calibrate {
namespace {

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();

std::vector<double> sorted(std::vector<double> values) {
    for (const double value : values) {
        PITOT_CHECK(std::isfinite(value));
    }
    std::ranges::sort(values);
    return values;
}

}  // namespace

std::size_t pool_beside(std::int64_t co_runners, std::size_t pools) {
    const auto number = static_cast<std::size_t>(std::max<std::int64_t>(co_runners, 0));
    return std::min(number, std::max<std::size_t>(pools, 1) - 1);
}

std::size_t pool_of(std::span<const std::int32_t> co_runners, std::size_t pools) {
    return pool_beside(std::ranges::count_if(co_runners, [](std::int32_t k) { return k != -1; }), pools);
}

std::int64_t conformal_rank(std::int64_t n, double confidence) {
    PITOT_CHECK(n >= 0 && confidence > 0.0 && confidence < 1.0);
    // A decimal confidence and the product are each off by half a unit in the last place, so a product meant to be a
    // whole number may exceed it by one unit; four are forgiven.
    const double product = static_cast<double>(n + 1) * confidence;
    const auto rank = static_cast<std::int64_t>(std::ceil(product * (1.0 - 4.0 * kEpsilon)));
    return std::max<std::int64_t>(rank, 1);
}

std::int64_t calibration_rows_needed(double confidence) {
    std::int64_t too_few = 0;
    std::int64_t enough = std::int64_t{1} << 51;  // for any confidence: the units forgiven make it 1 - 2^-50 at most
    while (enough - too_few > 1) {
        const std::int64_t middle = too_few + (enough - too_few) / 2;
        (conformal_rank(middle, confidence) <= middle ? enough : too_few) = middle;
    }
    return enough;
}

Result<void> check_confidence(double confidence) {
    if (!(confidence > 0.0 && confidence < 1.0)) {
        return fail(ErrorCode::kUsage,
                    fmt::format("confidence {} is not between 0 and 1: give a share such as 0.9", confidence));
    }
    return {};
}

Calibration::Calibration(std::vector<std::vector<double>> pools) : pools_(std::move(pools)) {
    for (std::vector<double>& residuals : pools_) {
        residuals = sorted(std::move(residuals));
    }
}

std::span<const double> Calibration::residuals(std::size_t pool) const {
    return pool < pools_.size() ? std::span<const double>(pools_[pool]) : std::span<const double>();
}

double Calibration::margin_or(std::size_t pool, double confidence, double none) const {
    const std::span<const double> rows = residuals(pool);
    const auto n = static_cast<std::int64_t>(rows.size());
    const std::int64_t rank = conformal_rank(n, confidence);
    return rank > n ? none : rows[static_cast<std::size_t>(rank - 1)];
}

Result<double> Calibration::margin(std::size_t pool, double confidence) const {
    if (auto ok = check_confidence(confidence); !ok) {
        return Failure(ok.error());
    }
    const double margin = margin_or(pool, confidence, std::numeric_limits<double>::quiet_NaN());
    if (std::isnan(margin)) {
        const std::size_t n = residuals(pool).size();
        const std::string kind =
            fmt::format("{} {} co-runners", calibration_rows_needed(confidence) == 1 ? "combination" : "combinations",
                        pool == 0 ? "without" : "with");
        return fail(
            ErrorCode::kInput,
            fmt::format("an upper bound at confidence {} needs at least {} {} set aside, and there {} {}: fit with "
                        "more such rows or a larger calibration share{}",
                        confidence, calibration_rows_needed(confidence), kind, n == 1 ? "is" : "are",
                        n == 0 ? "none" : std::to_string(n), n == 0 ? "" : ", or ask for less confidence"));
    }
    return margin;
}

}  // namespace pitot::calibrate
