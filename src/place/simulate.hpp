// Placement by predictions against placement by the truth, as a simulation.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "pitot/dataset.hpp"
#include "pitot/result.hpp"

namespace pitot::place {

struct SimulateOptions {
    std::filesystem::path results = "results";
    std::filesystem::path out = "results-simulation";
    std::filesystem::path trace;  ///< of latencies; empty = a synthetic one
    /// Presets with results at `share`, C_bar for linear scaling, and model files (.pitot).
    std::vector<std::string> methods{"embedding/128", "linear/128", "baseline/mlp", "C_bar"};
    double share = 0.1;  ///< of the results that predict
    /// Preset of interference whose results at `slowdowns_share` say how much jobs on one device slow each other down,
    /// in truth; empty = not at all.
    std::string slowdowns;
    double slowdowns_share = 0.9;
    std::vector<std::int64_t> jobs{50, 100, 150, 200, 250, 300, 350, 400, 450, 500};
    std::int64_t job_sets = 10;
    std::uint64_t seed = 42;
    bool optimal = true;  ///< the linear program's bound, too
    bool force = false;   ///< replace results of another simulation in `out`
    std::stop_token stop;
    std::function<void(std::int64_t done, std::int64_t total)> progress;
};

/// How one predictor placed one number of jobs.
struct SimulationResult {
    std::string method;  ///< "oracle", "optimal", "C_bar" (linear scaling), a preset's name or a model file's
    std::int64_t jobs = 0;
    /// job sets × jobs: what a job takes on the device it was given, in truth, ms; NaN where it was not placed.
    std::vector<std::vector<double>> latency;
    /// job sets × devices: share of the capacity that the jobs there leave, in truth; empty for "optimal".
    std::vector<std::vector<double>> utilization;
    /// job sets × jobs: the device of each, kUnplaced where it has none; empty for "optimal", which may split jobs.
    std::vector<std::vector<std::int64_t>> device = {};
    /// job sets × jobs: what the others on its device multiply its runtime with, in truth; empty where they do not.
    std::vector<std::vector<double>> slowdown = {};
};

/// Simulates and writes OUT/PREDICTOR/JOBS.npz (arrays `latency` and `utilization`, float32, `device` and `slowdown`;
/// simulation_folder() names PREDICTOR) for
/// every predictor and number of jobs, whole or not at all; OUT/network.npz and OUT/jobs/JOBS.npz, from which all of
/// that can be computed again; and OUT/simulation.json, which says what they share: results of another seed, dataset …
/// there are refused. Pairs that were never measured are not to be had for anybody. Predictions are those of
/// results at `share`, each shifted up by minus the 5th percentile of its logarithmic errors on test rows; replicate i
/// places job set i. Those of a model are its upper bounds at 95 %. Predictors of interference count the expected
/// slowdown by the jobs on a device, each weighted by the share of its capacity that it takes. "optimal" has the least
/// mean ratio to the oracle's latencies, of the jobs that the oracle placed. Errors: kInput (no such results, of
/// another dataset, fewer than 3 platforms, another simulation in OUT), kUsage, kEnvironment, kCancelled.
[[nodiscard]] Result<std::vector<SimulationResult>> simulate(const Dataset& dataset, const SimulateOptions& options);

/// Mean over job sets of the mean over jobs of latency / the oracle's, over jobs that both placed, and twice its
/// standard error.
struct LatencyRatio {
    std::int64_t jobs = 0;
    double mean = 0.0;  ///< NaN without such jobs
    double error = 0.0;
    double unplaced = 0.0;        ///< jobs a set that found no device
    std::int64_t infeasible = 0;  ///< sets that the linear program has no solution of; not counted in the others
};
/// Both have the same sets of jobs.
[[nodiscard]] LatencyRatio latency_ratio(const SimulationResult& result, const SimulationResult& oracle);

/// Reads back what OUT/simulation.json lists. Error: kInput naming `pitot simulate`, or a file of another shape.
[[nodiscard]] Result<std::vector<SimulationResult>> read_simulation(const std::filesystem::path& out);

}  // namespace pitot::place
