// Folds trained together: a group is what a backend trains at once, a single fold on the host.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "backend/backend.hpp"
#include "pitot/config.hpp"
#include "pitot/context.hpp"
#include "pitot/dataset.hpp"
#include "pitot/matrix_view.hpp"
#include "train/train.hpp"

namespace pitot::train {

/// Counts steps over all threads and reports a few times a second.
class StepCounter {
public:
    /// `total`: steps of all folds.
    StepCounter(const Context& context, std::int64_t total) : context_(context), total_(total) {}

    void add(std::int64_t steps);

private:
    const Context& context_;
    const std::int64_t total_;
    std::mutex mutex_;
    std::int64_t done_ = 0;
    std::chrono::steady_clock::time_point reported_{};
};

/// A pool of observations that is trained on.
struct TrainingPool {
    std::size_t number = 0;  ///< of the pool
    ObservationView rows;
    AlignedVector<float> target;  ///< on the model's scale
    std::int64_t batch = 0;       ///< rows a step; 0: all that train
    double weight = 0.0;          ///< of its term in the loss

    [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(target.size()); }
    [[nodiscard]] backend::PairColumns columns() const;
};

/// The pools that a configuration trains on.
[[nodiscard]] std::vector<TrainingPool> training_pools(const Dataset& dataset, const FitConfig& config);

/// What all groups of a fit share.
struct TrainJob {
    const FitConfig& config;
    const Context& context;
    const backend::Backend& backend;
    const std::vector<TrainingPool>& pools;
    backend::ExecutionPlan plan;  ///< with the pools made resident, in their order
    std::int64_t steps = 0;
    StepCounter& counter;
};

/// How many rows of each side a step names at most.
[[nodiscard]] backend::ExecutionPlan plan_of(std::span<const TrainingPool> pools, int threads);

/// One fold of a replicate, both counted from 0.
struct FoldTask {
    std::shared_ptr<const ReplicateTask> task;
    std::int64_t replicate = 0;
    std::int64_t fold = 0;
};

/// Trains folds as one group, with the program of the first. What comes of each does not depend on the others. Errors:
/// kCancelled, kInput (training diverged), or as Backend::prepare().
[[nodiscard]] Result<std::vector<FoldFit>> train_group(const TrainJob& job, std::span<const FoldTask> folds);

}  // namespace pitot::train
