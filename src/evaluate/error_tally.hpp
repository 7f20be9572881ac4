// Relative errors of one predictor, gathered over replicates.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "evaluate/error_quantiles.hpp"
#include "pitot/evaluate.hpp"
#include "pitot/result.hpp"
#include "predict/scale.hpp"

namespace pitot {

/// Mean and sample standard deviation; zeros of no values.
[[nodiscard]] Spread spread_of(std::span<const double> values);

/// Errors e = prediction / truth - 1 of one predictor over all replicates of one objective.
class ErrorTally {
public:
    /// Some of a replicate's predictions and targets, both on `scale`. Error: kInput if one is not finite.
    [[nodiscard]] Result<void> add(const Scale& scale, std::span<const double> y, std::span<const double> target);

    /// Ends a replicate of so many rows.
    void finish(std::int64_t rows);

    [[nodiscard]] ErrorMetrics metrics() const;

private:
    double sum_ = 0.0;  // of the replicate under way
    std::vector<double> mape_;
    ErrorQuantiles quantiles_;
};

}  // namespace pitot
