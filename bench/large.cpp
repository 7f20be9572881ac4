// Training on fleets of 100 000 platforms and 10 000 modules with 10^6 and 10^7 observations (10^8 with
// PITOT_BENCH_LARGE=1), mapped from a file: the time of a split and of a step, and the memory taken beyond the file.
//
// Counters: `rows`, the observations; `to_smallest`, the time of a step over that with the fewest observations;
// `anonymous_MB`, the most memory in use that belongs to no file.
#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "backend/backend.hpp"
#include "core/key.hpp"
#include "dataset/split.hpp"
#include "formats/npz.hpp"
#include "models/folds/step_program.hpp"
#include "pitot/dataset.hpp"
#include "support/synthetic.hpp"
#include "train/initial_parameters.hpp"

namespace pitot::bench {
namespace {

constexpr std::int64_t kPlatforms = 100'000;
constexpr std::int64_t kModules = 10'000;
constexpr std::int64_t kFeatures = 4;
constexpr std::int64_t kBatch = 2048;
constexpr std::int64_t kFewest = 1'000'000;

template <typename T>
T must(Result<T> result) {
    if (!result) {
        std::cerr << result.error().to_string() << '\n';
        std::exit(1);
    }
    return *std::move(result);
}

// Memory of this process that no file backs, in bytes.
double anonymous_bytes() {
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word;) {
        if (word == "RssAnon:") {
            double kib = 0;
            status >> kib;
            return kib * 1024;
        }
    }
    return 0;
}

// The most of it at the moments looked at.
class Memory {
public:
    void look() { most_ = std::max(most_, anonymous_bytes()); }
    [[nodiscard]] double most_mb() const { return most_ / 1e6; }

private:
    double most_ = 0;
};

// A folder that goes with the program.
class Folder {
public:
    Folder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "pitot-bench-XXXXXX").string();
        path_ = ::mkdtemp(pattern.data());
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() { std::filesystem::remove_all(path_); }
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

// Observations in a file; every value is a function of its row, so that they need not exist before.
std::filesystem::path observations(std::int64_t rows) {
    static const Folder kFolder;
    auto file = kFolder.path() / (std::to_string(rows) + ".npz");
    if (std::filesystem::exists(file)) {
        return file;
    }
    const auto column = [](core::Key key, auto value) {
        return [key, value](std::int64_t first, auto out) {
            for (std::size_t n = 0; n < out.size(); ++n) {
                out[n] = value(key, static_cast<std::uint64_t>(first) + n);
            }
        };
    };
    const auto index = [](std::int64_t size) {
        return [size](core::Key key, std::uint64_t row) {
            return static_cast<std::int32_t>(key.below(row, static_cast<std::uint64_t>(size)));
        };
    };
    formats::NpzWriter npz;
    npz.add_mappable<double>("t", rows, column(core::Key(1), [](core::Key key, std::uint64_t row) {
                                 return 1000.0 + 1e6 * key.uniform(row);
                             }));
    npz.add_mappable<std::int32_t>("i_platform", rows, column(core::Key(2), index(kPlatforms)));
    npz.add_mappable<std::int32_t>("i_workload", rows, column(core::Key(3), index(kModules)));
    const auto add_side = [&](const std::string& axis, std::int64_t size, std::uint64_t seed) {
        const Side side = test::synthetic_side(axis, size, kFeatures, core::Key(seed));
        npz.add_strings("n_" + axis, side.names);
        npz.add_strings("f_" + axis, side.feature_names);
        const std::int64_t shape[] = {size, kFeatures};
        npz.add("d_" + axis, side.features.flat(), std::span<const std::int64_t>(shape));
    };
    add_side("platform", kPlatforms, 4);
    add_side("workload", kModules, 5);
    if (auto written = npz.write(file); !written) {
        std::cerr << written.error().to_string() << '\n';
        std::exit(1);
    }
    return file;
}

FitConfig config_of(const std::string& name) {
    FitConfig config = must(preset(name));
    config.train.objective("alone").batch = kBatch;
    return config;
}

void read(benchmark::State& state, std::int64_t rows) {
    const std::filesystem::path file = observations(rows);
    Memory memory;
    for (auto _ : state) {
        const Dataset dataset = must(read_dataset(std::span(&file, 1)));
        memory.look();
        benchmark::DoNotOptimize(dataset.observations.size());
    }
    state.counters["rows"] = static_cast<double>(rows);
    state.counters["anonymous_MB"] = memory.most_mb();
}

void split(benchmark::State& state, std::int64_t rows) {
    Memory memory;
    for (auto _ : state) {
        const dataset::Split drawn = dataset::make_split({rows, nullptr, 0.9, 0.1, 10}, core::Key(6));
        memory.look();
        benchmark::DoNotOptimize(drawn.rest.size());
    }
    state.counters["rows"] = static_cast<double>(rows);
    state.counters["anonymous_MB"] = memory.most_mb();
}

void train_step(benchmark::State& state, const std::string& name, std::int64_t rows) {
    static std::map<std::string, double> smallest;  // seconds a step with the fewest rows, which come first
    const std::filesystem::path file = observations(rows);
    Memory memory;
    const Dataset dataset = must(read_dataset(std::span(&file, 1)));
    memory.look();
    const FitConfig config = config_of(name);
    const dataset::Split drawn = dataset::make_split({rows, nullptr, 0.9, 0.1, config.train.folds}, core::Key(6));
    AlignedVector<float> target(static_cast<std::size_t>(rows));
    std::ranges::transform(dataset.observations.runtime_us, target.begin(),
                           [](double t) { return static_cast<float>(to_log({t}).value); });
    memory.look();
    const models::Model model = models::build_model(config.model, dataset.platforms, dataset.modules);
    const ObservationView view = dataset.pool(kAlone);
    const backend::PairColumns columns{view.platform, view.module, view.co_runner, view.width, target};
    const auto executor = must(
        backend::cpu_backend().prepare(model.program, 1,
                                       {.platform_rows = kBatch,
                                        .module_rows = kBatch,
                                        .data = must(backend::cpu_backend().make_resident(std::span(&columns, 1)))}));
    executor->set_parameters(0, train::initial_parameters(model.program, core::Key(7)));
    if (config.model.baseline) {
        executor->set_constant(0, model.platform_baseline, std::vector<double>(kPlatforms));
        executor->set_constant(0, model.module_baseline, std::vector<double>(kModules));
    }
    executor->set_objectives({{0, {drawn.training(0)}, kBatch, 1.0}});
    const backend::Adam adam{1e-3, 0.9, 0.999, 1e-8};
    const core::Key key(8);
    double loss = 0.0;
    executor->train(adam, std::span(&key, 1), 0, 1, std::span(&loss, 1));  // the workspace grows
    std::int64_t step = 1;
    const auto started = std::chrono::steady_clock::now();
    for (auto _ : state) {
        executor->train(adam, std::span(&key, 1), step++, 1, std::span(&loss, 1));
    }
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - started;
    memory.look();
    benchmark::DoNotOptimize(loss);
    const double seconds = taken.count() / static_cast<double>(state.iterations());
    if (rows == kFewest) {
        smallest[name] = seconds;  // of the longest run, which comes last
    }
    state.counters["rows"] = static_cast<double>(rows);
    state.counters["to_smallest"] = seconds / smallest[name];
    state.counters["anonymous_MB"] = memory.most_mb();
}

void register_all() {
    const char* const large = std::getenv("PITOT_BENCH_LARGE");  // NOLINT(concurrency-mt-unsafe): before any thread
    const bool all = large != nullptr && std::string_view(large) == "1";
    const std::vector<std::int64_t> sizes{kFewest, all ? 100'000'000 : 10'000'000};
    for (const std::int64_t rows : sizes) {
        const std::string suffix = "/" + std::to_string(rows);
        const auto add = [&](const std::string& what, auto run) {
            benchmark::RegisterBenchmark((what + suffix).c_str(), run)->Unit(benchmark::kMillisecond);
        };
        add("read", [rows](benchmark::State& state) { read(state, rows); });
        add("split", [rows](benchmark::State& state) { split(state, rows); });
        for (const std::string name : {"linear/32", "embedding/128"}) {
            add("train_step/" + name, [name, rows](benchmark::State& state) { train_step(state, name, rows); });
        }
    }
}

const bool kRegistered = (register_all(), true);

}  // namespace
}  // namespace pitot::bench
