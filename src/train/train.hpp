// Step programs and rows -> trained parameters. Replicates and their folds are independent tasks; each replicate is
// handed on as it ends.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "backend/backend.hpp"
#include "pitot/config.hpp"
#include "pitot/context.hpp"
#include "pitot/dataset.hpp"
#include "train/row_draw.hpp"

namespace pitot::train {

/// One fold's outcome.
struct FoldFit {
    std::vector<float> parameters;       ///< flat, in the order of the program's parameter buffers
    std::vector<float> train_loss;       ///< mean training loss between checkpoints
    std::vector<float> validation_loss;  ///< at each checkpoint; empty without validation rows
    std::int64_t kept_checkpoint = 0;    ///< whose parameters these are, from 0
};

/// What the folds of a replicate share. Programs of different replicates differ in nothing but their constants' values.
struct ReplicateTask {
    ReplicateRows rows;
    backend::Program program;
    std::vector<std::pair<backend::BufferId, std::vector<double>>>
        constants{};  ///< values of its Role::kReplicaConstant buffers
};

/// Steps of one fold at a training share: TrainConfig::steps, or checkpoints * int(epoch_samples * share / 100) without
/// them, 22 500 as published.
[[nodiscard]] std::int64_t steps_of(const TrainConfig& config, double share);

/// kInput if a fold (from 0) of some has no rows alone to train on.
/// `observations`: rows alone in all.
[[nodiscard]] Result<void> check_rows_left(const ReplicateRows& rows, std::int64_t fold, std::int64_t folds,
                                           std::int64_t observations, double share);

/// Makes replicate `replicate` (from 0), called once for each, by whichever thread comes to it first.
using StartReplicate = std::function<std::shared_ptr<const ReplicateTask>(std::int64_t replicate)>;

/// Takes a replicate's folds, in order of replicates and one at a time.
using TakeReplicate =
    std::function<Result<void>(std::int64_t replicate, const ReplicateTask& task, std::vector<FoldFit> folds)>;

/// Trains `config.train.folds` models for each of some replicates; at most a few replicates exist at once, on a device
/// those of a group. `share` decides the number of steps. The result is the same to the bit for any number of threads.
/// Errors: kUsage (too many steps, or none), kInput (no rows left to train on, training diverged), kEnvironment
/// (backend not available), kCancelled, or whatever `take` returns.
[[nodiscard]] Result<void> train_replicates(const Dataset& dataset, const FitConfig& config, double share,
                                            std::int64_t replicates, const Context& context,
                                            const StartReplicate& start, const TakeReplicate& take);

/// The same with a backend of the caller's choice. It is asked how many folds it trains at once.
[[nodiscard]] Result<void> train_replicates(const backend::Backend& backend, const Dataset& dataset,
                                            const FitConfig& config, double share, std::int64_t replicates,
                                            const Context& context, const StartReplicate& start,
                                            const TakeReplicate& take);

/// Observations alone with targets of the caller's choice, in place of a dataset's runtimes; borrowed.
struct TargetRows {
    std::span<const std::int32_t> platform;
    std::span<const std::int32_t> module;
    std::span<const float> target;
};

/// Trains the folds of one replicate on all of these rows, at share 1, with the objective of the pool "alone". Errors:
/// as train_replicates().
[[nodiscard]] Result<std::vector<FoldFit>> train_on_targets(const TargetRows& rows, const FitConfig& config,
                                                            const backend::Program& program, const Context& context);

}  // namespace pitot::train
