#include "calibrate/ranks.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/core.h>

#include "core/check.hpp"

namespace pitot::calibrate {
namespace {

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();

}  // namespace

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

}  // namespace pitot::calibrate
