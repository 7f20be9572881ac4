#include "train/train.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include "backend/backend.hpp"
#include "core/check.hpp"
#include "core/parallel.hpp"
#include "core/team.hpp"
#include "dataset/split.hpp"
#include "pitot/remedy.hpp"
#include "train/train_group.hpp"

namespace pitot::train {
namespace {

// Whether there are steps at all, and no more than can be counted; all of those are far more than can be trained.
Result<void> check_steps(std::int64_t steps, const TrainConfig& config, double share, std::int64_t replicates) {
    const std::int64_t folds = config.folds;
    if (steps < 1) {
        return fail(ErrorCode::kUsage, fmt::format("a training share of {} with train.epoch_samples {} gives no "
                                                   "training step; raise one of them",
                                                   share, config.epoch_samples));
    }
    constexpr std::int64_t most_replicates = 1'000'000;
    constexpr std::int64_t most_steps = 1'000'000'000'000'000;
    if (replicates > most_replicates || steps > most_steps / (folds * replicates)) {
        return fail(ErrorCode::kUsage, fmt::format("{} replicates of {} folds of {} steps are too many: at most {} "
                                                   "replicates and {} steps in all; lower train.checkpoints",
                                                   replicates, folds, steps, most_replicates, most_steps));
    }
    return {};
}

// The replicates at work. Each is started by whichever of its folds comes first and is shared by them; the last to
// leave frees it.
class Starting {
public:
    Starting(const StartReplicate& start, std::int64_t replicates)
        : start_(start), slots_(static_cast<std::size_t>(replicates)) {}

    std::shared_ptr<const ReplicateTask> operator()(std::int64_t replicate) {
        Slot& slot = slots_[static_cast<std::size_t>(replicate)];
        const std::scoped_lock lock(slot.mutex);
        std::shared_ptr<const ReplicateTask> task = slot.started.lock();
        if (!task) {
            task = start_(replicate);
            slot.started = task;
        }
        return task;
    }

private:
    struct Slot {
        std::mutex mutex;
        std::weak_ptr<const ReplicateTask> started;
    };

    const StartReplicate& start_;
    std::vector<Slot> slots_;
};

// Hands replicates on as their folds come in, in order.
class Collector {
public:
    Collector(std::int64_t folds, const TakeReplicate& take) : folds_(folds), take_(take) {}

    // False after an error.
    bool operator()(std::span<const FoldTask> tasks, Result<std::vector<FoldFit>>&& fits) {
        if (!fits) {
            outcome_ = Failure(fits.error());
            return false;
        }
        for (std::size_t g = 0; g < tasks.size() && outcome_; ++g) {
            held_ = tasks[g].task;
            fitted_.push_back(std::move((*fits)[g]));
            if (tasks[g].fold == folds_ - 1) {
                outcome_ = take_(tasks[g].replicate, *held_, std::exchange(fitted_, {}));
                held_.reset();
            }
        }
        return outcome_.has_value();
    }
    [[nodiscard]] const Result<void>& outcome() const { return outcome_; }

private:
    std::int64_t folds_;
    const TakeReplicate& take_;
    Result<void> outcome_;
    std::vector<FoldFit> fitted_;
    std::shared_ptr<const ReplicateTask> held_;  // until its last fold is in, or a lone thread would start it for each
};

}  // namespace

Result<void> check_rows_left(const ReplicateRows& rows, std::int64_t fold, std::int64_t folds,
                             std::int64_t observations, double share) {
    if (!rows.alone().training(fold).empty()) {
        return {};
    }
    return fail(ErrorCode::kInput,
                fmt::format("no rows are left to train fold {} of {} on ({} observations, share {}); "
                            "measure more pairs or train fewer folds",
                            fold + 1, folds, observations, share),
                Remedy::kFewerFolds);
}

std::int64_t steps_of(const TrainConfig& config, double share) {
    if (config.steps > 0) {
        return config.steps;
    }
    // As published: int(25 000 * p / 100) steps between checkpoints, 100 of them at the default.
    const auto epoch = static_cast<std::int64_t>(static_cast<double>(config.epoch_samples) * share / 100.0);
    return config.checkpoints * epoch;
}

namespace {

// Trains on `pools`, of which the first is that of rows alone.
Result<void> train_pools(const backend::Backend& backend, const std::vector<TrainingPool>& pools,
                         const FitConfig& config, double share, std::int64_t replicates, const Context& context,
                         const StartReplicate& start, const TakeReplicate& take);

}  // namespace

Result<void> train_replicates(const Dataset& dataset, const FitConfig& config, double share, std::int64_t replicates,
                              const Context& context, const StartReplicate& start, const TakeReplicate& take) {
    PITOT_TRY(const auto backend, backend::find_backend(context));
    return train_replicates(*backend, dataset, config, share, replicates, context, start, take);
}

Result<void> train_replicates(const backend::Backend& backend, const Dataset& dataset, const FitConfig& config,
                              double share, std::int64_t replicates, const Context& context,
                              const StartReplicate& start, const TakeReplicate& take) {
    return train_pools(backend, training_pools(dataset, config), config, share, replicates, context, start, take);
}

Result<std::vector<FoldFit>> train_on_targets(const TargetRows& rows, const FitConfig& config,
                                              const backend::Program& program, const Context& context) {
    PITOT_TRY(const auto backend, backend::find_backend(context));
    const PoolObjective* objective = config.train.find_objective("alone");
    PITOT_CHECK(objective != nullptr);
    const TrainingPool alone{kAlone,
                             {rows.platform, rows.module, {}, 0, {}},
                             {rows.target.begin(), rows.target.end()},
                             objective->batch,
                             objective->weight};
    const auto start = [&](std::int64_t /*replicate*/) {
        const dataset::SplitPlan plan{alone.size(), nullptr, 1.0, 0.0, config.train.folds, config.train.validation};
        ReplicateTask task;
        task.rows.pools.push_back(dataset::make_split(plan, core::Key(config.seed).fold("split")));
        task.program = program;
        return std::make_shared<const ReplicateTask>(std::move(task));
    };
    std::vector<FoldFit> fits;
    const auto take = [&](std::int64_t /*replicate*/, const ReplicateTask& /*task*/,
                          std::vector<FoldFit> folds) -> Result<void> {
        fits = std::move(folds);
        return {};
    };
    return train_pools(*backend, {alone}, config, 1.0, 1, context, start, take).map([&] { return std::move(fits); });
}

namespace {

Result<void> train_pools(const backend::Backend& backend, const std::vector<TrainingPool>& pools,
                         const FitConfig& config, double share, std::int64_t replicates, const Context& context,
                         const StartReplicate& start, const TakeReplicate& take) {
    const std::int64_t folds = config.train.folds;
    const std::int64_t models = folds * replicates;
    const std::int64_t steps = steps_of(config.train, share);
    if (auto ok = check_steps(steps, config.train, share, replicates); !ok) {
        return ok;
    }
    std::vector<backend::PairColumns> columns;
    std::ranges::transform(pools, std::back_inserter(columns), &TrainingPool::columns);
    PITOT_TRY(const auto data, backend.make_resident(columns));
    backend::ExecutionPlan plan = plan_of(pools, 1);
    plan.data = data;
    Starting starting(start, replicates);
    std::shared_ptr<const ReplicateTask> first = starting(0);
    const std::int64_t group = backend.group_size(first->program, plan, models);
    const std::int64_t groups = (models + group - 1) / group;
    // A group is one thread's work; where there are fewer groups than threads, they share each.
    const std::int64_t side_by_side = std::min(groups, backend.groups_at_once());
    plan.threads = core::team_size(context.threads, side_by_side);
    StepCounter counter(context, steps * models);
    const TrainJob job{config, context, backend, pools, plan, steps, counter};

    struct Outcome {
        std::vector<FoldTask> tasks;
        Result<std::vector<FoldFit>> fits;
    };
    const auto produce = [&](std::int64_t number) {
        Outcome done;
        // Of a group on a device all replicates are started, side by side; a fold on the host has one.
        const std::int64_t first_replicate = number * group / folds;
        const std::int64_t end_replicate = (std::min(models, (number + 1) * group) + folds - 1) / folds;
        std::vector<std::shared_ptr<const ReplicateTask>> started(
            static_cast<std::size_t>(end_replicate - first_replicate));
        core::Team team(started.size() > 1 ? plan.threads : 1);
        team.share(std::ssize(started), 1, [&](std::int64_t from, std::int64_t count) {
            for (std::int64_t n = from; n < from + count; ++n) {
                started[static_cast<std::size_t>(n)] = starting(first_replicate + n);
            }
        });
        for (std::int64_t model = number * group; model < std::min(models, (number + 1) * group); ++model) {
            const FoldTask& added = done.tasks.emplace_back(FoldTask{
                started[static_cast<std::size_t>(model / folds - first_replicate)], model / folds, model % folds});
            if (auto ok = check_rows_left(added.task->rows, added.fold, folds, pools.front().size(), share); !ok) {
                done.fits = Failure(ok.error());
                return done;
            }
        }
        done.fits = train_group(job, done.tasks);
        return done;
    };
    Collector collector(folds, take);
    const auto collect = [&](std::int64_t /*number*/, Outcome&& done) {
        first.reset();
        return collector(done.tasks, std::move(done.fits));
    };
    core::parallel_ordered(core::threads_for(context.threads, side_by_side), groups, produce, collect);
    return collector.outcome();
}

}  // namespace

}  // namespace pitot::train
