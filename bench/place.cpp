// Placing jobs on the network of the published simulation: greedily, and the linear program's bound.
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "place/latency_trace.hpp"
#include "place/network.hpp"
#include "place/placement.hpp"

namespace pitot::bench {
namespace {

constexpr std::int64_t kDevices = 174;
constexpr std::int64_t kModules = 176;

struct Problem {
    place::Network network;
    std::vector<place::Job> jobs;
    Matrix<double> runtime_ms;
};

// Runtimes like the published ones: linear scaling over three orders of magnitude, and noise.
Problem problem_of(std::int64_t jobs) {
    core::Stream stream(core::Key(1));
    std::vector<double> a(kDevices), b(kModules);
    for (double& x : a) {
        x = stream.normal();
    }
    for (double& x : b) {
        x = 2.0 * stream.normal();
    }
    Matrix<double> t(kDevices, kModules);
    for (std::int64_t i = 0; i < kDevices; ++i) {
        for (std::int64_t j = 0; j < kModules; ++j) {
            t(i, j) = 25.0 *
                      std::exp(a[static_cast<std::size_t>(i)] + b[static_cast<std::size_t>(j)] + 0.5 * stream.normal());
        }
    }
    place::Network network(a, place::synthetic_latency_trace(core::Key(1)), core::Key(1));
    std::vector<place::Job> drawn = place::draw_jobs(network, b, jobs, core::Key(1));
    return {std::move(network), std::move(drawn), std::move(t)};
}

void greedy(benchmark::State& state) {
    const Problem problem = problem_of(state.range(0));
    for (auto _ : state) {
        benchmark::DoNotOptimize(place::place_greedily(problem.network, problem.jobs, problem.runtime_ms.view()));
    }
}
BENCHMARK(greedy)->Arg(50)->Arg(500)->Unit(benchmark::kMillisecond);

void optimal(benchmark::State& state) {
    const Problem problem = problem_of(state.range(0));
    for (auto _ : state) {
        benchmark::DoNotOptimize(place::optimal_latencies(problem.network, problem.jobs, problem.runtime_ms.view()));
    }
}
BENCHMARK(optimal)->Arg(50)->Arg(500)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace pitot::bench
