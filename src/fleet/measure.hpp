// Runs every module on every engine, alone and side by side, into a collection of traces.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "fleet/engine.hpp"
#include "pitot/result.hpp"

namespace pitot::fleet {

/// A module to measure.
struct Module {
    std::filesystem::path path;
    std::string file;  ///< as traces name it: "wasm/" and the path below the folder of modules
};

struct MeasurePlan {
    std::vector<Module> modules;
    std::vector<Engine> engines;
    std::filesystem::path collection;
    std::filesystem::path cache;  ///< where engines' compilations are kept

    bool alone = true;
    std::int64_t repeat = 50;  ///< runs of each module on each engine
    double limit_s = 30.0;     ///< after which a run is killed
    double cell_s = 0.0;  ///< no further run of a pair that took so long in all, once it has three; 0: no such bound
    std::int64_t abandon = 2;   ///< failed runs in a row after which a pair is not run again
    std::int64_t together = 0;  ///< modules side by side; 0: none
    std::int64_t sets = 0;      ///< tuples of them for each engine
    double together_s = 30.0;   ///< how long they loop
    std::uint64_t seed = 42;
    std::vector<int> cores{0};
    int jobs = 1;  ///< runs alone at once, each on a core of its own
    bool profile = true;
};

struct MeasureSummary {
    std::int64_t runs = 0;    ///< of this call
    std::int64_t reused = 0;  ///< that were there before
    std::int64_t failed_runs = 0;
    std::vector<std::string> failures;  ///< pairs, sets and profiles that failed, with the reason
    bool stopped = false;               ///< by the user: call again to go on
};

struct MeasureProgress {
    std::string label;  ///< "preparing", "profiling", "alone", "together"
    std::int64_t done = 0;
    std::int64_t total = 0;
};

/// All modules (*.wasm) below a folder, by name. kInput if there are none.
[[nodiscard]] Result<std::vector<Module>> find_modules(const std::filesystem::path& folder);

/// The tuples of modules, `size` different ones each, that run side by side on an engine: the n-th does not depend on
/// how many are asked for.
[[nodiscard]] std::vector<std::vector<std::size_t>> draw_tuples(std::uint64_t seed, const std::string& engine,
                                                                std::size_t modules, std::size_t size,
                                                                std::int64_t count);

/// Measures what the collection does not hold yet. Every run is in the collection's journal once it has ended, so that
/// nothing but the run under way is lost however this ends; traces are written at the end, and when stopped. Errors:
/// kInput if the collection was measured with another limit or other modules of the same name, kEnvironment if it
/// cannot be written or another process measures into it.
[[nodiscard]] Result<MeasureSummary> measure(const MeasurePlan& plan,
                                             const std::function<void(const MeasureProgress&)>& progress,
                                             std::stop_token stop);

}  // namespace pitot::fleet
