#include "place/simulate.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <fstream>

#include "data/npz.hpp"
#include "experiment/sweep.hpp"
#include "place/latency_trace.hpp"
#include "place/predictors.hpp"
#include "support/synthetic.hpp"
#include "support/temp_folder.hpp"

namespace pitot {
namespace {

// Results of two presets at share 0.5 below a folder.
void train(const Dataset& dataset, const std::filesystem::path& results, const std::vector<std::string>& methods) {
    SweepOptions options;
    options.methods = methods;
    options.results = results;
    options.shares = {0.5};
    options.checkpoints = 2;
    options.epoch_samples = 4000;
    options.replicates = 2;
    options.folds = 2;
    const Sweep sweep = plan_sweep(dataset, options).value();
    ASSERT_TRUE(run_sweep(
        sweep, dataset, {}, [](const SweepProgress&) {}, [](const SweepRun&, double) {}));
}

SimulateOptions small(const test::TempFolder& folder, std::vector<std::string> methods) {
    SimulateOptions options;
    options.results = folder / "results";
    options.out = folder / "out";
    options.methods = std::move(methods);
    options.share = 0.5;
    options.jobs = {5, 20};
    options.job_sets = 3;
    return options;
}

TEST(Simulate, WritesWhatItSaysAndIsTheSameForTheSameSeed) {
    const test::TempFolder folder;
    const Dataset dataset = test::synthetic_dataset();
    train(dataset, folder / "results", {"embedding/128"});
    const auto options = small(folder, {"embedding/128", "C_bar"});
    const auto results = simulate(dataset, options);
    ASSERT_TRUE(results) << results.error().to_string();
    EXPECT_EQ(results->size(), 8U);  // oracle, optimal and two predictors, two numbers of jobs
    const auto file = NpzReader::open(folder / "out/embedding/128/20.npz").value();
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

TEST(Simulate, TheOptimumIsABoundInTotal) {
    const test::TempFolder folder;
    const Dataset dataset = test::synthetic_dataset({.density = 1.0});
    const auto results = simulate(dataset, small(folder, {}));
    ASSERT_TRUE(results);
    for (std::size_t n = 0; n < 2; ++n) {
        const SimulationResult& oracle = results->at(n);
        const SimulationResult& optimal = results->at(2 + n);
        for (std::size_t set = 0; set < 3; ++set) {
            double greedy = 0.0, best = 0.0;
            bool all = true;
            for (std::size_t j = 0; j < oracle.latency[set].size(); ++j) {
                all = all && !std::isnan(oracle.latency[set][j]) && !std::isnan(optimal.latency[set][j]);
                greedy += oracle.latency[set][j];
                best += optimal.latency[set][j];
            }
            if (all) {
                EXPECT_LE(best, greedy * (1.0 + 1e-6));
            }
        }
        EXPECT_DOUBLE_EQ(latency_ratio(oracle, oracle).mean, 1.0);
    }
}

TEST(Simulate, PredictorsOfInterferenceKnowNeighbours) {
    const test::TempFolder folder;
    const Dataset dataset = test::synthetic_dataset({.together = 400});
    train(dataset, folder / "results", {"interference/2"});
    const auto predictor = ResultPredictor::open(folder / "results", "interference/2", 0.5, dataset);
    ASSERT_TRUE(predictor) << predictor.error().to_string();
    const ReplicatePrediction prediction = predictor->replicate(0, dataset);
    ASSERT_TRUE(prediction.slowdown);
    EXPECT_EQ(prediction.slowdown(1, 2, {}), 1.0);
    const Neighbour one[] = {{3, 0.5}};
    const Neighbour two[] = {{3, 0.5}, {3, 0.5}};
    EXPECT_GE(prediction.slowdown(1, 2, two), prediction.slowdown(1, 2, one));
    EXPECT_TRUE(simulate(dataset, small(folder, {"interference/2"})));
}

// Shifted by the margin, 95 % of the test rows' runtimes stay below the prediction.
TEST(Simulate, PredictionsAreShiftedUp) {
    const test::TempFolder folder;
    const Dataset dataset = test::synthetic_dataset({.platforms = 20, .modules = 40});
    train(dataset, folder / "results", {"linear/32"});
    const auto file = NpzReader::open(folder / "results/linear/32/0.5.npz").value();
    const auto test_rows = file.values<std::int32_t>("mf_test").value();
    const ReplicatePrediction prediction =
        ResultPredictor::open(folder / "results", "linear/32", 0.5, dataset).value().replicate(1, dataset);
    std::size_t below = 0;
    const std::size_t rows = test_rows.size() / 2;
    for (std::size_t n = 0; n < rows; ++n) {
        const auto row = static_cast<std::size_t>(test_rows[rows + n]);
        below += dataset.alone.runtime_us[row] / 1000.0 <=
                         prediction.runtime_ms(dataset.alone.platform[row], dataset.alone.module[row]) * (1 + 1e-9)
                     ? 1U
                     : 0U;
    }
    EXPECT_NEAR(static_cast<double>(below) / static_cast<double>(rows), 0.95, 0.01);
}

TEST(Simulate, SaysWhatIsMissing) {
    const test::TempFolder folder;
    const Dataset dataset = test::synthetic_dataset();
    const auto missing = simulate(dataset, small(folder, {"embedding/128"}));
    ASSERT_FALSE(missing);
    EXPECT_NE(missing.error().message().find("pitot experiments embedding/128 -s 0.5"), std::string::npos);
    EXPECT_FALSE(std::filesystem::exists(folder / "out"));
    train(dataset, folder / "results", {"linear/32"});
    EXPECT_FALSE(simulate(test::synthetic_dataset({.seed = 4}), small(folder, {"linear/32"})));
    EXPECT_FALSE(simulate(test::synthetic_dataset({.platforms = 2}), small(folder, {})));
    EXPECT_FALSE(read_simulation(folder / "nothing"));
    auto wrong = small(folder, {});
    wrong.job_sets = 0;
    EXPECT_EQ(simulate(dataset, wrong).error().code(), ErrorCode::kUsage);
}

// Arrays of another shape than the predictions' are an error, not read beyond their ends.
TEST(Simulate, RefusesInterferenceThatDoesNotFit) {
    const test::TempFolder folder;
    const Dataset dataset = test::synthetic_dataset({.together = 100});
    train(dataset, folder / "results", {"interference/1"});
    const auto path = folder / "results/interference/1/0.5.npz";
    NpzWriter writer;
    {
        const auto file = NpzReader::open(path).value();
        for (const std::string name : {"C_hat", "M", "V_s", "V_g"}) {
            auto shape = file.info(name).value().shape;
            auto values = file.values<float>(name).value();
            if (name == "V_g") {
                values.resize(values.size() / 2);
                shape[0] = 1;
            }
            writer.add<float>(name, values, shape);
        }
        writer.add<std::int32_t>("mf_test", file.values<std::int32_t>("mf_test").value(),
                                 file.info("mf_test").value().shape);
    }
    ASSERT_TRUE(writer.write(path));
    const auto refused = ResultPredictor::open(folder / "results", "interference/1", 0.5, dataset);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::kInput);
    EXPECT_NE(refused.error().message().find("do not fit"), std::string::npos);
}

TEST(Simulate, TooManyJobsForTheLinearProgramAreSaid) {
    const test::TempFolder folder;
    auto options = small(folder, {});
    options.jobs = {30000};
    const auto refused = simulate(test::synthetic_dataset(), options);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message().find("--no-optimal"), std::string::npos);
}

TEST(LatencyTrace, ReadsLayersByDistance) {
    const test::TempFolder folder;
    const auto file =
        folder.put("trace.csv", "latency_ms,x,UE_Server_distance_km\n60,a,1500\n30,a,100\n31,a,700\n9,a,2\n8,a,\n");
    const auto trace = read_latency_trace(file);
    ASSERT_TRUE(trace) << trace.error().to_string();
    EXPECT_EQ(trace->latency_ms[0], (std::vector<double>{60}));
    EXPECT_EQ(trace->latency_ms[1], (std::vector<double>{30}));
    EXPECT_EQ(trace->latency_ms[2], (std::vector<double>{9}));
}

TEST(LatencyTrace, RefusesWhatItCannotUse) {
    const test::TempFolder folder;
    const auto error = [&](const std::string& text) {
        return read_latency_trace(folder.put("trace.csv", text)).error().message();
    };
    EXPECT_NE(error("a,b\n1,2\n").find("latency_ms"), std::string::npos);
    EXPECT_NE(error("latency_ms,UE_Server_distance_km\nfast,2000\n").find("line 2"), std::string::npos);
    EXPECT_NE(error("latency_ms,UE_Server_distance_km\n50,2000\n20,100\n").find("under 20 km"), std::string::npos);
    EXPECT_EQ(read_latency_trace(folder / "none.csv").error().code(), ErrorCode::kEnvironment);
}

}  // namespace
}  // namespace pitot
