// What a simulation is made of, kept in its folder so that its figures can be computed again from files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "pitot/dataset.hpp"
#include "pitot/matrix_view.hpp"
#include "pitot/result.hpp"
#include "place/network.hpp"

namespace pitot::place {

/// Writes FOLDER/network.npz: the devices with their names, layers, clusters, latencies and capacities, and
/// `runtime_ms`, the true runtimes (device × module, infinite where there is none). docs/simulation.md has the arrays.
[[nodiscard]] Result<void> write_network(const std::filesystem::path& folder, const Dataset& dataset,
                                         const Network& network, MatrixView<const double> runtime_ms);

/// Writes FOLDER/jobs/JOBS.npz: the jobs of all sets, which are equally many.
[[nodiscard]] Result<void> write_jobs(const std::filesystem::path& folder, const std::vector<std::vector<Job>>& sets);

/// Removes what both wrote.
[[nodiscard]] Result<void> remove_world(const std::filesystem::path& folder);

}  // namespace pitot::place
