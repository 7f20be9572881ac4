// Predictions with bounds a second: random pairs of a fitted model, one thread.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <vector>

#include "core/key.hpp"
#include "fleet.hpp"
#include "pitot/fit.hpp"
#include "pitot/predictor.hpp"

namespace pitot {
namespace {

// The speed of a prediction does not depend on how well its model is trained.
const Predictor& predictor(const char* name) {
    const auto fitted = [](const char* preset_name) {
        FitConfig config = preset(preset_name).value();
        config.train.checkpoints = 1;
        config.train.epoch_samples = 1000;
        auto result = fit(bench::fleet(), config);
        if (!result) {
            std::cerr << result.error().to_string() << '\n';
            std::exit(1);
        }
        return *result;
    };
    static const Predictor kEmbedding = fitted("embedding/128");
    static const Predictor kInterference = fitted("interference/2");
    return std::string_view(name) == "embedding/128" ? kEmbedding : kInterference;
}

void predict(benchmark::State& state, const char* name, std::int32_t width) {
    const Predictor& model = predictor(name);
    const auto rows = static_cast<std::size_t>(state.range(0));
    std::vector<std::int32_t> platform, module, co_runner;
    Stream stream{Key(3)};
    for (std::size_t n = 0; n < rows; ++n) {
        platform.push_back(static_cast<std::int32_t>(stream.below(174)));
        module.push_back(static_cast<std::int32_t>(stream.below(176)));
        for (std::int32_t w = 0; w < width; ++w) {
            co_runner.push_back(static_cast<std::int32_t>(stream.below(176)));
        }
    }
    const std::vector<double> confidences{0.9};
    for (auto _ : state) {
        const auto answer = model.predict({platform, module, co_runner, width}, confidences);
        benchmark::DoNotOptimize(answer->runtime_us.data());
    }
    state.SetItemsProcessed(state.iterations() * state.range(0));
}

BENCHMARK_CAPTURE(predict, alone, "embedding/128", 0)->Arg(1)->Arg(1000)->Arg(100'000);
BENCHMARK_CAPTURE(predict, two_co_runners, "interference/2", 2)->Arg(100'000);

}  // namespace
}  // namespace pitot
