#include "place/simulate.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <fstream>
#include <limits>
#include <stop_token>

#include "formats/npz.hpp"
#include "pitot/remedy.hpp"
#include "place/predictors.hpp"
#include "place/simulation_record.hpp"
#include "support/synthetic.hpp"
#include "support/temp_folder.hpp"
#include "unit/place/simulations.hpp"

namespace pitot::place {
namespace {

using test::make_results;
using test::small;

TEST(Simulate, WritesWhatItSaysAndIsTheSameForTheSameSeed) {
    const test::TempFolder folder;
    const Dataset dataset = test::synthetic_dataset();
    make_results(dataset, folder / "results", {"embedding/128"});
    const auto options = small(folder, {"embedding/128", "C_bar"});
    const auto results = simulate(dataset, options);
    ASSERT_TRUE(results) << results.error().to_string();
    EXPECT_EQ(results->size(), 8U);  // oracle, optimal and two predictors, two numbers of jobs
    const auto file = formats::NpzReader::open(folder / "out/pitot/20.npz").value();
    EXPECT_EQ(file.info("latency").value().shape, (std::vector<std::int64_t>{3, 20}));
    EXPECT_EQ(file.info("utilization").value().shape, (std::vector<std::int64_t>{3, 12}));
    const auto again = simulate(dataset, options);
    // As texts: a job that was not placed is NaN in both.
    EXPECT_EQ(testing::PrintToString(again->at(5).latency), testing::PrintToString(results->at(5).latency));
    const auto back = read_simulation(folder / "out");
    ASSERT_TRUE(back) << back.error().to_string();
    EXPECT_EQ(back->size(), 8U);
    EXPECT_EQ(back->back().method, "oracle");
}

// What the files say a job takes where it was placed, ms in single precision as the results are.
float latency_from_files(const formats::NpzReader& network, const formats::NpzReader& jobs, std::size_t job,
                         std::int32_t device) {
    const auto layer = network.values<std::int32_t>("layer").value();
    const auto cluster = network.values<std::int32_t>("cluster").value();
    const auto own = network.values<double>("latency_ms").value();
    const auto at = [](std::int32_t i) { return static_cast<std::size_t>(i); };
    const auto half = [&](std::int32_t i, std::int32_t j) {
        const bool apart = cluster[at(i)] != cluster[at(j)];
        const double first = layer[at(i)] == 2 || apart ? own[at(i)] : 0.0;
        return i == j ? 0.0 : first + (layer[at(i)] == 2 && apart ? own[at(cluster[at(i)])] : 0.0);
    };
    const auto rtt = [&](std::int32_t i, std::int32_t j) { return half(i, j) + half(j, i); };
    const auto source = jobs.values<std::int32_t>("source").value()[job];
    const auto destination = jobs.values<std::int32_t>("destination").value()[job];
    const auto module = jobs.values<std::int32_t>("module").value()[job];
    const auto runtimes = network.values<double>("runtime_ms").value();
    const double alone = runtimes[at(device) * network.strings("module")->size() + at(module)];
    return static_cast<float>(alone + rtt(source, device) + rtt(device, destination));
}

TEST(Simulate, FilesAreEnoughToComputeLatenciesAgain) {
    const test::TempFolder folder;
    const Dataset dataset = test::synthetic_dataset();
    auto options = small(folder, {});
    options.optimal = false;
    ASSERT_TRUE(simulate(dataset, options));
    const auto network = formats::NpzReader::open(folder / "out/network.npz").value();
    EXPECT_EQ(network.strings("platform").value(), dataset.platforms.names);
    for (const std::string number : {"5", "20"}) {
        const auto jobs = formats::NpzReader::open(folder / ("out/jobs/" + number + ".npz")).value();
        const auto placed = formats::NpzReader::open(folder / ("out/oracle/" + number + ".npz")).value();
        const auto latency = placed.values<float>("latency").value();
        const auto device = placed.values<std::int32_t>("device").value();
        ASSERT_EQ(device.size(), latency.size());
        for (std::size_t n = 0; n < device.size(); ++n) {
            EXPECT_EQ(device[n] < 0, std::isnan(latency[n]));
            if (device[n] >= 0) {
                EXPECT_EQ(latency_from_files(network, jobs, n, device[n]), latency[n]);
            }
        }
    }
    EXPECT_FALSE(std::filesystem::exists(folder / "out/jobs/10.npz"));
}

TEST(Simulate, OlderFoldersGetTheirNetworkAndJobs) {
    const test::TempFolder folder;
    const Dataset dataset = test::synthetic_dataset();
    auto options = small(folder, {});
    options.optimal = false;
    ASSERT_TRUE(simulate(dataset, options));
    std::filesystem::remove(folder / "out/network.npz");
    std::filesystem::remove_all(folder / "out/jobs");
    EXPECT_TRUE(read_simulation(options.out));
    ASSERT_TRUE(simulate(dataset, options));
    EXPECT_TRUE(formats::NpzReader::open(folder / "out/network.npz"));
    // Another simulation leaves nothing of this one.
    options.seed = 7;
    options.jobs = {5};
    options.force = true;
    ASSERT_TRUE(simulate(dataset, options));
    EXPECT_TRUE(std::filesystem::exists(folder / "out/jobs/5.npz"));
    EXPECT_FALSE(std::filesystem::exists(folder / "out/jobs/20.npz"));
    EXPECT_EQ(read_simulation(options.out)->size(), 1U);
}

TEST(Simulate, TheOptimumIsABoundOfWhatIsDrawn) {
    const test::TempFolder folder;
    const Dataset dataset = test::synthetic_dataset({.density = 1.0});
    auto options = small(folder, {});
    options.jobs = {5, 100, 1500};
    const auto results = simulate(dataset, options);
    ASSERT_TRUE(results);
    for (std::size_t n = 0; n < 3; ++n) {
        const SimulationResult& oracle = results->at(n);
        const LatencyRatio ratio = latency_ratio(results->at(3 + n), oracle);
        EXPECT_EQ(results->at(3 + n).method, "optimal");
        EXPECT_LE(ratio.mean, 1.0 + 1e-9);
        EXPECT_GT(ratio.mean, 0.5);
        EXPECT_EQ(ratio.infeasible, 0);
        EXPECT_EQ(ratio.unplaced, latency_ratio(oracle, oracle).unplaced);
        EXPECT_DOUBLE_EQ(latency_ratio(oracle, oracle).mean, 1.0);
    }
    EXPECT_GT(latency_ratio(results->at(2), results->at(2)).unplaced, 0.0);
}

TEST(Simulate, SetsWithoutASolutionAreCountedApart) {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const SimulationResult oracle{"oracle", 2, {{1.0, 2.0}, {1.0, nan}, {nan, nan}}, {}};
    const SimulationResult optimal{"optimal", 2, {{nan, nan}, {0.5, nan}, {nan, nan}}, {}};
    const LatencyRatio ratio = latency_ratio(optimal, oracle);
    EXPECT_EQ(ratio.infeasible, 1);
    EXPECT_EQ(ratio.mean, 0.5);
    EXPECT_EQ(ratio.unplaced, 1.5);  // jobs that the oracle left out, too
    const SimulationResult nothing{"optimal", 2, {{nan, nan}, {nan, nan}, {nan, nan}}, {}};
    EXPECT_TRUE(std::isnan(latency_ratio(nothing, oracle).mean));
    EXPECT_EQ(latency_ratio(nothing, oracle).infeasible, 2);
}

TEST(Simulate, OneFolderHasOneSimulation) {
    const test::TempFolder folder;
    const Dataset dataset = test::synthetic_dataset();
    auto options = small(folder, {});
    ASSERT_TRUE(simulate(dataset, options));
    // Other numbers of jobs of the same simulation join what is there.
    options.jobs = {10};
    ASSERT_TRUE(simulate(dataset, options));
    EXPECT_EQ(read_simulation(options.out)->size(), 6U);

    options.seed = 7;
    options.job_sets = 2;
    const auto refused = simulate(dataset, options);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::kInput);
    for (const char* part : {"seed: 42 there, 7 here", "job sets: 3 there, 2 here", "replace them"}) {
        EXPECT_NE(refused.error().message().find(part), std::string::npos) << part;
    }
    options.seed = 42;
    options.job_sets = 3;
    options.trace = folder.put("trace.csv", "latency_ms,UE_Server_distance_km\n60,1500\n30,100\n9,2\n");
    EXPECT_NE(simulate(dataset, options).error().message().find("trace of latencies: synthetic ("), std::string::npos);
    options.trace.clear();
    EXPECT_NE(simulate(test::synthetic_dataset({.seed = 9}), options).error().message().find("dataset: "),
              std::string::npos);
    EXPECT_EQ(read_simulation(options.out)->size(), 6U);

    options.seed = 7;
    options.force = true;
    ASSERT_TRUE(simulate(dataset, options));
    EXPECT_EQ(read_simulation(options.out)->size(), 2U);
    EXPECT_FALSE(std::filesystem::exists(options.out / "oracle/5.npz"));
}

TEST(Simulate, FoldersHaveThePublishedNames) {
    EXPECT_EQ(simulation_folder("embedding/128"), "pitot");
    EXPECT_EQ(simulation_folder("baseline/mlp"), "mlp");
    EXPECT_EQ(simulation_folder("linear/128"), "linear");
    EXPECT_EQ(simulation_folder("C_bar"), "baseline");
    EXPECT_EQ(simulation_folder("oracle"), "oracle");
    EXPECT_EQ(simulation_folder("interference/2"), "interference/2");
    // Nothing but numbers of jobs lies in a published folder.
    EXPECT_EQ(simulation_folder("linear/64"), "linear-64");
    EXPECT_EQ(simulation_folder("baseline/device_mlp"), "baseline-device_mlp");
}

// Results whose folders have the names of presets, as they had before, are read, joined and replaced.
TEST(Simulate, OlderFoldersAreRead) {
    namespace fs = std::filesystem;
    const test::TempFolder folder;
    const Dataset dataset = test::synthetic_dataset();
    make_results(dataset, folder / "results", {"embedding/128"});
    auto options = small(folder, {"embedding/128", "C_bar"});
    ASSERT_TRUE(simulate(dataset, options));
    const auto make_older = [&] {
        fs::create_directories(options.out / "embedding");
        fs::rename(options.out / "pitot", options.out / "embedding/128");
        fs::rename(options.out / "baseline", options.out / "C_bar");
        std::string record = test::content_of(options.out / "simulation.json");
        record.replace(record.find("\"schema\": 2"), 11, "\"schema\": 1");
        folder.put("out/simulation.json", record);
    };
    make_older();
    ASSERT_TRUE(read_simulation(options.out)) << read_simulation(options.out).error().to_string();
    EXPECT_EQ(read_simulation(options.out)->size(), 8U);

    options.jobs = {10};
    ASSERT_TRUE(simulate(dataset, options));
    EXPECT_EQ(read_simulation(options.out)->size(), 12U);
    EXPECT_TRUE(fs::exists(options.out / "pitot/5.npz") && fs::exists(options.out / "baseline/20.npz"));
    EXPECT_FALSE(fs::exists(options.out / "embedding") || fs::exists(options.out / "C_bar"));

    make_older();
    options.seed = 7;
    options.force = true;
    ASSERT_TRUE(simulate(dataset, options));
    EXPECT_FALSE(fs::exists(options.out / "embedding/128/5.npz") || fs::exists(options.out / "pitot/5.npz"));
    EXPECT_TRUE(fs::exists(options.out / "pitot/10.npz"));
}

TEST(Simulate, ResultsThatDoNotFitTheirRecordAreRefused) {
    const test::TempFolder folder;
    const Dataset dataset = test::synthetic_dataset();
    auto options = small(folder, {});
    ASSERT_TRUE(simulate(dataset, options));
    const std::string record = test::content_of(folder / "out/simulation.json");
    std::filesystem::copy_file(folder / "out/oracle/20.npz", folder / "out/oracle/5.npz",
                               std::filesystem::copy_options::overwrite_existing);
    EXPECT_NE(read_simulation(options.out).error().message().find("3 sets of 20 jobs instead of 3 of 5"),
              std::string::npos);
    const auto error = [&](const std::string& from, const std::string& to) {
        std::string text = record;
        text.replace(text.find(from), from.size(), to);
        folder.put("out/simulation.json", text);
        const auto read = read_simulation(options.out);
        EXPECT_FALSE(simulate(dataset, options));
        return read ? std::string() : read.error().message();
    };
    EXPECT_NE(error("\"schema\": 2", "\"schema\": 3").find("newer pitot"), std::string::npos);
    EXPECT_NE(error("\"seed\"", "\"sed\"").find("damaged"), std::string::npos);
    EXPECT_NE(error("\"oracle\"", "\"../oracle\"").find("damaged"), std::string::npos);
    std::filesystem::remove(folder / "out/simulation.json");
    EXPECT_NE(read_simulation(options.out).error().message().find("simulation.json"), std::string::npos);
}

TEST(Simulate, StopsBetweenJobs) {
    const test::TempFolder folder;
    std::stop_source source;
    source.request_stop();
    auto options = small(folder, {});
    options.stop = source.get_token();
    const auto stopped = simulate(test::synthetic_dataset(), options);
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error().code(), ErrorCode::kCancelled);
    EXPECT_FALSE(std::filesystem::exists(folder / "out/oracle"));
}

TEST(Simulate, SlowdownsOfAModelCanBeTheTruth) {
    const test::TempFolder folder;
    const Dataset dataset = test::synthetic_dataset({.density = 1.0, .together = 2000});
    make_results(dataset, folder / "results", {"interference/1", "linear/32"});
    auto options = small(folder, {"interference/1", "linear/32"});
    options.jobs = {200};
    const auto alone = simulate(dataset, options);
    ASSERT_TRUE(alone);
    options.slowdowns = "interference/1";
    options.slowdowns_share = 0.5;
    EXPECT_NE(simulate(dataset, options).error().message().find("slowdowns: none there, interference/1 ("),
              std::string::npos);
    options.out = folder / "beside";
    const auto beside = simulate(dataset, options);
    ASSERT_TRUE(beside) << beside.error().to_string();
    // linear/32 foresees nothing: it places as before, and its jobs take longer than they did.
    double before = 0.0, now = 0.0;
    for (std::size_t set = 0; set < 3; ++set) {
        for (std::size_t n = 0; n < 200; ++n) {
            const double t = alone->at(3).latency[set][n];
            EXPECT_EQ(std::isnan(t), std::isnan(beside->at(3).latency[set][n]));
            if (!std::isnan(t)) {
                EXPECT_GE(beside->at(3).latency[set][n], t - 1e-9);
                before += t;
                now += beside->at(3).latency[set][n];
            }
        }
    }
    EXPECT_GT(now, before);
    EXPECT_LE(latency_ratio(beside->at(1), beside->at(0)).mean, 1.0 + 1e-9);
    options.slowdowns = "linear/32";
    EXPECT_EQ(simulate(dataset, options).error().code(), ErrorCode::kUsage);
}

TEST(Simulate, SaysWhatIsMissing) {
    const test::TempFolder folder;
    const Dataset dataset = test::synthetic_dataset();
    const auto missing = simulate(dataset, small(folder, {"embedding/128"}));
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().remedy(), Remedy::kMakeResults);
    EXPECT_EQ(missing.error().remedy_about().at(1), "embedding/128");
    EXPECT_EQ(missing.error().remedy_about().at(2), "0.5");
    EXPECT_FALSE(std::filesystem::exists(folder / "out"));
    make_results(dataset, folder / "results", {"linear/32"});
    EXPECT_FALSE(simulate(test::synthetic_dataset({.seed = 4}), small(folder, {"linear/32"})));
    EXPECT_FALSE(simulate(test::synthetic_dataset({.platforms = 2}), small(folder, {})));
    EXPECT_FALSE(read_simulation(folder / "nothing"));
    auto wrong = small(folder, {});
    wrong.job_sets = 0;
    EXPECT_EQ(simulate(dataset, wrong).error().code(), ErrorCode::kUsage);
    for (const double share : {0.0, 1.0, 2.0, std::numeric_limits<double>::quiet_NaN()}) {
        wrong = small(folder, {});
        wrong.share = share;
        EXPECT_EQ(simulate(dataset, wrong).error().code(), ErrorCode::kUsage) << share;
    }
}

TEST(Simulate, TooManyJobsForTheLinearProgramAreSaid) {
    const test::TempFolder folder;
    auto options = small(folder, {});
    options.jobs = {30000};
    const auto refused = simulate(test::synthetic_dataset(), options);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().remedy(), Remedy::kLeaveOutOptimum);
}

}  // namespace
}  // namespace pitot::place
