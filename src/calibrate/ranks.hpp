// Which of some scores, in ascending order, bounds the next.
#pragma once

#include <cstdint>

#include "pitot/result.hpp"

namespace pitot::calibrate {

/// ceil((n + 1) * confidence), guarded against the product's rounding error: the rank, from 1, of the residual that
/// bounds. Larger than n when n rows are too few. Needs n >= 0 and 0 < confidence < 1.
[[nodiscard]] std::int64_t conformal_rank(std::int64_t n, double confidence);

/// The rank of the residual that a further one falls below with at most 1 - confidence: n + 1 - conformal_rank(). Less
/// than 1 when n rows are too few.
[[nodiscard]] inline std::int64_t lower_rank(std::int64_t n, double confidence) {
    return n + 1 - conformal_rank(n, confidence);
}

/// The least n with conformal_rank(n, confidence) <= n, which is ceil(1 / (1 - confidence)) - 1.
[[nodiscard]] std::int64_t calibration_rows_needed(double confidence);

/// kUsage unless 0 < confidence < 1.
[[nodiscard]] Result<void> check_confidence(double confidence);

}  // namespace pitot::calibrate
