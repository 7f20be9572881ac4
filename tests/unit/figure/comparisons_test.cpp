// Numbers of the pictures that compare presets, and what is said of missing ones.
#include "figure/comparisons.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <utility>

#include "experiment/summary.hpp"
#include "pitot/remedy.hpp"
#include "support/temp_folder.hpp"

namespace pitot::figure {
namespace {

// A summary of two replicates a share: errors, and linear scaling at twice them.
experiment::Summary summary_of(const std::string& method,
                               std::vector<std::pair<double, std::array<double, 2>>> shares) {
    experiment::Summary summary{method, {}};
    for (const char* objective : {"mf", "if"}) {
        experiment::ObjectiveSummary& out = summary.objectives[objective];
        for (const auto& [share, errors] : shares) {
            ErrorMetrics metrics;
            metrics.replicates = {errors[0], errors[1]};
            metrics.mape.mean = (errors[0] + errors[1]) / 2.0;
            metrics.mape.std = std::abs(errors[0] - errors[1]) / std::sqrt(2.0);
            for (std::size_t q = 0; q < metrics.percentile.size(); ++q) {
                metrics.percentile[q] = errors[0] * (static_cast<double>(q) / 50.0 - 1.0);
            }
            out.shares.push_back(share);
            out.model.push_back(metrics);
            metrics.mape.mean *= 2.0;
            metrics.mape.std *= 2.0;
            out.baseline.push_back(metrics);
        }
    }
    return summary;
}

class Compared : public testing::Test {
protected:
    void put(const std::string& method, std::vector<std::pair<double, std::array<double, 2>>> shares) {
        std::filesystem::create_directories(folder_ / method);
        folder_.put(method + "/summary.json", experiment::to_json(summary_of(method, std::move(shares))));
    }
    std::string table(const std::string& figure) {
        const auto plot = comparison_plot(folder_.path(), figure);
        return plot ? plot->tables.front().second : plot.error().to_string();
    }
    test::TempFolder folder_;
};

TEST_F(Compared, TablesHaveMeansAndTwoStandardErrors) {
    put("embedding/128", {{0.1, {0.2, 0.4}}, {0.5, {0.1, 0.1}}});
    put("linear/128", {{0.1, {0.4, 0.6}}, {0.5, {0.2, 0.2}}});
    put("baseline/mlp", {{0.5, {0.3, 0.3}}});
    put("baseline/device_mlp", {{0.5, {0.25, 0.25}}});
    put("baseline/module_only", {{0.1, {0.6, 0.6}}});
    put("baseline/platform_only", {{0.5, {0.15, 0.15}}});
    // The difference of two replicates is twice the standard error of their mean.
    EXPECT_EQ(
        table("comparisons_a"),
        "Training split\tPitot\tPitot (2 standard errors)\tLinear factorization\tLinear factorization (2 standard "
        "errors)\tSingle network\tSingle network (2 standard errors)\n"
        "0.1\t0.3\t0.2\t0.5\t0.2\tNaN\tNaN\n"
        "0.5\t0.1\t0\t0.2\t0\t0.3\t0\n");
    const auto rows_of = [](const std::string& text) { return text.substr(text.find('\n') + 1); };
    EXPECT_EQ(rows_of(table("comparisons_b")), "0.1\t0.3\t0.2\tNaN\tNaN\t0.6\t0.4\n0.5\t0.1\t0\t0.25\t0\t0.2\t0\n");
    // Errors over Pitot's mean.
    EXPECT_EQ(rows_of(table("comparisons_c")),
              "0.1\t1\t0.666666667\t2\t0\tNaN\tNaN\t1.66666667\t0.666666667\n"
              "0.5\t1\t0\tNaN\tNaN\t1.5\t0\t2\t0\n");
    // Minus the percentiles 1 and 5 of the made-up errors: 98 and 90 % of the first replicate's.
    EXPECT_EQ(rows_of(table("percentile")),
              "0.1\t0.196\tNaN\t0.392\tNaN\tNaN\tNaN\t0.18\tNaN\t0.36\tNaN\tNaN\tNaN\n"
              "0.5\t0.098\tNaN\t0.196\tNaN\t0.294\tNaN\t0.09\tNaN\t0.18\tNaN\t0.27\tNaN\n");
}

TEST_F(Compared, InterferenceAndAblations) {
    for (const char* method : {"interference/1", "interference/2", "interference/3", "interference/4",
                               "interference/discard", "interference/ignore"}) {
        put(method, {{0.9, {0.2, 0.2}}});
    }
    put("interference/4", {{0.9, {0.1, 0.3}}});
    EXPECT_EQ(table("interference_a"),
              "Training split\tOne co-runner: Interference-aware\tOne co-runner: Interference-aware (2 standard "
              "errors)\tOne co-runner: Discard\tOne co-runner: Discard (2 standard errors)\tOne co-runner: Ignore\tOne "
              "co-runner: Ignore (2 standard errors)\n0.9\t0.2\t0\t0.2\t0\t0.2\t0\n");
    const std::string ablations = table("ablations_if");
    EXPECT_EQ(ablations.substr(ablations.find('\n') + 1), "0.9\t1\t0\t1\t0\t1\t0\t1\t1\t1\t0\t1\t0\t1\t0\t1\t1\n");
}

TEST_F(Compared, AllThatIsMissingIsSaidAtOnce) {
    put("embedding/128", {{0.1, {0.2, 0.4}}});
    std::filesystem::create_directories(folder_ / "linear/128");
    folder_.put("linear/128/0.1.npz", "");
    folder_.put("linear/128/0.1.json", "");
    const auto missing = missing_summaries(folder_.path(), {"comparisons_a", "interference_a", "interference_c"});
    EXPECT_FALSE(missing.none());
    const Error error = missing.error(folder_.path());
    EXPECT_EQ(error.code(), ErrorCode::kInput);
    const std::string results = folder_.path().string();
    EXPECT_EQ(
        error.message(),
        "there are no results of 'baseline/mlp', 'interference/2', 'interference/discard', 'interference/ignore', "
        "'interference3/2', 'interference3/discard', 'interference3/ignore', 'interference3/no-smt' and no "
        "summaries that are up to date of 'linear/128' in '" +
            results + "'; make them");
    EXPECT_EQ(error.remedy(), Remedy::kMakeCompared);
    EXPECT_EQ(error.remedy_about(),
              (std::vector<std::string>{results, "baseline/mlp", "interference/2", "interference/discard",
                                        "interference/ignore", "interference3/2", "interference3/discard",
                                        "interference3/ignore", "interference3/no-smt"}));
    std::filesystem::remove(folder_ / "linear/128/0.1.npz");
    put("linear/128", {{0.1, {0.2, 0.4}}});
    put("baseline/mlp", {{0.1, {0.2, 0.4}}});
    EXPECT_TRUE(missing_summaries(folder_.path(), {"comparisons_a"}).none());
}

TEST_F(Compared, WhatIsMissingIsLeftOut) {
    const auto drawn_without = [&](const std::string& figure, const std::vector<std::string>& without) {
        EXPECT_TRUE(can_compare(figure, without));
        const auto plot = comparison_plot(folder_.path(), figure, without);
        return plot ? plot->tables.front().second : plot.error().to_string();
    };
    put("embedding/128", {{0.5, {0.1, 0.1}}});
    put("linear/128", {{0.5, {0.2, 0.2}}});
    EXPECT_EQ(
        drawn_without("comparisons_a", {{"baseline/mlp"}}),
        "Training split\tPitot\tPitot (2 standard errors)\tLinear factorization\tLinear factorization (2 standard "
        "errors)\n0.5\t0.1\t0\t0.2\t0\n");
    // Linear scaling's curve is of the rows of what is there.
    EXPECT_EQ(drawn_without("comparisons_b", {{"baseline/device_mlp"}}),
              "Training split\tPitot\tPitot (2 standard errors)\tLinear scaling (rank 1)\tLinear scaling (rank 1) (2 "
              "standard errors)\n0.5\t0.1\t0\t0.2\t0\n");
    put("baseline/device_mlp", {{0.5, {0.3, 0.3}}});
    EXPECT_EQ(drawn_without("comparisons_b", {{"embedding/128"}}),
              "Training split\tPer-device network\tPer-device network (2 standard errors)\tLinear scaling (rank "
              "1)\tLinear scaling (rank 1) (2 standard errors)\n0.5\t0.3\t0\t0.6\t0\n");
    // A panel without what it is relative to goes as a whole.
    const std::vector<std::string> features{"features/0", "features/2", "features/4", "features/8", "features/16"};
    put("embedding/512", {{0.5, {0.2, 0.2}}});
    std::vector<std::string> without{"embedding/32", "embedding/64", "embedding/256"};
    without.insert(without.end(), features.begin(), features.end());
    EXPECT_EQ(
        drawn_without("ablations_mf", without),
        "Training split\tEmbedding dimension: r = 128\tEmbedding dimension: r = 128 (2 standard errors)\tEmbedding "
        "dimension: r = 512\tEmbedding dimension: r = 512 (2 standard errors)\n0.5\t0.5\t0\t1\t0\n");
    without.push_back("embedding/512");
    EXPECT_FALSE(can_compare("ablations_mf", without));
    EXPECT_FALSE(can_compare("comparisons_c", std::vector<std::string>{"embedding/128"}));
}

TEST(Comparisons, NameWhatIsMissing) {
    const test::TempFolder folder;
    const auto plot = comparison_plot(folder.path(), "ablations_if");
    ASSERT_FALSE(plot);
    EXPECT_EQ(plot.error().remedy(), Remedy::kMakeResults);
    EXPECT_EQ(plot.error().remedy_about().at(1), "interference/2");
    EXPECT_EQ(expand_comparison("comparisons").value().size(), 3U);
    EXPECT_EQ(expand_comparison("comparison").value(), expand_comparison("comparisons").value());
    EXPECT_EQ(expand_comparison("interference").value().size(), 3U);
    EXPECT_FALSE(expand_comparison("percentiles"));
}

}  // namespace
}  // namespace pitot::figure
