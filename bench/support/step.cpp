#include "bench/support/step.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>
#include <utility>

#include "core/parallel.hpp"
#include "pitot/units.hpp"
#include "train/initial_parameters.hpp"

namespace pitot::bench {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

double timed(StepTrial& trial, std::int64_t steps) {
    const auto start = Clock::now();
    trial.train(steps);
    return seconds_since(start);
}

// Steps that take about `seconds`, once the workspace has grown and the caches are warm.
std::int64_t steps_in(StepTrial& trial, double seconds) {
    std::int64_t steps = 1;
    double took = timed(trial, steps);
    while (took < std::min(0.02, seconds)) {
        steps *= 2;
        took = timed(trial, steps);
    }
    return std::max<std::int64_t>(1, std::llround(static_cast<double>(steps) * seconds / took));
}

}  // namespace

// Targets and row numbers of every pool.
struct StepTrial::Data {
    std::vector<std::vector<float>> target;
    std::vector<core::RowOrder> order;

    explicit Data(const Dataset& dataset) {
        for (std::size_t p = 0; p < dataset.pools.size(); ++p) {
            std::vector<float>& of_pool = target.emplace_back();
            for (const double time : dataset.pool(p).runtime_us) {
                of_pool.push_back(static_cast<float>(to_log({time}).value));
            }
            order.emplace_back(dataset.pools[p].rows);
        }
    }
};

Result<StepTrial> StepTrial::make(const Dataset& dataset, const FitConfig& config, const std::string& backend,
                                  int threads, std::uint64_t seed) {
    PITOT_TRY(const auto found, backend::find_backend(backend));
    StepTrial trial;
    trial.data_ = std::make_shared<const Data>(dataset);
    trial.model_ =
        std::make_unique<models::Model>(models::build_model(config.model, dataset.platforms, dataset.modules));
    const TrainConfig& train = config.train;
    std::vector<backend::PairColumns> tables;
    std::vector<backend::Objective> objectives;
    for (std::size_t p = 0; p < dataset.pools.size(); ++p) {
        const ObservationView table = dataset.pool(p);
        const PoolObjective* objective = train.find_objective(dataset.pools[p].name);
        if (table.size() > 0 && train.learns_from(dataset.pools[p].name)) {
            objectives.push_back({tables.size(), {trial.data_->order[p].view()}, objective->batch, objective->weight});
            tables.push_back({table.platform, table.module, table.co_runner, table.width, trial.data_->target[p]});
            trial.batches_.push_back({objective->batch == 0 ? table.size() : objective->batch, table.width});
        }
    }
    backend::ExecutionPlan plan{.threads = threads};
    for (const backend::BatchShape& batch : trial.batches_) {
        plan.platform_rows += batch.rows;
        plan.module_rows += batch.rows * (1 + batch.co_runners);
    }
    PITOT_TRY(plan.data, found->make_resident(tables));
    PITOT_TRY(auto executor, found->prepare(trial.model_->program, 1, plan));
    trial.executor_ = std::move(executor);
    trial.key_ = core::Key(seed).fold("step trial");
    trial.executor_->set_parameters(0, train::initial_parameters(trial.model_->program, trial.key_.fold("init")));
    trial.executor_->set_objectives(std::move(objectives));
    trial.adam_ = {train.learning_rate, train.beta1, train.beta2, train.epsilon};
    return trial;
}

double StepTrial::train(std::int64_t steps) {
    double loss = 0.0;
    executor_->train(adam_, std::span(&key_, 1), step_, steps, std::span(&loss, 1));
    step_ += steps;
    return loss;
}

StepTime time_steps(StepTrial& trial, double seconds, const std::function<double()>& best) {
    constexpr int samples = 11;
    const std::int64_t steps = steps_in(trial, seconds / samples);
    std::vector<double> times;
    std::vector<double> shares;
    times.reserve(samples);
    shares.reserve(samples);
    for (int n = 0; n < samples; ++n) {
        const double at_best = best();
        times.push_back(timed(trial, steps) / static_cast<double>(steps));
        shares.push_back(at_best / times.back());
    }
    std::ranges::sort(times);
    std::ranges::sort(shares);
    return {times[samples / 2], times[samples / 4], times[samples - 1 - samples / 4], shares[samples / 2]};
}

Result<double> time_many_models(const Dataset& dataset, const FitConfig& config, int threads, std::int64_t models,
                                double seconds) {
    PITOT_TRY(auto first, StepTrial::make(dataset, config));
    const std::int64_t steps = steps_in(first, std::max(0.01, seconds * threads / static_cast<double>(models)));
    std::vector<StepTrial> trials;
    for (std::int64_t m = 0; m < models; ++m) {
        PITOT_TRY(auto trial, StepTrial::make(dataset, config, "cpu", 1, static_cast<std::uint64_t>(m)));
        trial.train(1);  // grows the workspace
        trials.push_back(std::move(trial));
    }
    const auto start = Clock::now();
    core::parallel_ordered(
        threads, models, [&](std::int64_t m) { return trials[static_cast<std::size_t>(m)].train(steps); },
        [](std::int64_t, double) { return true; });
    return seconds_since(start) / static_cast<double>(models * steps);
}

}  // namespace pitot::bench
