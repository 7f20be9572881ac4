// (Dataset, rows, FitConfig, Key) -> trained folds. Replicates and their folds are independent tasks; each replicate is
// handed on as it ends.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/key.hpp"
#include "model/linear_scaling.hpp"
#include "pitot/config.hpp"
#include "pitot/dataset.hpp"
#include "train/row_draw.hpp"

namespace pitot {

/// One fold's outcome.
struct FoldFit {
    std::vector<float> parameters;       ///< flat, see parameter_layout()
    std::vector<float> train_loss;       ///< mean training loss between checkpoints
    std::vector<float> validation_loss;  ///< at each checkpoint; empty without validation rows
    std::int64_t kept_checkpoint = 0;    ///< whose parameters these are, from 0
};

struct Replicate {
    std::int64_t index = 0;
    ReplicateRows rows;
    LinearScaling baseline;      ///< fitted on all non-test, non-calibration rows alone
    std::vector<FoldFit> folds;  ///< empty for Family::kLinearScaling
};

struct TrainOptions {
    int threads = 0;              ///< 0 = default_threads()
    std::string backend = "cpu";  ///< "cpu", "reference" or "cuda"
    std::stop_token stop{};       ///< asks training to end; the call then returns kCancelled
    /// Called from worker threads, one at a time, a few times a second at most: model-steps done and in all.
    std::function<void(std::int64_t done, std::int64_t total)> progress{};
    /// Called with each replicate's baseline before its folds train, to give terms to platforms and modules that no row
    /// alone trains. Nothing: they keep 0, as published.
    std::function<void(const ReplicateRows& rows, LinearScaling& baseline)> complete_baseline{};
};

/// Steps of one fold at a training share: checkpoints * int(epoch_samples * share / 100), 22 500 as published.
[[nodiscard]] std::int64_t steps_of(const TrainConfig& config, double share);

/// Whether a dataset, valid by itself, has what the configuration trains on: kInput for no rows alone, no features a
/// preset needs, no co-runners an interference model needs.
[[nodiscard]] Result<void> check_fit(const Dataset& dataset, const FitConfig& config);

/// Trains one replicate for each element of `rows` (replicate numbers from 0) and hands them to `consume` in order,
/// one at a time; at most a few exist at once. `share` decides the number of steps. The result is the same to the
/// bit for any number of threads. Errors: as check_fit(), kInput (no rows left to train on), kEnvironment (backend not
/// available), kCancelled, or whatever `consume` returns.
[[nodiscard]] Result<void> train_replicates(const Dataset& dataset, const FitConfig& config, double share,
                                            std::int64_t replicates, const TrainOptions& options,
                                            const std::function<ReplicateRows(std::int64_t)>& rows,
                                            const std::function<Result<void>(Replicate&&)>& consume);

}  // namespace pitot
