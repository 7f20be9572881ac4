// Predictions a second on one thread, and what a predictor's construction costs. Models have random
// parameters: the speed of a prediction does not depend on its truth.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <vector>

#include "core/key.hpp"
#include "pitot/predictor.hpp"
#include "predict/parts.hpp"
#include "support/random_model.hpp"

namespace pitot::bench {
namespace {

constexpr double kConfidence = 0.9;
constexpr std::size_t kQueries = 1 << 14;

constexpr test::RandomModelOptions kPublished{174, 176, 37, 128, 10};
constexpr test::RandomModelOptions kLarge{20'000, 5'000, 37, 128, 10};

void batch(benchmark::State& state, const std::string& name, const test::RandomModelOptions& fleet,
           std::int32_t width) {
    const Predictor model(test::random_parts(name, fleet));
    const std::int64_t rows = state.range(0);
    const auto count = static_cast<std::size_t>(rows);
    const auto platform = test::random_rows(count, fleet.platforms, core::Key(1));
    const auto module = test::random_rows(count, fleet.modules, core::Key(2));
    const auto co_runner = test::random_rows(count * static_cast<std::size_t>(width), fleet.modules, core::Key(3));
    std::vector<double> runtime_us(platform.size());
    Matrix<double> bound_us(rows, 1);
    std::vector<Basis> basis(platform.size());
    PredictScratch scratch;
    for (auto _ : state) {
        const auto done = model.predict_into({platform, module, co_runner, width}, std::span(&kConfidence, 1),
                                             {runtime_us, bound_us.view(), basis}, &scratch);
        benchmark::DoNotOptimize(done.has_value());
        benchmark::ClobberMemory();
    }
    state.SetItemsProcessed(state.iterations() * rows);
}

void single(benchmark::State& state, const std::string& name, const test::RandomModelOptions& fleet,
            std::int32_t width) {
    const Predictor model(test::random_parts(name, fleet));
    const auto platform = test::random_rows(kQueries, fleet.platforms, core::Key(1));
    const auto module = test::random_rows(kQueries, fleet.modules, core::Key(2));
    const auto co_runner = test::random_rows(kQueries * static_cast<std::size_t>(width), fleet.modules, core::Key(3));
    PredictScratch scratch;
    std::size_t n = 0;
    for (auto _ : state) {
        const auto beside =
            std::span(co_runner).subspan(n * static_cast<std::size_t>(width), static_cast<std::size_t>(width));
        const auto answer = model.predict_pair(platform[n], module[n], kConfidence, beside, &scratch);
        benchmark::DoNotOptimize(answer->bound_us);
        n = (n + 1) % kQueries;
    }
    state.SetItemsProcessed(state.iterations());
}

void construct(benchmark::State& state, const std::string& name, const test::RandomModelOptions& fleet) {
    const PredictorParts all = test::random_parts(name, fleet);
    for (auto _ : state) {
        state.PauseTiming();
        PredictorParts copy = predict::clone_parts(all);
        state.ResumeTiming();
        const Predictor model(std::move(copy));
        benchmark::DoNotOptimize(&model.parts());
    }
}

void register_all() {
    using benchmark::RegisterBenchmark;
    for (const char* name : {"embedding/128", "interference/2", "baseline/linear_scaling", "baseline/mlp"}) {
        const std::string text = name;
        const bool table = text != "baseline/mlp";
        RegisterBenchmark(("batch/" + text).c_str(), batch, text, kPublished, 0)->Arg(table ? 100'000 : 10'000);
        RegisterBenchmark(("single/" + text).c_str(), single, text, kPublished, 0);
        RegisterBenchmark(("construct/" + text).c_str(), construct, text, kPublished)->Unit(benchmark::kMillisecond);
    }
    RegisterBenchmark("batch/interference/2/two_co_runners", batch, "interference/2", kPublished, 2)->Arg(100'000);
    RegisterBenchmark("single/interference/2/two_co_runners", single, "interference/2", kPublished, 2);
    RegisterBenchmark("batch/embedding/128/large_fleet", batch, "embedding/128", kLarge, 0)->Arg(100'000);
    RegisterBenchmark("single/embedding/128/large_fleet", single, "embedding/128", kLarge, 0);
}

const bool kRegistered = (register_all(), true);

}  // namespace
}  // namespace pitot::bench
