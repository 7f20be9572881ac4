// Which device takes which job.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

#include "pitot/matrix_view.hpp"
#include "pitot/result.hpp"
#include "place/network.hpp"

namespace pitot::place {

inline constexpr std::int64_t kUnplaced = -1;

/// How much longer a job takes on a device beside those placed there: a factor, given how busy each keeps the device.
struct Neighbour {
    std::int64_t module = 0;
    double utilisation = 0.0;  ///< share of the device's capacity
};
using Slowdown = std::function<double(std::int64_t device, std::int64_t module, std::span<const Neighbour> neighbours)>;

/// Device of every job, kUnplaced where none has room. Jobs by increasing size; each takes the device of lowest
/// latency, `runtime_ms`(device, module) + round trips source - device - destination, whose remaining capacity exceeds
/// its utilisation runtime · rate. Runtimes that are not finite exclude a device. `slowdown` multiplies runtimes; empty
/// = 1. As soon as a stop is requested, the rest stays unplaced.
[[nodiscard]] std::vector<std::int64_t> place_greedily(const Network& network, std::span<const Job> jobs,
                                                       MatrixView<const double> runtime_ms,
                                                       const Slowdown& slowdown = {}, const std::stop_token& stop = {});

/// ms; infinite where the pair has no runtime.
[[nodiscard]] double latency_ms(const Network& network, const Job& job, MatrixView<const double> runtime_ms,
                                std::int64_t device);

/// What became of a placement.
struct Outcome {
    std::vector<double> latency_ms;  ///< of every job; NaN where it is unplaced
    std::vector<double> left;        ///< share of each device's capacity that is left; negative where it got too much
    std::vector<double> slowdown;    ///< of every job, by the others on its device; 1 where it is unplaced
};
/// With `slowdown`, every job suffers from all others on its device, each with the utilisation that it has alone.
/// Incomplete if a stop is requested meanwhile.
[[nodiscard]] Outcome outcome_of(const Network& network, std::span<const Job> jobs,
                                 std::span<const std::int64_t> placed, MatrixView<const double> runtime_ms,
                                 const Slowdown& slowdown = {}, const std::stop_token& stop = {});

/// The linear program under the placement of all jobs with the least sum of latency / `reference_ms`, by Clp: jobs may
/// be split over devices, so no placement of these jobs within the capacities does better. Jobs without a reference
/// (NaN) are left out: they take no room, and their latency is NaN. An empty reference stands for 1 ms each: the least
/// total latency. Returns each job's expected latency in ms; nothing if the jobs do not fit, even split, or a stop was
/// requested.
[[nodiscard]] std::optional<std::vector<double>> optimal_latencies(const Network& network, std::span<const Job> jobs,
                                                                   MatrixView<const double> runtime_ms,
                                                                   std::span<const double> reference_ms = {},
                                                                   const std::stop_token& stop = {});

}  // namespace pitot::place
