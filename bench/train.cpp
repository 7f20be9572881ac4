// Training steps of the published models on one thread: time, useful arithmetic (or bytes), and its share of the peak
// measured in this process; many models on one and on two threads; steps as a side grows.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <utility>

#include "bench/support/fleet.hpp"
#include "bench/support/step.hpp"

namespace pitot::bench {
namespace {

StepTrial trial_of(const Dataset& fleet, const FitConfig& config, const std::string& backend = "cpu", int threads = 1) {
    auto trial = StepTrial::make(fleet, config, backend, threads);
    if (!trial) {
        std::cerr << trial.error().to_string() << '\n';
        std::exit(1);
    }
    return std::move(*trial);
}

void train_step(benchmark::State& state, const std::string& name, const std::string& backend, int threads) {
    const FitConfig config = preset(name).value();
    const Dataset fleet = made_up_fleet(published_fleet(config.train.learns_from("together")));
    StepTrial trial = trial_of(fleet, config, backend, threads);
    const bool tables = !config.model.platform_features && !config.model.module_features;
    constexpr std::int64_t steps_a_peak = 100;  // on a machine shared with others the peak changes, too
    double peaks = 0.0;
    double measured = 0.0;
    std::int64_t step = 0;
    for (auto _ : state) {
        if (step++ % steps_a_peak == 0) {
            state.PauseTiming();
            const backend::Peak peak =
                backend::cpu_backend().measure_peak(static_cast<std::int64_t>(4 * sizeof(float)) * trial.parameters());
            peaks += tables ? peak.bytes : peak.flops;
            measured += 1.0;
            state.ResumeTiming();
        }
        benchmark::DoNotOptimize(trial.train(1));
    }
    const auto steps = static_cast<double>(state.iterations());
    const double work = tables ? trial.bytes() : trial.flops();
    state.counters[tables ? "useful_bytes" : "useful_flops"] = work;
    state.counters["peak"] = peaks / measured;
    state.counters["train_efficiency"] =
        benchmark::Counter(steps * work / (peaks / measured), benchmark::Counter::kIsRate);
    state.SetItemsProcessed(state.iterations());
    state.SetLabel(backend::cpu_backend().description());
}

// The whole of a run with one thread and of one with two, so that their ratio is of the same minute.
void many_models(benchmark::State& state) {
    constexpr std::int64_t models = 20;
    const FitConfig config = preset("embedding/128").value();
    const Dataset fleet = made_up_fleet(published_fleet(false));
    double one = 0.0;
    double two = 0.0;
    for (auto _ : state) {
        one += time_many_models(fleet, config, 1, models, 1.0).value_or(0.0);
        two += time_many_models(fleet, config, 2, models, 1.0).value_or(0.0);
    }
    const auto rounds = static_cast<double>(state.iterations());
    state.counters["ms_a_step_1_thread"] = 1e3 * one / rounds;
    state.counters["ms_a_step_2_threads"] = 1e3 * two / rounds;
    state.counters["speedup"] = one / two;
}

// Platforms grow; 10^4 modules, 10^6 observations.
void side_grows(benchmark::State& state, const std::string& name) {
    FitConfig config = preset(name).value();
    const Dataset fleet = made_up_fleet({.platforms = state.range(0), .modules = state.range(1), .alone = 1'000'000});
    StepTrial trial = trial_of(fleet, config);
    trial.train(2000);  // until few rows are left of those whose missed updates are replayed one by one
    for (auto _ : state) {
        benchmark::DoNotOptimize(trial.train(1));
    }
    state.SetItemsProcessed(state.iterations());
}

void register_all() {
    const auto add = [](const std::string& name, const std::string& preset_name, const std::string& backend,
                        int threads) {
        benchmark::RegisterBenchmark(name.c_str(),
                                     [=](benchmark::State& state) { train_step(state, preset_name, backend, threads); })
            ->Unit(benchmark::kMillisecond)
            ->UseRealTime();
    };
    for (const char* name : {"embedding/128", "interference/2", "linear/128", "baseline/mlp", "baseline/device_mlp"}) {
        add(std::string("train_step/") + name, name, "cpu", 1);
    }
    add("train_step_shared_by_2_threads/embedding/128", "embedding/128", "cpu", 2);
    add("train_step_reference/embedding/128", "embedding/128", "reference", 1);
    benchmark::RegisterBenchmark("many_models", many_models)->Unit(benchmark::kSecond)->Iterations(1)->UseRealTime();
    for (const char* name : {"embedding/128", "linear/128"}) {
        auto* grows = benchmark::RegisterBenchmark((std::string("side_grows/") + name).c_str(),
                                                   [name](benchmark::State& state) { side_grows(state, name); });
        grows->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(100)->ArgNames({"platforms", "modules"});
        for (const std::int64_t modules : {200, 10'000}) {
            for (const std::int64_t platforms : {1'000, 10'000, 100'000, 1'000'000}) {
                grows->Args({platforms, modules});
            }
        }
    }
}

const bool kRegistered = (register_all(), true);

}  // namespace
}  // namespace pitot::bench
