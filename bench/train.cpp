// A training step of each published model, one model on one thread, on a made-up fleet of the published size
// (174 platforms with 37 features, 176 modules with 128, 30 000 observations).
#include <benchmark/benchmark.h>

#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "backend/backend.hpp"
#include "core/key.hpp"
#include "fleet.hpp"
#include "model/model.hpp"

namespace pitot {
namespace {

void train_step(benchmark::State& state, const std::string& name, const Backend& backend) {
    const FitConfig config = preset(name).value();
    const Dataset& dataset = bench::fleet();
    const Model model = build_model(config.model, dataset.platforms, dataset.modules);
    const auto executor = std::move(*backend.prepare(model.program, 1));
    executor->set_parameters(0, initial_parameters(model.program, Key(1)));
    if (config.model.baseline) {
        executor->set_constant(0, model.platform_baseline, std::vector<double>(dataset.platforms.names.size()));
        executor->set_constant(0, model.module_baseline, std::vector<double>(dataset.modules.names.size()));
    }
    const std::vector<float> alone_target(dataset.alone.runtime_us.size(), 0.5F);
    const std::vector<float> together_target(dataset.together.runtime_us.size(), 0.5F);
    std::vector<std::int64_t> alone(alone_target.size());
    std::iota(alone.begin(), alone.end(), std::int64_t{0});
    std::vector<std::int64_t> together(together_target.size());
    std::iota(together.begin(), together.end(), std::int64_t{0});
    const auto columns = [](const ObservationTable& t, const std::vector<float>& target) {
        return PairColumns{t.platform.values(), t.module.values(), t.co_runner.values(), t.width, target};
    };
    std::vector<Objective> objectives{{columns(dataset.alone, alone_target), {alone}, config.train.batch, 1.0}};
    if (config.train.together_weight > 0.0) {
        objectives.push_back(
            {columns(dataset.together, together_target), {together}, config.train.together_batch, 1.0});
    }
    const Adam adam{1e-3, 0.9, 0.999, 1e-8};
    const Key key(2);
    std::int64_t step = 0;
    double loss = 0.0;
    for (auto _ : state) {
        executor->train(objectives, adam, std::span(&key, 1), step++, 1, std::span(&loss, 1));
    }
    benchmark::DoNotOptimize(loss);
    state.SetItemsProcessed(state.iterations());
    state.SetLabel(backend.description());
}

void register_all() {
    for (const char* name : {"embedding/128", "interference/2", "linear/128", "baseline/mlp", "baseline/device_mlp"}) {
        benchmark::RegisterBenchmark((std::string("train_step/") + name).c_str(), [name](benchmark::State& state) {
            train_step(state, name, cpu_backend());
        })->Unit(benchmark::kMillisecond);
    }
    benchmark::RegisterBenchmark("train_step/embedding/128/reference", [](benchmark::State& state) {
        train_step(state, "embedding/128", reference_backend());
    })->Unit(benchmark::kMillisecond);
}

const bool kRegistered = (register_all(), true);

}  // namespace
}  // namespace pitot
