// Which device takes which job.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "pitot/matrix_view.hpp"
#include "pitot/result.hpp"
#include "place/network.hpp"

namespace pitot {

inline constexpr std::int64_t kUnplaced = -1;

/// How much longer a job takes on a device beside those placed there: a factor, given the work (utilisation) of each.
struct Neighbour {
    std::int64_t module = 0;
    double utilisation = 0.0;
};
using Slowdown = std::function<double(std::int64_t device, std::int64_t module, std::span<const Neighbour> neighbours)>;

/// Device of every job, kUnplaced where none has room. Jobs by increasing size; each takes the device of lowest
/// latency, `runtime_ms`(device, module) + round trips source - device - destination, whose remaining capacity exceeds
/// its utilisation runtime · rate. Runtimes that are not finite exclude a device. `slowdown` multiplies runtimes; empty
/// = 1.
[[nodiscard]] std::vector<std::int64_t> place_greedily(const Network& network, std::span<const Job> jobs,
                                                       MatrixView<const double> runtime_ms,
                                                       const Slowdown& slowdown = {});

/// ms; infinite where the pair has no runtime.
[[nodiscard]] double latency_ms(const Network& network, const Job& job, MatrixView<const double> runtime_ms,
                                std::int64_t device);

/// The linear program under the placement of all jobs with the least total latency, by Clp: jobs may be split over
/// devices, so no placement within the capacities does better in total. Returns each job's expected latency in ms;
/// nothing if not all jobs fit, even split.
[[nodiscard]] std::optional<std::vector<double>> optimal_latencies(const Network& network, std::span<const Job> jobs,
                                                                   MatrixView<const double> runtime_ms);

}  // namespace pitot
