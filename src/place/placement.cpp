#include "place/placement.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace pitot::place {

double latency_ms(const Network& network, const Job& job, MatrixView<const double> runtime_ms, std::int64_t device) {
    return runtime_ms(device, job.module) + network.rtt_ms(job.source, device) +
           network.rtt_ms(device, job.destination);
}

std::vector<std::int64_t> place_greedily(const Network& network, std::span<const Job> jobs,
                                         MatrixView<const double> runtime_ms, const Slowdown& slowdown,
                                         const std::stop_token& stop) {
    std::vector<std::size_t> order(jobs.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, {}, [&](std::size_t n) { return jobs[n].size; });
    const auto devices = static_cast<std::size_t>(network.devices());
    std::vector<double> left(devices);
    for (std::size_t i = 0; i < devices; ++i) {
        left[i] = network.capacity(static_cast<std::int64_t>(i));
    }
    std::vector<std::vector<Neighbour>> there(slowdown ? devices : 0);
    std::vector<std::int64_t> placed(jobs.size(), kUnplaced);
    for (const std::size_t n : order) {
        if (stop.stop_requested()) {
            break;
        }
        const Job& job = jobs[n];
        double best = std::numeric_limits<double>::infinity();
        double work = 0.0;
        for (std::size_t i = 0; i < devices; ++i) {
            const auto device = static_cast<std::int64_t>(i);
            const double alone = runtime_ms(device, job.module);
            if (!std::isfinite(alone)) {
                continue;
            }
            const double runtime = slowdown ? alone * slowdown(device, job.module, there[i]) : alone;
            const double utilisation = runtime * job.rate;
            if (!(utilisation < left[i])) {
                continue;
            }
            const double latency = latency_ms(network, job, runtime_ms, device) + runtime - alone;
            if (latency < best) {
                best = latency;
                work = utilisation;
                placed[n] = device;
            }
        }
        if (placed[n] != kUnplaced) {
            const auto i = static_cast<std::size_t>(placed[n]);
            left[i] -= work;
            if (slowdown) {
                there[i].push_back({job.module, work / network.capacity(placed[n])});
            }
        }
    }
    return placed;
}

Outcome outcome_of(const Network& network, std::span<const Job> jobs, std::span<const std::int64_t> placed,
                   MatrixView<const double> runtime_ms, const Slowdown& slowdown, const std::stop_token& stop) {
    Outcome outcome{std::vector<double>(jobs.size(), std::numeric_limits<double>::quiet_NaN()),
                    std::vector<double>(static_cast<std::size_t>(network.devices()), 1.0),
                    std::vector<double>(jobs.size(), 1.0)};
    std::vector<std::vector<std::size_t>> there(outcome.left.size());
    for (std::size_t n = 0; n < jobs.size(); ++n) {
        if (placed[n] != kUnplaced) {
            there[static_cast<std::size_t>(placed[n])].push_back(n);
        }
    }
    std::vector<Neighbour> others;
    for (std::size_t i = 0; i < there.size(); ++i) {
        const auto device = static_cast<std::int64_t>(i);
        for (const std::size_t n : there[i]) {
            if (stop.stop_requested()) {
                return outcome;
            }
            const Job& job = jobs[n];
            double factor = 1.0;
            if (slowdown) {
                others.clear();
                for (const std::size_t other : there[i]) {
                    if (other != n) {
                        const std::int64_t module = jobs[other].module;
                        const double work = runtime_ms(device, module) * jobs[other].rate;
                        others.push_back({module, work / network.capacity(device)});
                    }
                }
                factor = slowdown(device, job.module, others);
            }
            const double alone = runtime_ms(device, job.module);
            outcome.slowdown[n] = factor;
            outcome.latency_ms[n] = latency_ms(network, job, runtime_ms, device) + alone * (factor - 1.0);
            outcome.left[i] -= alone * factor * job.rate / network.capacity(device);
        }
    }
    return outcome;
}

}  // namespace pitot::place
