// The folder of a simulation: PREDICTOR/JOBS.npz and simulation.json, which says what all of them share.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "pitot/result.hpp"
#include "place/simulate.hpp"

namespace pitot::place {

/// What results must have in common to be compared with each other, and which there are.
struct SimulationRecord {
    std::uint64_t seed = 0;
    std::int64_t job_sets = 0;
    double share = 0.0;                                        ///< of the results that predict
    std::vector<std::string> dataset;                          ///< files
    std::string digest;                                        ///< dataset_digest() of them
    std::string trace;                                         ///< file of latencies; "synthetic"
    std::string trace_digest;                                  ///< of its latencies
    std::string slowdowns = "none";                            ///< preset whose slowdowns are the truth
    std::string slowdowns_digest;                              ///< of its interference
    std::map<std::string, std::string> models{};               ///< of methods that are model files: their digests
    std::map<std::string, std::vector<std::int64_t>> results;  ///< METHOD: numbers of jobs, ascending
};

/// The folder of a method's results: `pitot` (embedding/128), `mlp` (baseline/mlp), `linear` (linear/128), `baseline`
/// (C_bar) and `oracle`, as the published program calls them; `model-STEM` of a model file STEM.pitot; else the
/// method's name.
[[nodiscard]] std::string simulation_folder(const std::string& method);

/// What sets two simulations apart: "seed: 42 there, 7 here". Equal: empty.
[[nodiscard]] std::vector<std::string> differences(const SimulationRecord& there, const SimulationRecord& here);

/// FOLDER/simulation.json; nothing where there is none. Errors: kInput if it is damaged or of a newer version.
[[nodiscard]] Result<std::optional<SimulationRecord>> read_simulation_record(const std::filesystem::path& folder);

/// Makes the folder one of `record`'s simulation and writes its simulation.json: takes over the results of the same
/// simulation that are listed there. Results of another one are refused (kInput, with both values) or, with `force`,
/// removed, and its network and jobs with them.
[[nodiscard]] Result<void> enter_folder(const std::filesystem::path& folder, SimulationRecord& record, bool force);

/// Writes PREDICTOR/JOBS.npz, whole or not at all, and lists it.
[[nodiscard]] Result<void> write_simulation(const std::filesystem::path& folder, const SimulationResult& result,
                                            SimulationRecord& record);

}  // namespace pitot::place
