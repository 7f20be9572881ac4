#include "place/network.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "core/check.hpp"

namespace pitot::place {
namespace {

std::int64_t in_proportion(double of_174, std::int64_t devices) {
    return std::max<std::int64_t>(1, std::lround(of_174 * static_cast<double>(devices) / 174.0));
}

}  // namespace

Network::Network(std::span<const double> slowness, const LatencyTrace& trace, core::Key key)
    : layer_(slowness.size()), cluster_(slowness.size(), -1), latency_ms_(slowness.size()) {
    const auto n = static_cast<std::int64_t>(slowness.size());
    PITOT_CHECK(n >= 3);
    core::Stream noise(key.fold("speed"));
    std::vector<double> speed(slowness.begin(), slowness.end());
    for (double& a : speed) {
        a += 0.5 * noise.normal();
    }
    std::vector<std::int64_t> order(slowness.size());
    std::iota(order.begin(), order.end(), 0);
    std::ranges::stable_sort(order, {}, [&](std::int64_t i) { return speed[static_cast<std::size_t>(i)]; });
    const std::int64_t cloud = in_proportion(10, n);
    const std::int64_t towers = std::min(in_proportion(50, n), n - cloud - 1);
    for (std::int64_t place = 0; place < n; ++place) {
        const auto device = static_cast<std::size_t>(order[static_cast<std::size_t>(place)]);
        layer_[device] = place < cloud ? 0 : place < cloud + towers ? 1 : 2;
        if (layer_[device] == 1) {
            cluster_[device] = order[static_cast<std::size_t>(place)];
        }
    }
    // Dirichlet(1): exponential weights, normalised.
    core::Stream weights(key.fold("towers"));
    std::vector<double> until;
    double sum = 0.0;
    for (std::int64_t t = 0; t < towers; ++t) {
        sum += -std::log1p(-weights.uniform());
        until.push_back(sum);
    }
    core::Stream membership(key.fold("membership"));
    core::Stream draw(key.fold("latency"));
    for (std::size_t device = 0; device < slowness.size(); ++device) {
        if (layer_[device] == 2) {
            const auto at = std::ranges::upper_bound(until, membership.uniform() * sum) - until.begin();
            const auto tower = std::min<std::int64_t>(at, towers - 1);
            cluster_[device] = order[static_cast<std::size_t>(cloud + tower)];
        }
        const std::vector<double>& latencies = trace.latency_ms.at(static_cast<std::size_t>(layer_[device]));
        latency_ms_[device] = latencies[draw.below(latencies.size())];
    }
}

double Network::capacity(std::int64_t i) const {
    constexpr std::array capacities{100.0, 4.0, 1.0};
    return capacities.at(static_cast<std::size_t>(layer(i)));
}

double Network::half_ms(std::int64_t i, std::int64_t j) const {
    if (i == j) {
        return 0.0;
    }
    const bool edge = layer(i) == 2;
    const bool apart = cluster(i) != cluster(j);
    double half = edge || apart ? latency_ms_[static_cast<std::size_t>(i)] : 0.0;
    if (edge && apart) {
        half += latency_ms_[static_cast<std::size_t>(cluster(i))];
    }
    return half;
}

std::vector<std::int64_t> Network::neighbours(std::int64_t i) const {
    std::vector<std::int64_t> out;
    for (std::int64_t j = 0; j < devices(); ++j) {
        if (cluster(j) == cluster(i)) {
            out.push_back(j);
        }
    }
    return out;
}

std::vector<Job> draw_jobs(const Network& network, std::span<const double> module_size, std::int64_t n, core::Key key) {
    constexpr double anywhere = 0.34;
    constexpr double same_cluster = 0.33;
    core::Stream stream(key.fold("jobs"));
    const auto devices = static_cast<std::uint64_t>(network.devices());
    std::vector<Job> jobs(static_cast<std::size_t>(n));
    for (Job& job : jobs) {
        job.source = static_cast<std::int64_t>(stream.below(devices));
        job.module = static_cast<std::int64_t>(stream.below(module_size.size()));
        const double where = stream.uniform();
        const std::vector<std::int64_t> near = network.neighbours(job.source);
        const std::uint64_t any_device = stream.below(devices);
        const std::uint64_t near_device = stream.below(near.size());
        job.destination = where < anywhere                  ? static_cast<std::int64_t>(any_device)
                          : where < anywhere + same_cluster ? near[near_device]
                                                            : job.source;
        const double noise = std::exp(0.5 * stream.normal());
        const double b = module_size[static_cast<std::size_t>(job.module)];
        job.rate = 0.02 * noise * std::exp(-b);
        job.size = 0.02 * noise;
    }
    return jobs;
}

}  // namespace pitot::place
