// Observations from traces, before platforms and modules are numbered.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "traces/trace_dataset.hpp"
#include "traces/trace_names.hpp"

namespace pitot::traces {

/// A platform as traces know it.
struct TracePlatform {
    std::string runtime;
    std::string device_name;
    const Device* device = nullptr;  ///< nullptr: no file describes it
    std::string file;                ///< that names it first
};

/// Positive runs alone, and where the cell was met.
struct TraceCell {
    std::vector<double> runs_us;
    std::int64_t traces = 0;  ///< with positive runs
    std::string file;         ///< the first
};

struct TraceRow {
    std::string platform;
    std::string module;
    std::vector<std::string> co_runners;
    std::vector<double> runs_us;
};

/// Names, cells and rows of a collection. Strings are names of platforms and modules.
struct TraceRows {
    std::map<std::string, TracePlatform> platforms;
    std::map<std::string, std::string> modules;  ///< the file that names each first
    std::map<std::pair<std::string, std::string>, TraceCell> alone;
    std::vector<TraceRow> together;
    std::vector<FailedCell> failed;
    std::vector<TraceProblem> problems;
};

/// `alone`, `together`: which traces to look at.
[[nodiscard]] TraceRows collect_rows(const Collection& collection, const TraceOptions& options, bool alone,
                                     bool together);

/// One number or, for kEach, all of them. `runs_us` are not empty.
[[nodiscard]] std::vector<double> use_runs(std::vector<double> runs_us, RunUse use);

}  // namespace pitot::traces
