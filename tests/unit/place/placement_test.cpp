#include "place/placement.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>
#include <stop_token>
#include <thread>

#include "place/latency_trace.hpp"
#include "place/network.hpp"

namespace pitot::place {
namespace {

std::vector<double> slowness(std::int64_t n) {
    std::vector<double> a;
    for (std::int64_t i = 0; i < n; ++i) {
        a.push_back(0.02 * static_cast<double>(i));
    }
    return a;
}

Network network_of(std::int64_t devices, std::uint64_t seed = 1) {
    return {slowness(devices), synthetic_latency_trace(core::Key(seed)), core::Key(seed)};
}

Matrix<double> runtimes(std::int64_t devices, std::int64_t modules) {
    Matrix<double> t(devices, modules);
    core::Stream stream(core::Key(5));
    for (std::int64_t i = 0; i < devices; ++i) {
        for (std::int64_t j = 0; j < modules; ++j) {
            t(i, j) = 25.0 * std::exp(0.02 * static_cast<double>(i) + 0.3 * stream.normal());
        }
    }
    return t;
}

// Work on every device at most its capacity.
void expect_fits(const Network& network, std::span<const Job> jobs, std::span<const std::int64_t> placed,
                 const Matrix<double>& t) {
    std::vector<double> work(static_cast<std::size_t>(network.devices()));
    for (std::size_t n = 0; n < jobs.size(); ++n) {
        if (placed[n] != kUnplaced) {
            work[static_cast<std::size_t>(placed[n])] += t(placed[n], jobs[n].module) * jobs[n].rate;
        }
    }
    for (std::int64_t i = 0; i < network.devices(); ++i) {
        EXPECT_LE(work[static_cast<std::size_t>(i)], network.capacity(i));
    }
}

TEST(Network, HasTheLayersOfTheReference) {
    const Network network = network_of(174);
    std::array<int, 3> count{};
    for (std::int64_t i = 0; i < 174; ++i) {
        ++count.at(static_cast<std::size_t>(network.layer(i)));
        if (network.layer(i) == 2) {
            EXPECT_EQ(network.layer(network.cluster(i)), 1);
        } else {
            EXPECT_EQ(network.cluster(i), network.layer(i) == 1 ? i : -1);
        }
    }
    EXPECT_EQ(count, (std::array<int, 3>{10, 50, 114}));
    const Network small = network_of(3);
    EXPECT_EQ((std::set<int>{small.layer(0), small.layer(1), small.layer(2)}), (std::set<int>{0, 1, 2}));
}

TEST(Network, RoundTripsAreThoseOfTheTree) {
    const Network network = network_of(174);
    for (std::int64_t i = 0; i < 174; i += 7) {
        EXPECT_EQ(network.rtt_ms(i, i), 0.0);
        for (std::int64_t j = 0; j < 174; j += 5) {
            EXPECT_DOUBLE_EQ(network.rtt_ms(i, j), network.rtt_ms(j, i));
            if (i != j && network.layer(i) == 2) {
                EXPECT_GT(network.rtt_ms(i, j), 0.0);
                // Within the cluster the tower's own latency to the root does not count.
                if (network.cluster(i) == j) {
                    EXPECT_LE(network.rtt_ms(i, j), 60.0);
                }
            }
        }
    }
}

TEST(Jobs, AreWhatTheReferenceDraws) {
    const Network network = network_of(174);
    const std::vector<double> sizes(40, 0.0);
    const auto jobs = draw_jobs(network, sizes, 20000, core::Key(3));
    double same = 0.0, cluster = 0.0, log_rate = 0.0;
    for (const Job& job : jobs) {
        same += job.source == job.destination ? 1.0 : 0.0;
        cluster += network.cluster(job.source) == network.cluster(job.destination) ? 1.0 : 0.0;
        log_rate += std::log(job.rate / 0.02);
    }
    EXPECT_GT(same / 20000, 0.33);
    EXPECT_LT(same / 20000, 0.6);
    EXPECT_GT(cluster / 20000, 0.66);
    EXPECT_NEAR(log_rate / 20000, 0.0, 0.02);
    const auto again = draw_jobs(network, sizes, 20000, core::Key(3));
    EXPECT_EQ(again.back().module, jobs.back().module);
}

TEST(Greedy, StaysWithinCapacities) {
    const Network network = network_of(60);
    const Matrix<double> t = runtimes(60, 30);
    const auto jobs = draw_jobs(network, std::vector<double>(30, 0.0), 400, core::Key(8));
    expect_fits(network, jobs, place_greedily(network, jobs, t.view()), t);
}

TEST(Greedy, TakesTheDeviceOfLeastLatencyAndLeavesWhatFitsNowhere) {
    const Network network = network_of(20);
    Matrix<double> t = runtimes(20, 2);
    std::vector<Job> jobs{{4, 4, 0, 1e-6, 1.0}, {4, 4, 1, 1e9, 2.0}};
    const auto placed = place_greedily(network, jobs, t.view());
    for (std::int64_t i = 0; i < 20; ++i) {
        EXPECT_LE(latency_ms(network, jobs[0], t.view(), placed[0]), latency_ms(network, jobs[0], t.view(), i));
    }
    EXPECT_EQ(placed[1], kUnplaced);
    t(placed[0], 0) = std::numeric_limits<double>::infinity();
    EXPECT_NE(place_greedily(network, jobs, t.view())[0], placed[0]);
}

TEST(Greedy, SlowdownsOfNeighboursSpreadJobs) {
    const Network network = network_of(10);
    const Matrix<double> t = runtimes(10, 1);
    std::vector<Job> jobs(6, Job{2, 2, 0, 1e-3, 1.0});
    const auto together = place_greedily(network, jobs, t.view());
    const auto apart =
        place_greedily(network, jobs, t.view(), [](std::int64_t, std::int64_t, std::span<const Neighbour> neighbours) {
            return 1.0 + 100.0 * static_cast<double>(neighbours.size());
        });
    EXPECT_GT(std::set<std::int64_t>(apart.begin(), apart.end()).size(),
              std::set<std::int64_t>(together.begin(), together.end()).size());
}

TEST(Optimal, IsNeverWorseThanGreedyAndMeetsCapacities) {
    const Network network = network_of(40);
    const Matrix<double> t = runtimes(40, 20);
    for (const std::uint64_t seed : {1U, 2U, 3U}) {
        const auto jobs = draw_jobs(network, std::vector<double>(20, 0.0), 60, core::Key(seed));
        const auto greedy = place_greedily(network, jobs, t.view());
        const auto best = optimal_latencies(network, jobs, t.view());
        ASSERT_TRUE(best);
        double total = 0.0;
        for (std::size_t n = 0; n < jobs.size(); ++n) {
            ASSERT_NE(greedy[n], kUnplaced);
            total += latency_ms(network, jobs[n], t.view(), greedy[n]);
        }
        EXPECT_LE(std::accumulate(best->begin(), best->end(), 0.0), total * (1.0 + 1e-9));
    }
    const std::vector<Job> too_much{{0, 0, 0, 1e9, 1.0}};
    EXPECT_FALSE(optimal_latencies(network, too_much, t.view()));
}

TEST(Optimal, EachJobAloneGetsItsBestDevice) {
    const Network network = network_of(30);
    const Matrix<double> t = runtimes(30, 4);
    const std::vector<Job> jobs{{3, 9, 2, 1e-6, 1.0}};
    double least = std::numeric_limits<double>::infinity();
    for (std::int64_t i = 0; i < 30; ++i) {
        least = std::min(least, latency_ms(network, jobs[0], t.view(), i));
    }
    EXPECT_NEAR(optimal_latencies(network, jobs, t.view()).value()[0], least, 1e-9);
}

// More jobs than fit: runs of 25 ms and more at rates that fill the edge.
std::vector<Job> crowd(const Network& network, std::uint64_t seed) {
    auto jobs = draw_jobs(network, std::vector<double>(20, 0.0), 200, core::Key(seed));
    for (Job& job : jobs) {
        job.rate *= 60.0;
    }
    return jobs;
}

double mean_ratio(std::span<const double> latency, std::span<const double> reference) {
    double sum = 0.0, count = 0.0;
    for (std::size_t n = 0; n < latency.size(); ++n) {
        if (!std::isnan(reference[n])) {
            sum += latency[n] / reference[n];
            count += 1.0;
        }
    }
    return sum / count;
}

TEST(Optimal, IsABoundOfTheMeanRatioAlsoWhereJobsAreLeftUnplaced) {
    const Network network = network_of(40);
    const Matrix<double> t = runtimes(40, 20);
    bool some_unplaced = false;
    for (const std::uint64_t seed : {1U, 2U, 3U}) {
        const auto jobs = crowd(network, seed);
        const auto oracle = outcome_of(network, jobs, place_greedily(network, jobs, t.view()), t.view());
        const auto best = optimal_latencies(network, jobs, t.view(), oracle.latency_ms);
        ASSERT_TRUE(best);
        for (std::size_t n = 0; n < jobs.size(); ++n) {
            EXPECT_EQ(std::isnan((*best)[n]), std::isnan(oracle.latency_ms[n]));
            some_unplaced = some_unplaced || std::isnan(oracle.latency_ms[n]);
        }
        EXPECT_LE(mean_ratio(*best, oracle.latency_ms), 1.0 + 1e-9);
    }
    EXPECT_TRUE(some_unplaced);
}

TEST(Optimal, LessInTotalIsNotLessInTheMeanRatio) {
    const Network network = network_of(40);
    const Matrix<double> t = runtimes(40, 20);
    int apart = 0;
    for (const double busy : {1.0, 2.0, 4.0, 8.0, 16.0, 32.0}) {
        auto jobs = draw_jobs(network, std::vector<double>(20, 0.0), 100, core::Key(1));
        for (Job& job : jobs) {
            job.rate *= busy;
        }
        const auto oracle = outcome_of(network, jobs, place_greedily(network, jobs, t.view()), t.view());
        const auto total = optimal_latencies(network, jobs, t.view());
        const auto relative = optimal_latencies(network, jobs, t.view(), oracle.latency_ms);
        ASSERT_TRUE(relative);
        if (total && !std::isnan(std::accumulate(relative->begin(), relative->end(), 0.0))) {
            EXPECT_LE(mean_ratio(*relative, oracle.latency_ms), mean_ratio(*total, oracle.latency_ms) + 1e-9);
            apart += mean_ratio(*relative, oracle.latency_ms) < mean_ratio(*total, oracle.latency_ms) - 1e-6 ? 1 : 0;
        }
    }
    EXPECT_GT(apart, 0);
}

TEST(Optimal, ComesBackSoonAfterAStop) {
    const Network network = network_of(174);
    const Matrix<double> t = runtimes(174, 176);
    const auto jobs = draw_jobs(network, std::vector<double>(176, 0.0), 5000, core::Key(1));
    std::stop_source source;
    const std::jthread stopper([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(300));
        source.request_stop();
    });
    const auto started = std::chrono::steady_clock::now();
    EXPECT_FALSE(optimal_latencies(network, jobs, t.view(), {}, source.get_token()));
    // All of it takes minutes; the margin is for sanitizers.
    EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(30));
    const auto placed = place_greedily(network, jobs, t.view(), {}, source.get_token());
    EXPECT_EQ(std::ranges::count(placed, kUnplaced), 5000);
}

TEST(Outcome, EveryJobSuffersFromTheOthersOnItsDevice) {
    const Network network = network_of(10);
    Matrix<double> t(10, 2);
    std::ranges::fill(t.flat(), 10.0);
    t(4, 1) = 20.0;
    const std::vector<Job> jobs{{0, 1, 0, 1e-3, 1.0}, {2, 2, 1, 2e-3, 1.0}, {3, 3, 0, 1e-3, 1.0}, {5, 5, 0, 1e-3, 1.0}};
    const std::vector<std::int64_t> placed{4, 4, 6, kUnplaced};
    const auto by_work = [&](std::int64_t device, std::int64_t, std::span<const Neighbour> neighbours) {
        double factor = 1.0;
        for (const Neighbour& other : neighbours) {
            factor += 10.0 * other.utilisation * network.capacity(device);
        }
        return factor;
    };
    const Outcome outcome = outcome_of(network, jobs, placed, t.view(), by_work);
    const Outcome alone = outcome_of(network, jobs, placed, t.view());
    // Beside 20 ms at 2 a second: 1.4 times 10 ms; beside 10 ms at 1 a second: 1.1 times 20 ms.
    EXPECT_NEAR(outcome.latency_ms[0], latency_ms(network, jobs[0], t.view(), 4) + 4.0, 1e-9);
    EXPECT_NEAR(outcome.latency_ms[1], latency_ms(network, jobs[1], t.view(), 4) + 2.0, 1e-9);
    EXPECT_EQ(outcome.latency_ms[2], latency_ms(network, jobs[2], t.view(), 6));
    EXPECT_TRUE(std::isnan(outcome.latency_ms[3]));
    EXPECT_NEAR(outcome.left[4], 1.0 - (14.0 * 1e-3 + 22.0 * 2e-3) / network.capacity(4), 1e-12);
    EXPECT_NEAR(alone.left[4], 1.0 - (10.0 * 1e-3 + 20.0 * 2e-3) / network.capacity(4), 1e-12);
    EXPECT_EQ(alone.latency_ms[0], latency_ms(network, jobs[0], t.view(), 4));
    EXPECT_EQ(outcome.left[0], 1.0);
}

// What the option of slowdowns in truth is for.
TEST(Outcome, ForeseeingInterferencePaysWhereThereIsSome) {
    const Network network = network_of(40);
    const Matrix<double> t = runtimes(40, 20);
    auto jobs = draw_jobs(network, std::vector<double>(20, 0.0), 150, core::Key(2));
    for (Job& job : jobs) {
        job.rate *= 0.01;  // there is room on every device: what matters is who is there
    }
    const Slowdown slowdown = [](std::int64_t, std::int64_t, std::span<const Neighbour> neighbours) {
        return 1.0 + 0.2 * static_cast<double>(neighbours.size());
    };
    const auto total = [&](const std::vector<std::int64_t>& placed, const Slowdown& truth) {
        const Outcome outcome = outcome_of(network, jobs, placed, t.view(), truth);
        EXPECT_EQ(std::ranges::count(placed, kUnplaced), 0);
        return std::accumulate(outcome.latency_ms.begin(), outcome.latency_ms.end(), 0.0);
    };
    const auto aware = place_greedily(network, jobs, t.view(), slowdown);
    const auto unaware = place_greedily(network, jobs, t.view());
    EXPECT_LT(total(aware, slowdown), 0.95 * total(unaware, slowdown));
    EXPECT_GE(total(aware, {}), total(unaware, {}));
}

TEST(LatencyTrace, SyntheticHasTheStatedMediansAndRanges) {
    LatencyTrace trace = synthetic_latency_trace(core::Key(42));
    const std::array<std::array<double, 3>, 3> expected{{{28, 67, 118}, {14, 35, 55}, {6, 17, 60}}};
    for (std::size_t layer = 0; layer < 3; ++layer) {
        auto& values = trace.latency_ms.at(layer);
        std::ranges::sort(values);
        EXPECT_GE(values.front(), expected.at(layer)[0]);
        EXPECT_LE(values.back(), expected.at(layer)[2]);
        EXPECT_NEAR(values[values.size() / 2], expected.at(layer)[1], 0.15 * expected.at(layer)[1]);
    }
}

}  // namespace
}  // namespace pitot::place
