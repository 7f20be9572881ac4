// Training on a card: time of a step of many models, and of whole presets, beside what the card can do. Fleets are made
// up, of the sizes that were published; whole experiments on real data are timed by `pitot experiments` itself.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "backend/arithmetic.hpp"
#include "backend/backend.hpp"
#include "bench/support/fleet.hpp"
#include "core/key.hpp"
#include "models/folds/step_program.hpp"
#include "pitot/config.hpp"
#include "train/initial_parameters.hpp"
#include "train/train.hpp"
#include "train/train_group.hpp"

namespace pitot::bench {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

template <typename T>
T or_end(Result<T>&& result) {
    if (!result) {
        std::cerr << result.error().to_string() << '\n';
        std::exit(1);
    }
    return *std::move(result);
}

struct Work {
    const char* preset;
    double share;
    std::int64_t replicates;
};

struct Times {
    double low, median, high;
};

Times quartiles(std::vector<double> times) {
    std::ranges::sort(times);
    const std::size_t n = times.size();
    return {times[n / 4], times[n / 2], times[n - 1 - n / 4]};
}

// One group of replicates × folds, as an experiment trains it.
void time_step(const backend::Backend& backend, const backend::Peak& peak, const Work& work) {
    FitConfig config = or_end(preset(work.preset));
    const Dataset fleet = made_up_fleet(published_fleet(config.train.learns_from("together")));
    const std::vector<train::TrainingPool> pools = train::training_pools(fleet, config);
    std::vector<backend::PairColumns> columns;
    std::ranges::transform(pools, std::back_inserter(columns), &train::TrainingPool::columns);
    backend::ExecutionPlan plan = train::plan_of(pools, 1);
    plan.data = or_end(backend.make_resident(columns));
    const models::Model model = models::build_model(config.model, fleet.platforms, fleet.modules);
    const std::int64_t models = work.replicates * config.train.folds;
    const auto executor = or_end(backend.prepare(model.program, models, plan));
    std::vector<train::ReplicateRows> rows;
    for (std::int64_t r = 0; r < work.replicates; ++r) {
        rows.push_back(train::draw_rows(fleet, config, work.share, 0.0, r));
    }
    std::vector<backend::Objective> objectives;
    std::vector<backend::BatchShape> shapes;
    for (std::size_t t = 0; t < pools.size(); ++t) {
        backend::Objective& objective =
            objectives.emplace_back(backend::Objective{t, {}, pools[t].batch, pools[t].weight});
        shapes.push_back({pools[t].batch == 0 ? pools[t].size() : pools[t].batch, pools[t].rows.width});
        for (std::int64_t g = 0; g < models; ++g) {
            objective.rows.push_back(
                rows[static_cast<std::size_t>(g / config.train.folds)].pools[pools[t].number].training(
                    g % config.train.folds));
        }
    }
    std::vector<core::Key> keys;
    for (std::int64_t g = 0; g < models; ++g) {
        keys.push_back(core::Key(7).fold(static_cast<std::uint64_t>(g)));
        executor->set_parameters(g, train::initial_parameters(model.program, keys.back().fold("init")));
    }
    executor->set_objectives(std::move(objectives));
    const backend::Adam adam{config.train.learning_rate, config.train.beta1, config.train.beta2, config.train.epsilon};
    std::vector<double> losses(static_cast<std::size_t>(models));
    constexpr std::int64_t steps = 50;
    std::vector<double> times;
    for (std::int64_t sample = 0; sample < 17; ++sample) {
        const auto start = Clock::now();
        executor->train(adam, keys, sample * steps, steps, losses);
        if (sample >= 2) {  // the first record and warm up
            times.push_back(seconds_since(start) / steps);
        }
    }
    or_end(executor->status().map([] { return 0; }));
    const Times took = quartiles(std::move(times));
    const double flops = 2.0 * static_cast<double>(models) * backend::cost_of_step(model.program, shapes).multiply_adds;
    // Parameters and two moments, read and written once.
    const double bytes = 24.0 * static_cast<double>(models * model.program.parameter_count());
    fmt::print(
        "{:<16} {:>5} {:>5}   {:7.4f}  {:7.4f} – {:7.4f}   {:7.4f}  {:7.4f}  {:7.4f}   {:4.2f} {:4.2f} {:4.2f}\n",
        work.preset, work.share, models, 1e3 * took.median, 1e3 * took.low, 1e3 * took.high, 1e3 * flops / peak.flops,
        1e3 * flops / peak.tensor_flops, 1e3 * bytes / peak.bytes, flops / took.median / peak.flops,
        flops / took.median / peak.tensor_flops, bytes / took.median / peak.bytes);
    std::cout << std::flush;
}

// Everything of a preset but its test: draws, starts, all steps, validation at each checkpoint.
void time_preset(const backend::Backend& backend, const Work& work, std::int64_t steps) {
    FitConfig config = or_end(preset(work.preset));
    if (work.replicates == 1) {
        config.train.folds = 1;
    }
    config.train.steps = steps;
    const Dataset fleet = made_up_fleet(published_fleet(config.train.learns_from("together")));
    const auto start_replicate = [&](std::int64_t replicate) {
        models::Model model = models::build_model(config.model, fleet.platforms, fleet.modules);
        train::ReplicateTask task{train::draw_rows(fleet, config, work.share, 0.0, replicate),
                                  std::move(model.program)};
        return std::make_shared<const train::ReplicateTask>(std::move(task));
    };
    const auto start = Clock::now();
    or_end(train::train_replicates(backend, fleet, config, work.share, work.replicates, {}, start_replicate,
                                   [](std::int64_t, const train::ReplicateTask&, const std::vector<train::FoldFit>&) {
                                       return Result<void>();
                                   })
               .map([] { return 0; }));
    fmt::print("{:<16} {:>5} {:>5}   {} steps in {:.2f} s\n", work.preset, work.share,
               work.replicates * config.train.folds, train::steps_of(config.train, work.share), seconds_since(start));
    std::cout << std::flush;
}

void run(const std::string& precision, const std::string& only) {
    const backend::Backend& backend = *or_end(backend::cuda_backend({}, precision));
    const backend::Peak peak = backend.measure_peak(std::int64_t{4} << 30);
    fmt::print("{}: {:.1f} TFLOP/s fp32, {:.1f} TFLOP/s tf32 by a warp's instructions, {:.2f} TB/s; products in {}\n",
               backend.description(), peak.flops / 1e12, peak.tensor_flops / 1e12, peak.bytes / 1e12, precision);
    fmt::print(
        "a step, ms:                     median  quartiles           bounds: fp32, tensor, bytes   shares of these\n");
    for (const Work& work : {Work{"embedding/128", 0.9, 25}, Work{"linear/128", 0.1, 25}, Work{"baseline/mlp", 0.1, 25},
                             Work{"interference/2", 0.9, 25}, Work{"embedding/128", 0.9, 1}}) {
        if (only.empty() || only == work.preset) {
            time_step(backend, peak, work);
        }
    }
    if (only.empty()) {
        time_preset(backend, {"embedding/128", 0.9, 25}, 0);
        time_preset(backend, {"embedding/128", 0.1, 25}, 0);
        time_preset(backend, {"embedding/128", 0.9, 1}, 20'000);
    }
}

}  // namespace
}  // namespace pitot::bench

// bench_cuda [PRECISION [PRESET]]: a table of all, or the step of one preset
int main(int count, char** arguments) {
    const std::string precision = count > 1 ? arguments[1] : "tf32";
    pitot::bench::run(precision, count > 2 ? arguments[2] : "");
}
