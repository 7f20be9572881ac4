#include "pitot/compare_runs.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "core/key.hpp"
#include "evaluate/significance.hpp"
#include "support/synthetic.hpp"

namespace pitot {
namespace {

// Runs of every pair: `runs` each, ln t = platform + module + session + noise.
struct Session {
    std::int64_t platforms = 5;
    std::int64_t modules = 12;
    int runs = 5;
    double noise = 0.03;
    double between = 0.0;  // scatter of each pair that its runs share
    std::uint64_t seed = 1;
    std::function<double(std::int64_t, std::int64_t)> change{};  // of ln t
};

Dataset measured(const Session& session) {
    Dataset dataset;
    dataset.platforms = test::synthetic_side("p", session.platforms, 0, core::Key(1));
    dataset.modules = test::synthetic_side("m", session.modules, 0, core::Key(2));
    core::Stream stream(core::Key(session.seed).fold("runs"));
    std::vector<std::int32_t> platform, module;
    std::vector<double> runtime;
    for (std::int32_t i = 0; i < session.platforms; ++i) {
        for (std::int32_t j = 0; j < session.modules; ++j) {
            const double pair = session.between * stream.normal() + (session.change ? session.change(i, j) : 0.0);
            for (int n = 0; n < session.runs; ++n) {
                platform.push_back(i);
                module.push_back(j);
                runtime.push_back(1000.0 * std::exp(0.4 * i + 0.3 * j + pair + session.noise * stream.normal()));
            }
        }
    }
    ObservationTable alone;
    alone.platform = std::move(platform);
    alone.module = std::move(module);
    alone.runtime_us = std::move(runtime);
    dataset.set_observations(std::move(alone));
    return dataset;
}

const RunChange* find_change(const std::vector<RunChange>& changes, const std::string& platform,
                             const std::string& module) {
    for (const RunChange& change : changes) {
        if (change.platform == platform && change.module == module) {
            return &change;
        }
    }
    return nullptr;
}

TEST(CompareRuns, FindsNothingWhereMachinesAloneAreFaster) {
    const Dataset before = measured({.seed = 1});
    const Dataset after = measured({.seed = 2, .change = [](auto i, auto /*j*/) { return 0.2 * double(i) - 0.5; }});
    const RunsCompared told = compare_runs(before, after).value();
    EXPECT_FALSE(told.different);
    ASSERT_EQ(told.platforms.size(), 5U);
    EXPECT_NEAR(told.platforms[4].factor, std::exp(0.3), 0.03);
    EXPECT_NEAR(told.noise, 0.03, 0.01);
    EXPECT_LT(told.between, 0.02);
    // The same is a difference if the machines are said to be the same.
    EXPECT_TRUE(compare_runs(before, after, {.same_speed = true})->different);
}

TEST(CompareRuns, FindsAModuleAndAPair) {
    const Dataset before = measured({.seed = 1});
    const Dataset after = measured({.seed = 2, .change = [](auto i, auto j) {
                                        return 0.3 * double(i) + (j == 3 ? 0.1 : 0.0) + (i == 1 && j == 7 ? -0.3 : 0.0);
                                    }});
    const RunsCompared told = compare_runs(before, after).value();
    EXPECT_TRUE(told.different);
    EXPECT_EQ(told.modules.front().module, "m3");
    EXPECT_TRUE(told.modules.front().different);
    EXPECT_NEAR(told.modules.front().factor, std::exp(0.1), 0.04);
    EXPECT_LT(told.modules.front().low, std::exp(0.1));
    EXPECT_GT(told.modules.front().high, std::exp(0.1));
    const RunChange* pair = find_change(told.pairs, "p1", "m7");
    ASSERT_NE(pair, nullptr);
    EXPECT_TRUE(pair->different);
    EXPECT_NEAR(pair->factor, std::exp(-0.3), 0.05);
    EXPECT_EQ(pair->old_runs, 5);
    // A change that is too small to matter is none.
    const RunsCompared large = compare_runs(before, after, {.least_change = 0.2}).value();
    EXPECT_FALSE(large.modules.front().different);
    EXPECT_TRUE(find_change(large.pairs, "p1", "m7")->different);
}

TEST(CompareRuns, FalseAlarmsAreAsRareAsAskedFor) {
    // Also with a scatter between sessions that repeated runs do not show, and without repeated runs.
    const std::vector<Session> kinds{{.runs = 5},
                                     {.runs = 3, .between = 0.05},
                                     {.runs = 1},
                                     {.platforms = 1, .runs = 4},
                                     {.platforms = 2, .modules = 40, .runs = 2, .between = 0.02}};
    for (const Session& kind : kinds) {
        int alarms = 0;
        constexpr int trials = 200;
        for (int trial = 0; trial < trials; ++trial) {
            Session before = kind;
            before.seed = 1000 + 2 * static_cast<std::uint64_t>(trial);
            Session after = kind;
            after.seed = before.seed + 1;
            alarms += compare_runs(measured(before), measured(after))->different ? 1 : 0;
        }
        // Two families of 5 % each: one in ten.
        EXPECT_LE(alarms, 20) << "runs " << kind.runs << ", platforms " << kind.platforms;
        RecordProperty("false_alarms_of_200_in_kind_" + std::to_string(&kind - kinds.data()), alarms);
    }
}

TEST(CompareRuns, TellsWhatItWouldHaveFound) {
    const Session kind{.runs = 4};
    int found = 0;
    int found_more = 0;
    constexpr int trials = 40;
    for (int trial = 0; trial < trials; ++trial) {
        Session before = kind;
        before.seed = 5000 + 2 * static_cast<std::uint64_t>(trial);
        const double size = std::log1p(compare_runs(measured(before), measured({.runs = 4, .seed = 1}))->detectable);
        const auto finds = [&](double times) {
            Session after = kind;
            after.seed = before.seed + 1;
            after.change = [&](auto i, auto j) { return i == 2 && j == 5 ? times * size : 0.0; };
            const RunsCompared told = compare_runs(measured(before), measured(after)).value();
            return find_change(told.pairs, "p2", "m5")->different;
        };
        found += finds(1.0) ? 1 : 0;
        found_more += finds(1.5) ? 1 : 0;
    }
    // Half, and three standard deviations of that either way.
    EXPECT_GE(found, 10);
    EXPECT_LE(found, 30);
    EXPECT_GE(found_more, trials * 3 / 4);
}

TEST(CompareRuns, NamesMatterAndNotTheirOrder) {
    const Dataset before = measured({.seed = 1});
    Dataset after = measured({.seed = 1});
    std::swap(after.modules.names[2], after.modules.names[5]);
    const RunsCompared told = compare_runs(before, after).value();
    EXPECT_TRUE(told.different);
    for (const RunChange& change : told.modules) {
        EXPECT_EQ(change.different, change.module == "m2" || change.module == "m5") << change.module;
    }
    // A dataset does not differ from itself, even without repeated runs.
    EXPECT_FALSE(compare_runs(before, before)->different);
    EXPECT_EQ(compare_runs(before, before)->identical, 60);
    EXPECT_EQ(compare_runs(before, measured({.seed = 2}))->identical, 0);
    EXPECT_FALSE(compare_runs(measured({.runs = 1}), measured({.runs = 1}))->different);
    after = measured({.modules = 14, .seed = 2});
    const RunsCompared more = compare_runs(before, after).value();
    EXPECT_EQ(more.only_new, 10);
    EXPECT_EQ(more.only_old, 0);
}

TEST(CompareRuns, TooFewPairsAreSaidAndRefused) {
    const Dataset before = measured({.platforms = 3, .modules = 2, .seed = 1});
    const Dataset after = measured({.platforms = 3, .modules = 2, .seed = 2});
    const auto refused = compare_runs(before, after);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::kInput);
    // With speeds that are the same there is something to test, by repeated runs.
    EXPECT_FALSE(compare_runs(before, after, {.same_speed = true})->different);
    Dataset strangers = measured({.seed = 2});
    for (std::string& name : strangers.modules.names) {
        name += "!";
    }
    EXPECT_NE(compare_runs(before, strangers).error().message().find("in common"), std::string::npos);
    EXPECT_EQ(compare_runs(before, after, {.false_discovery = 0.0}).error().code(), ErrorCode::kUsage);
    EXPECT_EQ(compare_runs(before, after, {.least_change = -1.0}).error().code(), ErrorCode::kUsage);
}

TEST(Significance, AgreesWithTables) {
    EXPECT_NEAR(evaluation::two_sided_t(2.228139, 10.0), 0.05, 1e-6);
    EXPECT_NEAR(evaluation::two_sided_t(-1.96, 1e9), 0.05, 1e-4);
    EXPECT_NEAR(evaluation::two_sided_quantile(0.05, 10.0), 2.228139, 1e-5);
    // Chances 1/4, 1/2 and 1/4 for 0, 1 and 2 of a fair coin: Beta(a, a) with a large.
    EXPECT_NEAR(evaluation::beta_binomial_at_most(0, 2, 1e7, 1e7), 0.25, 1e-6);
    EXPECT_NEAR(evaluation::beta_binomial_at_most(1, 2, 1e7, 1e7), 0.75, 1e-6);
    // Of a uniform chance all numbers are as likely.
    EXPECT_NEAR(evaluation::beta_binomial_at_most(3, 9, 1.0, 1.0), 0.4, 1e-12);
    EXPECT_EQ(evaluation::beta_binomial_at_most(9, 9, 1.0, 1.0), 1.0);
    // The first terms underflow, the sum does not.
    EXPECT_NEAR(evaluation::beta_binomial_at_most(50000, 100000, 3.0, 3.0), 0.5, 1e-4);
    const std::vector<double> p{0.01, 0.04, 0.03, 0.5};
    const std::vector<double> rates = evaluation::false_discovery_rates(p);
    const std::vector<double> expected{0.04, 0.16 / 3.0, 0.16 / 3.0, 0.5};
    for (std::size_t n = 0; n < p.size(); ++n) {
        EXPECT_NEAR(rates[n], expected[n], 1e-12);
    }
    std::vector<double> four{4.0, 1.0, 3.0, 2.0};
    EXPECT_EQ(evaluation::median_of(four), 2.5);
}

}  // namespace
}  // namespace pitot
