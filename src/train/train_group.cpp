#include "train/train_group.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "core/team.hpp"
#include "pitot/units.hpp"
#include "train/initial_parameters.hpp"

namespace pitot::train {
namespace {

// What becomes of one fold of a group.
struct Course {
    FoldFit fit;
    bool validated = false;
    bool kept = false;  // whether a checkpoint's parameters are kept, the best so far
    double loss = 0.0;  // mean since the last checkpoint
    double best = INFINITY;
};

core::Key key_of(const FitConfig& config, const FoldTask& fold) {
    return core::Key(config.seed)
        .fold("train")
        .fold(static_cast<std::uint64_t>(fold.replicate))
        .fold(static_cast<std::uint64_t>(fold.fold));
}

std::vector<backend::Objective> objectives_of(const TrainJob& job, std::span<const FoldTask> folds) {
    std::vector<backend::Objective> objectives;
    for (std::size_t t = 0; t < job.pools.size(); ++t) {
        const TrainingPool& from = job.pools[t];
        backend::Objective& objective = objectives.emplace_back(backend::Objective{t, {}, from.batch, from.weight});
        for (const FoldTask& fold : folds) {
            const dataset::Split& split = fold.task->rows.pools[from.number];
            objective.rows.push_back(split.training(fold.fold));
            objective.validation.push_back(split.validation(fold.fold));
        }
    }
    return objectives;
}

backend::LearningRate learning_rate(const TrainConfig& config, std::int64_t steps) {
    if (config.schedule == Schedule::kConstant) {
        return config.learning_rate;
    }
    return backend::LearningRate([highest = config.learning_rate, flat = config.flat_share * static_cast<double>(steps),
                                  end = static_cast<double>(steps)](std::int64_t step) {
        const double past = static_cast<double>(step) - flat;
        return past <= 0.0 ? highest : 0.5 * highest * (1.0 + std::cos(std::numbers::pi * past / (end - flat)));
    });
}

std::vector<float> narrowed(const std::vector<double>& values) { return {values.begin(), values.end()}; }

// A group at work.
class Group {
public:
    Group(const TrainJob& job, std::span<const FoldTask> folds, backend::Executor& executor)
        : job_(job), executor_(executor), courses_(folds.size()) {
        std::vector<backend::Objective> objectives = objectives_of(job, folds);
        core::Team team(job.plan.threads);
        team.share(std::ssize(folds), 1, [&](std::int64_t first, std::int64_t n) {
            for (std::int64_t g = first; g < first + n && !job.context.stop.stop_requested(); ++g) {
                const FoldTask& fold = folds[static_cast<std::size_t>(g)];
                executor_.set_parameters(g,
                                         initial_parameters(fold.task->program, key_of(job.config, fold).fold("init")));
            }
        });
        for (std::size_t g = 0; g < folds.size(); ++g) {
            const auto replica = static_cast<std::int64_t>(g);
            for (const auto& [buffer, values] : folds[g].task->constants) {
                executor_.set_constant(replica, buffer, values);
            }
            batches_.push_back(key_of(job.config, folds[g]).fold("batch"));
            courses_[g].validated = std::ranges::any_of(
                objectives, [&](const backend::Objective& objective) { return !objective.validation[g].empty(); });
        }
        executor_.set_objectives(std::move(objectives));
    }

    Result<std::vector<FoldFit>> train() {
        const std::int64_t checkpoints = job_.config.train.checkpoints;
        const std::int64_t epoch = job_.steps / checkpoints;
        const std::int64_t left = job_.steps % checkpoints;
        std::int64_t step = 0;
        for (std::int64_t c = 1; c <= checkpoints; ++c) {
            const std::int64_t end = epoch * c + left * c / checkpoints;
            if (end == step) {
                continue;
            }
            if (auto ok = train_until(step, end); !ok) {
                return Failure(ok.error());
            }
            step = end;
            if (auto ok = check_point(); !ok) {
                return Failure(ok.error());
            }
        }
        std::vector<FoldFit> fits(courses_.size());
        core::Team team(job_.plan.threads);
        team.share(std::ssize(fits), 1, [&](std::int64_t first, std::int64_t count) {
            for (std::int64_t g = first; g < first + count; ++g) {
                Course& course = courses_[static_cast<std::size_t>(g)];
                if (course.kept) {
                    course.fit.parameters = executor_.kept(g);
                } else {
                    course.fit.parameters = narrowed(executor_.parameters(g));
                    course.fit.kept_checkpoint = std::ssize(course.fit.train_loss) - 1;
                }
                fits[static_cast<std::size_t>(g)] = std::move(course.fit);
            }
        });
        return executor_.status().map([&] { return std::move(fits); });
    }

private:
    // Steps between looks at the stop token: fewer where they take long.
    static constexpr std::int64_t kSlice = 50;
    static constexpr std::chrono::milliseconds kLongSlice{400};

    Result<void> train_until(std::int64_t step, std::int64_t end) {
        const TrainConfig& config = job_.config.train;
        const backend::Adam adam{learning_rate(config, job_.steps), config.beta1, config.beta2, config.epsilon};
        const auto steps = static_cast<double>(end - step);
        std::vector<double> means(courses_.size());
        while (step < end) {
            if (job_.context.stop.stop_requested()) {
                return fail(ErrorCode::kCancelled, "stopped before training was done");
            }
            const std::int64_t count = std::min(slice_, end - step);
            const auto begun = std::chrono::steady_clock::now();
            executor_.train(adam, batches_, step, count, means);
            if (count == slice_ && std::chrono::steady_clock::now() - begun > kLongSlice) {
                slice_ = std::max<std::int64_t>(1, slice_ / 2);
            }
            if (auto ok = executor_.status(); !ok) {
                return ok;
            }
            for (std::size_t g = 0; g < courses_.size(); ++g) {
                courses_[g].loss += means[g] * static_cast<double>(count) / steps;
            }
            step += count;
            job_.counter.add(count * std::ssize(courses_));
        }
        if (!std::ranges::all_of(courses_, [](const Course& course) { return std::isfinite(course.loss); })) {
            return fail(ErrorCode::kInput,
                        fmt::format("training of preset '{}' diverged at step {}; lower train.learning_rate "
                                    "({}) or model.alpha ({})",
                                    job_.config.preset, end, config.learning_rate, job_.config.model.alpha));
        }
        return {};
    }

    Result<void> check_point() {
        std::vector<double> losses(courses_.size());
        if (std::ranges::any_of(courses_, &Course::validated)) {
            executor_.validation_losses(losses);
            if (auto ok = executor_.status(); !ok) {
                return ok;
            }
        }
        std::vector<std::int64_t> better;
        for (std::size_t g = 0; g < courses_.size(); ++g) {
            Course& course = courses_[g];
            course.fit.train_loss.push_back(static_cast<float>(std::exchange(course.loss, 0.0)));
            if (!course.validated) {
                continue;
            }
            course.fit.validation_loss.push_back(static_cast<float>(losses[g]));
            if (job_.config.train.keep == Keep::kBest && losses[g] < course.best) {
                course.best = losses[g];
                course.kept = true;
                course.fit.kept_checkpoint = std::ssize(course.fit.validation_loss) - 1;
                better.push_back(static_cast<std::int64_t>(g));
            }
        }
        executor_.keep(better);
        return executor_.status();
    }

    std::int64_t slice_ = kSlice;
    const TrainJob& job_;
    backend::Executor& executor_;
    std::vector<core::Key> batches_;  // what batches are drawn by
    std::vector<Course> courses_;
};

}  // namespace

void StepCounter::add(std::int64_t steps) {
    constexpr std::chrono::milliseconds interval{100};
    const std::scoped_lock lock(mutex_);
    done_ += steps;
    const auto now = std::chrono::steady_clock::now();
    if (context_.progress && (now - reported_ > interval || done_ == total_)) {
        reported_ = now;
        context_.progress(done_, total_);
    }
}

backend::PairColumns TrainingPool::columns() const {
    return {rows.platform, rows.module, rows.co_runner, rows.width, target};
}

std::vector<TrainingPool> training_pools(const Dataset& dataset, const FitConfig& config) {
    std::vector<TrainingPool> pools;
    for (std::size_t p = 0; p < dataset.pools.size(); ++p) {
        const PoolObjective* objective = config.train.find_objective(dataset.pools[p].name);
        if (!config.train.learns_from(dataset.pools[p].name)) {
            continue;
        }
        TrainingPool& added =
            pools.emplace_back(TrainingPool{p, dataset.pool(p), {}, objective->batch, objective->weight});
        added.target.reserve(added.rows.runtime_us.size());
        for (const double t : added.rows.runtime_us) {
            added.target.push_back(
                static_cast<float>(config.model.logarithm ? to_log({t}).value : t / kReferenceRuntimeUs));
        }
    }
    return pools;
}

backend::ExecutionPlan plan_of(std::span<const TrainingPool> pools, int threads) {
    backend::ExecutionPlan plan{.threads = threads};
    plan.all_rows = std::ranges::all_of(pools, [](const TrainingPool& from) { return from.batch == 0; });
    for (const TrainingPool& from : pools) {
        const std::int64_t rows = from.batch == 0 ? from.size() : from.batch;
        plan.platform_rows += rows;
        plan.module_rows += rows * (1 + from.rows.width);
    }
    return plan;
}

Result<std::vector<FoldFit>> train_group(const TrainJob& job, std::span<const FoldTask> folds) {
    auto executor = job.backend.prepare(folds.front().task->program, std::ssize(folds), job.plan);
    if (!executor) {
        return fail(executor.error(), "preparing a model");
    }
    return Group(job, folds, **executor).train();
}

}  // namespace pitot::train
