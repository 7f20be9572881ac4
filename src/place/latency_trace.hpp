// Latencies that networks are made of.
#pragma once

#include <array>
#include <filesystem>
#include <vector>

#include "core/key.hpp"
#include "pitot/result.hpp"

namespace pitot::place {

inline constexpr std::size_t kLayers = 3;  ///< cloud, towers, edge

/// Measured or made-up latencies in milliseconds by layer, from which devices draw theirs.
struct LatencyTrace {
    std::array<std::vector<double>, kLayers> latency_ms;
};

/// Reads the columns `latency_ms` and `UE_Server_distance_km` of a CSV file of speed tests: tests to servers over
/// 1 000 km away are the cloud's, 20 to 500 km the towers', below 20 km the edge's. Rows without a distance are passed
/// over. Errors: kInput (columns, numbers, a layer without tests), kEnvironment.
[[nodiscard]] Result<LatencyTrace> read_latency_trace(const std::filesystem::path& file);

/// 1 000 latencies a layer, log-normal and cut to a range: cloud median 67 ms in 28 … 118, deviation of the logarithm
/// 0.25; towers 35 ms in 14 … 55, 0.43; edge 17 ms in 6 … 60, 0.68. Medians, ranges and deviations are those of public
/// 5G speed tests of 2021 (SIGCOMM '21, "A variegated look at 5G in the wild"), grouped as above.
[[nodiscard]] LatencyTrace synthetic_latency_trace(core::Key key);

}  // namespace pitot::place
