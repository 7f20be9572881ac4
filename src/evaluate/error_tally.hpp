// Relative errors of one predictor, gathered over replicates.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "evaluate/error_quantiles.hpp"
#include "pitot/evaluate.hpp"
#include "pitot/result.hpp"

namespace pitot::evaluation {

/// Mean and sample standard deviation; zeros of no values.
[[nodiscard]] Spread spread_of(std::span<const double> values);

/// Errors e = prediction / truth - 1 of one predictor over all replicates of one objective.
class ErrorTally {
public:
    /// Some of a replicate's errors, and what each weighs in the mean (nothing: 1 each). Error: kInput if one is not
    /// finite.
    [[nodiscard]] Result<void> add(std::span<const double> errors, std::span<const double> weights = {});

    /// Ends a replicate.
    void finish();

    [[nodiscard]] ErrorMetrics metrics() const;

private:
    double sum_ = 0.0;  // of the replicate under way
    double weight_ = 0.0;
    std::vector<double> mape_;
    ErrorQuantiles quantiles_;
};

}  // namespace pitot::evaluation
