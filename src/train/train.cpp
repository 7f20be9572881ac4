#include "train/train.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <mutex>
#include <utility>

#include "backend/backend.hpp"
#include "core/parallel.hpp"
#include "pitot/remedy.hpp"
#include "pitot/units.hpp"
#include "train/initial_parameters.hpp"

namespace pitot {
namespace {

using Clock = std::chrono::steady_clock;

// The observations' targets on the model's scale, which every replicate reads.
AlignedVector<float> targets_of(std::span<const double> runtime_us, bool logarithm) {
    AlignedVector<float> out;
    out.reserve(runtime_us.size());
    for (const double t : runtime_us) {
        out.push_back(static_cast<float>(logarithm ? to_log({t}).value : t / kReferenceRuntimeUs));
    }
    return out;
}

// What trains of a pool, and how.
struct PoolTask {
    std::size_t pool = 0;
    PairColumns columns;
    const PoolObjective* objective = nullptr;
};

// One for each pool that is trained on; `target` is of all observations.
std::vector<PoolTask> tasks_of(const Dataset& dataset, const TrainConfig& config, std::span<const float> target) {
    std::vector<PoolTask> tasks;
    for (std::size_t p = 0; p < dataset.pools.size(); ++p) {
        const ObservationView rows = dataset.pool(p);
        const auto targets = target.first(rows.platform.size());
        target = target.subspan(rows.platform.size());
        if (config.learns_from(dataset.pools[p].name)) {
            tasks.push_back({p,
                             {rows.platform, rows.module, rows.co_runner, rows.width, targets},
                             config.find_objective(dataset.pools[p].name)});
        }
    }
    return tasks;
}

// Counts steps over all threads and reports a few times a second.
class StepCounter {
public:
    StepCounter(const Context& context, std::int64_t total) : context_(context), total_(total) {}

    void add(std::int64_t steps) {
        const std::scoped_lock lock(mutex_);
        done_ += steps;
        const auto now = Clock::now();
        if (context_.progress && (now - reported_ > kInterval || done_ == total_)) {
            reported_ = now;
            context_.progress(done_, total_);
        }
    }

private:
    static constexpr std::chrono::milliseconds kInterval{100};
    const Context& context_;
    const std::int64_t total_;
    std::mutex mutex_;
    std::int64_t done_ = 0;
    Clock::time_point reported_{};
};

// What the folds of all replicates share.
struct Job {
    const Dataset& dataset;
    const FitConfig& config;
    const Context& context;
    const Backend& backend;
    AlignedVector<float> target;  // of all observations
    std::vector<PoolTask> pools;
    std::int64_t steps = 0;
    int threads_a_model = 1;
    StepCounter& counter;
};

// How many rows of each side a step names at most.
ExecutionPlan plan_of(const Job& job) {
    ExecutionPlan plan{.threads = job.threads_a_model};
    for (const PoolTask& pool : job.pools) {
        plan.platform_rows += pool.objective->batch;
        plan.module_rows += pool.objective->batch * (1 + pool.columns.width);
    }
    return plan;
}

// Mean weighted loss over validation rows; a pool without any counts nothing. Rows are gathered a piece at a time,
// whatever their number.
class Validation {
public:
    Validation(const Job& job, const ReplicateRows& rows, std::int64_t fold) : job_(job) {
        for (const PoolTask& pool : job.pools) {
            if (const RowNumbers own = rows.pools[pool.pool].validation(fold); !own.empty()) {
                parts_.push_back({pool.columns, own, pool.objective->weight});
            }
        }
    }
    [[nodiscard]] bool empty() const { return parts_.empty(); }
    [[nodiscard]] double loss(const Executor& executor) const {
        double total = 0.0;
        for (const Part& part : parts_) {
            double sum = 0.0;
            for (std::size_t first = 0; first < part.rows.size(); first += kPiece) {
                const std::size_t count = std::min(kPiece, part.rows.size() - first);
                add_errors(executor, part.data, part.rows.piece(first, count), sum);
            }
            total += part.weight * sum / static_cast<double>(part.rows.size());
        }
        return total;
    }

private:
    static constexpr std::size_t kPiece = 16384;

    struct Part {
        PairColumns data;
        RowNumbers rows;
        double weight;
    };
    void add_errors(const Executor& executor, const PairColumns& data, RowNumbers rows, double& sum) const {
        const auto width = static_cast<std::size_t>(data.width);
        std::vector<std::int32_t> platform, module, co_runner;
        platform.reserve(rows.size());
        module.reserve(rows.size());
        co_runner.reserve(rows.size() * width);
        for (const std::int64_t r : rows) {
            const auto row = static_cast<std::size_t>(r);
            platform.push_back(data.platform[row]);
            module.push_back(data.module[row]);
            const auto with = data.co_runner.subspan(row * width, width);
            co_runner.insert(co_runner.end(), with.begin(), with.end());
        }
        std::vector<double> prediction(rows.size());
        executor.predict(0, {platform, module, co_runner, data.width, {}}, prediction);
        const bool relative = job_.config.model.loss == Loss::kRelative;
        for (std::size_t n = 0; n < prediction.size(); ++n) {
            const double target = data.target[static_cast<std::size_t>(rows[n])];
            const double error = prediction[n] - target;
            sum += relative ? error * error / (target * target) : error * error;
        }
    }

    const Job& job_;
    std::vector<Part> parts_;
};

std::vector<float> narrowed(const std::vector<double>& values) { return {values.begin(), values.end()}; }

// Trains one fold. Cancelled folds come back as an error.
Result<FoldFit> train_fold(const Job& job, const ReplicateTask& task, std::int64_t replicate, std::int64_t fold) {
    const TrainConfig& config = job.config.train;
    const Key key = Key(job.config.seed)
                        .fold("train")
                        .fold(static_cast<std::uint64_t>(replicate))
                        .fold(static_cast<std::uint64_t>(fold));
    auto prepared = job.backend.prepare(task.program, 1, plan_of(job));
    if (!prepared) {
        return fail(prepared.error(), "preparing a model");
    }
    Executor& executor = **prepared;
    executor.set_parameters(0, initial_parameters(task.program, key.fold("init")));
    for (const auto& [buffer, values] : task.constants) {
        executor.set_constant(0, buffer, values);
    }
    std::vector<Objective> objectives;
    for (const PoolTask& pool : job.pools) {
        if (const RowNumbers own = task.rows.pools[pool.pool].training(fold); !own.empty()) {
            objectives.push_back({pool.columns, {own}, pool.objective->batch, pool.objective->weight});
        }
    }
    const Validation validation(job, task.rows, fold);
    const Adam adam{config.learning_rate, config.beta1, config.beta2, config.epsilon};
    const Key batches = key.fold("batch");
    const std::int64_t epoch = std::max<std::int64_t>(1, job.steps / config.checkpoints);
    constexpr std::int64_t slice = 50;  // steps between looks at the stop token

    FoldFit fit;
    double best = INFINITY;
    for (std::int64_t step = 0; step < job.steps;) {
        const std::int64_t end = std::min(job.steps, step + epoch);
        const auto steps_here = static_cast<double>(end - step);
        double loss = 0.0;
        while (step < end) {
            if (job.context.stop.stop_requested()) {
                return fail(ErrorCode::kCancelled, "stopped before training was done");
            }
            const std::int64_t count = std::min(slice, end - step);
            double mean = 0.0;
            executor.train(objectives, adam, std::span(&batches, 1), step, count, std::span(&mean, 1));
            loss += mean * static_cast<double>(count) / steps_here;
            step += count;
            job.counter.add(count);
        }
        if (!std::isfinite(loss)) {
            return fail(ErrorCode::kInput,
                        fmt::format("training of preset '{}' diverged at step {}; lower train.learning_rate "
                                    "({}) or model.alpha ({})",
                                    job.config.preset, step, config.learning_rate, job.config.model.alpha));
        }
        fit.train_loss.push_back(static_cast<float>(loss));
        if (!validation.empty()) {
            executor.forward_towers();
            const double checked = validation.loss(executor);
            fit.validation_loss.push_back(static_cast<float>(checked));
            if (config.keep == Keep::kBest && checked < best) {
                best = checked;
                fit.kept_checkpoint = static_cast<std::int64_t>(fit.validation_loss.size()) - 1;
                fit.parameters = narrowed(executor.parameters(0));
            }
        }
    }
    if (config.keep == Keep::kLast || fit.parameters.empty()) {
        fit.kept_checkpoint = static_cast<std::int64_t>(fit.train_loss.size()) - 1;
        fit.parameters = narrowed(executor.parameters(0));
    }
    return fit;
}

// Whether so much can be counted; all of it is far more than can be trained.
Result<void> check_amount(std::int64_t steps, std::int64_t folds, std::int64_t replicates) {
    constexpr std::int64_t most_replicates = 1'000'000;
    constexpr std::int64_t most_steps = 1'000'000'000'000'000;
    if (replicates > most_replicates || steps > most_steps / (folds * replicates)) {
        return fail(ErrorCode::kUsage, fmt::format("{} replicates of {} folds of {} steps are too many: at most {} "
                                                   "replicates and {} steps in all; lower train.checkpoints",
                                                   replicates, folds, steps, most_replicates, most_steps));
    }
    return {};
}

}  // namespace

Result<void> check_rows_left(const ReplicateRows& rows, std::int64_t fold, std::int64_t folds, const Dataset& dataset,
                             double share) {
    if (!rows.alone().training(fold).empty()) {
        return {};
    }
    return fail(ErrorCode::kInput,
                fmt::format("no rows are left to train fold {} of {} on ({} observations, share {}); "
                            "measure more pairs or train fewer folds",
                            fold + 1, folds, dataset.pools[kAlone].rows, share),
                Remedy::kFewerFolds);
}

std::int64_t steps_of(const TrainConfig& config, double share) {
    // As published: int(25 000 * p / 100) steps between checkpoints, 100 of them at the default.
    const auto epoch = static_cast<std::int64_t>(static_cast<double>(config.epoch_samples) * share / 100.0);
    return config.checkpoints * epoch;
}

Result<void> train_replicates(const Dataset& dataset, const FitConfig& config, double share, std::int64_t replicates,
                              const Context& context, const StartReplicate& start, const TakeReplicate& take) {
    PITOT_TRY(const auto backend, find_backend(context));
    const std::int64_t folds = config.train.folds;
    const std::int64_t steps = steps_of(config.train, share);
    if (steps < 1) {
        return fail(ErrorCode::kUsage,
                    fmt::format("a training share of {} with train.epoch_samples {} gives no training "
                                "step; raise one of them",
                                share, config.train.epoch_samples));
    }
    if (auto ok = check_amount(steps, folds, replicates); !ok) {
        return ok;
    }
    StepCounter counter(context, steps * folds * replicates);
    AlignedVector<float> target = targets_of(dataset.observations.runtime_us, config.model.logarithm);
    std::vector<PoolTask> pools = tasks_of(dataset, config.train, target);
    // One model is one thread's work; where there are fewer models than threads, they share each.
    const Job job{dataset,
                  config,
                  context,
                  *backend,
                  std::move(target),  // the pools' spans stay good
                  std::move(pools),
                  steps,
                  team_size(context.threads, replicates * folds),
                  counter};

    // A replicate is started by whichever of its folds comes first and is shared by them; the last to leave frees it.
    std::mutex mutex;
    std::vector<std::weak_ptr<const ReplicateTask>> starting(static_cast<std::size_t>(replicates));
    struct Outcome {
        std::shared_ptr<const ReplicateTask> task;
        Result<FoldFit> fit;
    };
    const auto produce = [&](std::int64_t number) -> Outcome {
        const std::int64_t replicate = number / folds;
        const std::int64_t fold = number % folds;
        std::shared_ptr<const ReplicateTask> task;
        {
            const std::scoped_lock lock(mutex);
            auto& slot = starting[static_cast<std::size_t>(replicate)];
            task = slot.lock();
            if (!task) {
                task = start(replicate);
                slot = task;
            }
        }
        if (auto ok = check_rows_left(task->rows, fold, folds, dataset, share); !ok) {
            return {task, Failure(ok.error())};
        }
        Result<FoldFit> fit = train_fold(job, *task, replicate, fold);
        return {std::move(task), std::move(fit)};
    };
    Result<void> outcome;
    std::vector<FoldFit> fitted;
    std::shared_ptr<const ReplicateTask> held;  // until its last fold is in, or a lone thread would start it for each
    const auto collect = [&](std::int64_t number, Outcome&& done) {
        if (!done.fit) {
            outcome = Failure(done.fit.error());
            return false;
        }
        held = std::move(done.task);
        fitted.push_back(std::move(*done.fit));
        if (number % folds == folds - 1) {
            outcome = take(number / folds, *held, std::exchange(fitted, {}));
            held.reset();
        }
        return outcome.has_value();
    };
    parallel_ordered(threads_for(context.threads, replicates * folds), replicates * folds, produce, collect);
    return outcome;
}

}  // namespace pitot
