// How well a configuration predicts a dataset: random splits, errors on test rows, and whether bounds hold.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pitot/config.hpp"
#include "pitot/context.hpp"
#include "pitot/dataset.hpp"
#include "pitot/export.hpp"
#include "pitot/predictor.hpp"
#include "pitot/result.hpp"

namespace pitot {

/// Mean and sample standard deviation over replicates; the deviation of fewer than two is 0.
struct Spread {
    double mean = 0.0;
    double std = 0.0;
};

/// Relative errors e = prediction / truth - 1 on test rows, as shares (0.05 = 5 %).
struct ErrorMetrics {
    std::vector<double> replicates;        ///< MAPE of each: mean |e| over its test combinations, of their runs
    Spread mape;                           ///< over replicates
    std::array<double, 100> percentile{};  ///< q-th of all replicates' signed e, q = 0 … 99, linearly interpolated
    bool percentile_exact = true;          ///< false: from a sketch, see kPercentileError
};

/// Percentiles are exact up to kExactErrors errors an objective. Beyond that they come from a sketch of fixed size
/// whose values are off by at most this share of themselves (or this share of 0.001 near 0).
inline constexpr double kPercentileError = 1e-4;
inline constexpr std::int64_t kExactErrors = std::int64_t{1} << 21;

/// Coverage of single platforms (or modules), over all replicates.
struct CoverageRange {
    static constexpr double kLeastRows = 50.0;  ///< test combinations that a platform needs to count
    std::int64_t groups = 0;                    ///< that had as many; the others are left out
    double least = 0.0;
    double most = 0.0;
    std::string least_name;       ///< the platform or module whose coverage is the least
    double short_by_tenth = 0.0;  ///< share of the groups whose coverage is more than 0.1 below the confidence
};

/// How the bounds fared that rest on one pool of calibration rows.
struct PoolCoverage {
    std::string pool;  ///< as BoundSource::pool
    BoundFrom from = BoundFrom::kSetAside;
    double rows = 0.0;  ///< test rows a replicate, on average
    Spread coverage;
    Spread over_provisioning;
};

/// How the bounds of one confidence fared on test rows. Every combination counts once, whatever its number of runs.
struct BoundMetrics {
    double confidence = 0.0;
    Spread coverage;           ///< share of runs that did not exceed their bound
    Spread over_provisioning;  ///< mean of max(0, bound / runtime - 1)
    std::string unavailable;   ///< why there is no such bound (too few calibration rows); empty if there is. The rest
                               ///< is then 0 or empty
    /// The same coverage of test rows whose pair of platform and module the model learned from (in other runs, or
    /// beside others) and of the rest; nothing unless there are both.
    std::optional<Spread> seen;
    std::optional<Spread> unseen;
    std::int64_t unbounded_rows = 0;  ///< test rows of all replicates without a bound: none like them was learned from
    /// The same by the pool that a row's bound rests on, by name.
    std::vector<PoolCoverage> pools;
    /// A bound holds on average, over the pairs of the whole fleet. This is how single parts of it fared.
    CoverageRange platforms;
    CoverageRange modules;
    /// Coverage of each tenth of the rows in the order of their predictions, the fastest first; empty for fewer than
    /// ten rows or more than 2^21.
    std::vector<double> tenths;
};

/// The rows of one pool, by the published name of its objective: "mf" (rows alone), "if" (rows with
/// co-runners); other pools go by their own name.
struct ObjectiveMetrics {
    std::string objective;
    std::int64_t test_rows = 0;         ///< of the last replicate
    std::int64_t calibration_rows = 0;  ///< of the last replicate: one run of each combination set aside
    double unlearned_rows = 0.0;  ///< test rows a replicate, on average, whose platform, module or co-runner has no
                                  ///< training row: predicted from features or from the average of others
    double apart_rows = 0.0;      ///< the same across parts of the fleet that no training row connects
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
    std::int64_t replicates = 25;  ///< random splits, up to a million
    /// Set `config.calibration_share` of the non-test rows aside first and measure bounds. Without it the splits are
    /// exactly the published ones.
    bool bounds = false;
    std::vector<double> confidences{0.9, 0.95, 0.99};
    Context context{};
};

/// Trains and tests: the very predictor that fit() makes of rows like those, and its bounds. Memory does not grow with
/// the number of replicates, but for 8 bytes of MAPE a replicate and objective. Asked to stop, it returns what finished
/// replicates gave, marked incomplete, or kCancelled if there are none. Errors: kUsage (configuration, share,
/// replicates, confidence), kInput (as Dataset::validate(), the dataset lacks what is needed, no row is left to test
/// on, training diverged), kEnvironment.
[[nodiscard]] PITOT_API Result<Evaluation> evaluate(const Dataset& dataset, const FitConfig& config,
                                                    const EvaluateOptions& options);

}  // namespace pitot
