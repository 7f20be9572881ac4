// How well a configuration predicts a dataset: random splits, errors on test rows, and whether bounds hold.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pitot/config.hpp"
#include "pitot/dataset.hpp"
#include "pitot/result.hpp"
#include "pitot/run_options.hpp"

namespace pitot {

/// Mean and sample standard deviation over replicates; the deviation of fewer than two is 0.
struct Spread {
    double mean = 0.0;
    double std = 0.0;
};

/// Relative errors e = prediction / truth - 1 on test rows, as shares (0.05 = 5 %).
struct ErrorMetrics {
    std::vector<double> replicates;        ///< MAPE of each: mean |e| over its test rows
    Spread mape;                           ///< over replicates
    std::array<double, 100> percentile{};  ///< q-th of all replicates' signed e, q = 0 … 99, linearly interpolated
    bool percentile_exact = true;          ///< false: from a sketch, see kPercentileError
};

/// Percentiles are exact up to kExactErrors errors an objective. Beyond that they come from a sketch of fixed size
/// whose values are off by at most this share of themselves (or this share of 0.001 near 0).
inline constexpr double kPercentileError = 1e-4;
inline constexpr std::int64_t kExactErrors = std::int64_t{1} << 21;

/// How the bounds of one confidence fared on test rows.
struct BoundMetrics {
    double confidence = 0.0;
    Spread coverage;           ///< share of test rows whose runtime did not exceed its bound
    Spread over_provisioning;  ///< mean of max(0, bound / runtime - 1) over test rows
    std::string unavailable;   ///< why there is no such bound (too few calibration rows); empty if there is
};

/// One objective: "mf" (rows alone) or "if" (rows with co-runners).
struct ObjectiveMetrics {
    std::string objective;
    std::int64_t test_rows = 0;         ///< of each replicate
    std::int64_t calibration_rows = 0;  ///< of each replicate
    ErrorMetrics model;
    ErrorMetrics baseline;             ///< linear scaling alone, fitted on the same rows
    std::vector<BoundMetrics> bounds;  ///< empty unless asked for
};

struct Evaluation {
    std::vector<ObjectiveMetrics> objectives;  ///< those that have test rows, mf first
    std::int64_t replicates = 0;               ///< finished
    std::int64_t replicates_asked = 0;
    bool complete = true;    ///< false: stopped by the user before the last replicate
    double seconds = 0.0;    ///< wall time of training and predicting
    std::int64_t steps = 0;  ///< training steps of all models of the finished replicates
    double steps_per_second = 0.0;
};

struct EvaluateOptions {
    double share = 0.9;            ///< training share (training + validation)
    std::int64_t replicates = 25;  ///< random splits
    /// Set `config.calibration_share` of the non-test rows aside first and measure bounds. Without it the splits are
    /// exactly the published ones.
    bool bounds = false;
    std::vector<double> confidences{0.9, 0.95, 0.99};
    RunOptions run{};
};

/// Trains and tests. Memory does not grow with the number of replicates, but for 8 bytes of MAPE a replicate and
/// objective. Asked to stop, it returns what finished replicates gave, marked incomplete, or kCancelled if there are
/// none. Errors: kUsage (configuration, share, replicates, confidence), kInput (the dataset lacks what is needed, no
/// row is left to test on, training diverged), kEnvironment.
[[nodiscard]] Result<Evaluation> evaluate(const Dataset& dataset, const FitConfig& config,
                                          const EvaluateOptions& options);

}  // namespace pitot
