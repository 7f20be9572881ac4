// A tree of devices, and jobs that want to run on them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/key.hpp"
#include "place/latency_trace.hpp"

namespace pitot::place {

/// Two levels below the cloud: cloud devices at the root, towers, and edge devices each below a tower.
class Network {
public:
    /// Device i is platform i; `slowness` is its term a_i of linear scaling. The fastest (with noise of deviation 0.5)
    /// are the cloud, the next the towers, the rest the edge: 10, 50 and the rest of 174, other numbers in proportion,
    /// at least one each. Edge devices belong to towers drawn by Dirichlet(1) weights; latencies are drawn from
    /// `trace`. Needs 3 devices.
    Network(std::span<const double> slowness, const LatencyTrace& trace, core::Key key);

    [[nodiscard]] std::int64_t devices() const { return static_cast<std::int64_t>(layer_.size()); }
    [[nodiscard]] int layer(std::int64_t i) const { return layer_[static_cast<std::size_t>(i)]; }
    /// The tower whose cluster a device is in; -1 for the cloud.
    [[nodiscard]] std::int64_t cluster(std::int64_t i) const { return cluster_[static_cast<std::size_t>(i)]; }
    /// Work that fits, as a sum of utilisations: 100, 4 and 1 by layer.
    [[nodiscard]] double capacity(std::int64_t i) const;
    /// What half a round trip takes on the way to the next layer, ms.
    [[nodiscard]] double own_latency_ms(std::int64_t i) const { return latency_ms_[static_cast<std::size_t>(i)]; }
    /// Round trip between two devices, ms: the sum of both halves.
    [[nodiscard]] double rtt_ms(std::int64_t i, std::int64_t j) const { return half_ms(i, j) + half_ms(j, i); }
    /// Devices of the same cluster, itself among them.
    [[nodiscard]] std::vector<std::int64_t> neighbours(std::int64_t i) const;

private:
    // From i towards j: nothing if they are one; else its own latency if it is of the edge or in another cluster than
    // j, and its tower's if it is of the edge and the clusters differ.
    [[nodiscard]] double half_ms(std::int64_t i, std::int64_t j) const;

    std::vector<int> layer_;
    std::vector<std::int64_t> cluster_;
    std::vector<double> latency_ms_;
};

/// A stream of runs of a module, wanted from one device to another.
struct Job {
    std::int64_t source = 0;
    std::int64_t destination = 0;
    std::int64_t module = 0;
    double rate = 0.0;  ///< runs per ms
    double size = 0.0;  ///< rate · exp(b_j): what greedy placement goes by
};

/// n jobs: uniform source and module; destination anywhere (0.34), in the source's cluster (0.33) or the source itself;
/// rate 0.02 · exp(N(0, 0.5²) - b_j), where `module_size` has b_j of linear scaling.
[[nodiscard]] std::vector<Job> draw_jobs(const Network& network, std::span<const double> module_size, std::int64_t n,
                                         core::Key key);

}  // namespace pitot::place
