// Which pairs to measure next, and what that is expected to bring.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "pitot/context.hpp"
#include "pitot/predictor.hpp"

namespace pitot {

struct AdviseOptions {
    std::int64_t budget = 10;               ///< pairs wanted, at least 1
    std::vector<std::int32_t> platforms{};  ///< of which pairs are known better and measured; empty: all
    std::vector<std::int32_t> modules{};    ///< the same
    /// Pairs (platform, module) of these that can be measured; empty: all that were never learned from.
    std::vector<std::pair<std::int32_t, std::int32_t>> among{};
    bool by_seconds = false;  ///< gain over predicted runtime; else a run costs the same whatever it takes
    Context context{};        ///< threads and stop token
};

/// A pair to measure. What it is expected to bring holds after it and those before it were measured once.
struct AdvisedPair {
    std::int32_t platform = 0;
    std::int32_t module = 0;
    double runtime_us = 0.0;  ///< predicted
    double error = 0.0;       ///< mean of |prediction / runtime - 1| over the pairs that were to be known better
    double bound = 0.0;       ///< mean margin of a bound of 90 %: bound / prediction - 1
};

struct Advice {
    std::vector<AdvisedPair> pairs;  ///< in the order to measure them: `budget`, or all that can be
    std::int64_t targets = 0;        ///< pairs never learned from, which are to be known better
    double error = 0.0;              ///< expected of them now, as in AdvisedPair
    double bound = 0.0;
};

// Predictor::advise(options) takes pairs one by one, each the one that lowers the summed variance of the pairs never
// learned from most, Σ_j C_jx² / (C_xx + σ²), C their posterior covariance, which is brought down before the next one
// is taken (Seeger et al. 2003; MacKay 1992). Of one platform or one module C is that of its pairs, given the measured
// pairs near them. Of more, C is made of the covariances along each platform and along each module: the covariance of
// (p', k) with (p, j) is taken for that of (p', j) with (p, j) times the regression of (p', k) on (p', j). Error and
// bound are those of normal variables of these variances; a measured pair's own does not count any more. Errors: kUsage
// for rows or pairs that do not exist or a budget below 1; kInput if the family cannot (Predictor::learns_on), no pair
// is left, or the fleet is too large to be advised on as a whole; kCancelled.

}  // namespace pitot
