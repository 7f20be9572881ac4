// A predictor that learns on, advises and explains.
#include "pitot/observe.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

#include "pitot/advise.hpp"
#include "pitot/explain.hpp"
#include "pitot/fit.hpp"
#include "predict/parts.hpp"
#include "support/expect_error.hpp"
#include "support/pools.hpp"
#include "support/synthetic.hpp"

namespace pitot {
namespace {

using test::fails_with;
using test::refuses;

const test::SyntheticOptions kFleet{.platforms = 12, .modules = 20, .density = 0.7};

FitConfig quick_kernel() {
    FitConfig config = preset("kernel").value();
    config.model.kernel_steps = 30;
    return config;
}

// Pairs that the small fleet does not measure, with their true runtimes.
Dataset other_rows(const Dataset& fleet, double factor = 1.0) {
    test::SyntheticOptions whole = kFleet;
    whole.density = 1.0;
    const Dataset all = test::synthetic_dataset(whole);
    const ObservationView known = fleet.pool(kAlone);
    Dataset rest;
    rest.platforms = predict::clone_side(fleet.platforms);
    rest.modules = predict::clone_side(fleet.modules);
    const ObservationView alone = all.pool(kAlone);
    for (std::size_t n = 0; n < alone.runtime_us.size(); ++n) {
        bool seen = false;
        for (std::size_t k = 0; k < known.platform.size(); ++k) {
            seen = seen || (known.platform[k] == alone.platform[n] && known.module[k] == alone.module[n]);
        }
        if (!seen) {
            test::add_alone(rest, alone.platform[n], alone.module[n], factor * alone.runtime_us[n]);
        }
    }
    return rest;
}

// One run of a pair by names, on sides of its own.
Dataset one_run(const std::string& platform, const std::string& module, double runtime_us) {
    Dataset runs;
    runs.platforms.names = {platform};
    runs.platforms.features = Matrix<double>(1, 0);
    runs.modules.names = {module};
    runs.modules.features = Matrix<double>(1, 0);
    test::add_alone(runs, 0, 0, runtime_us);
    return runs;
}

double log_time(const Predictor& predictor, std::int32_t platform, std::int32_t module) {
    return std::log(predictor.predict_pair(platform, module)->runtime_us);
}

using Kind = calibrate::PoolKey::Kind;

const calibrate::ScorePool* pool_with(const Predictor& predictor, const calibrate::PoolKey& key) {
    const auto& pools = predictor.parts().calibration.parts().pools;
    const auto found = std::ranges::find(pools, key, &calibrate::ScorePool::key);
    return found == pools.end() ? nullptr : &*found;
}

// A pool has the scores of its calibration rows by the model's own answers.
void expect_scores_of_answers(const Predictor& predictor, const calibrate::PoolKey& key) {
    const predict::CalibrationRows& rows = predictor.parts().calibration_rows;
    const calibrate::Calibration& calibration = predictor.parts().calibration;
    std::vector<double> mean(rows.target.size()), deviation(rows.target.size()), scores;
    std::unique_ptr<models::ModelScratch> scratch;
    predictor.parts().model->predict({rows.platform, rows.module, {}, 0}, {mean, deviation}, scratch);
    for (std::size_t n = 0; n < rows.target.size(); ++n) {
        const std::int32_t group = calibration.parts().grouping(rows.platform[n], mean[n]);
        if (key.kind == Kind::kDataset || group == key.b) {
            scores.push_back((rows.target[n] - mean[n]) /
                             calibration.scale()(rows.platform[n], rows.module[n], mean[n], deviation[n]));
        }
    }
    std::ranges::sort(scores);
    const calibrate::ScorePool* const pool = pool_with(predictor, key);
    ASSERT_NE(pool, nullptr);
    EXPECT_EQ(pool->scores, scores);
}

class Observe : public testing::Test {
protected:
    static void SetUpTestSuite() {
        fleet_ = std::make_unique<Dataset>(test::synthetic_dataset(kFleet));
        predictor_ = std::make_unique<Predictor>(fit(*fleet_, quick_kernel()).value());
    }
    static void TearDownTestSuite() {
        fleet_.reset();
        predictor_.reset();
    }
    static const Dataset& fleet() { return *fleet_; }
    static const Predictor& predictor() { return *predictor_; }

private:
    static inline std::unique_ptr<Dataset> fleet_;
    static inline std::unique_ptr<Predictor> predictor_;
};

TEST_F(Observe, LearnsFromRunsAndSaysWhatTheyTold) {
    const Dataset runs = other_rows(fleet());
    const auto observed = predictor().observe(runs);
    ASSERT_TRUE(observed) << observed.error().message();
    const Observation& told = observed->observation;
    EXPECT_EQ(told.runs, runs.observations.size());
    EXPECT_EQ(told.new_pairs, runs.observations.size());
    EXPECT_EQ(told.known_pairs, 0);
    EXPECT_TRUE(told.new_platforms.empty() && told.new_modules.empty());
    EXPECT_EQ(told.folded_in, told.runs);
    EXPECT_TRUE(told.recalibrated);
    EXPECT_TRUE(std::isfinite(told.log_likelihood));
    double before = 0.0;
    double after = 0.0;
    const ObservationView alone = runs.pool(kAlone);
    for (std::size_t n = 0; n < alone.runtime_us.size(); ++n) {
        const double truth = std::log(alone.runtime_us[n]);
        before += std::abs(log_time(predictor(), alone.platform[n], alone.module[n]) - truth);
        after += std::abs(log_time(observed->predictor, alone.platform[n], alone.module[n]) - truth);
        EXPECT_EQ(observed->predictor.evidence(alone.platform[n], alone.module[n]), Evidence::kLearned);
    }
    EXPECT_LT(after, 0.5 * before);
    EXPECT_EQ(observed->predictor.measured_pairs(), kFleet.platforms * kFleet.modules);
}

// One by one or all at once comes to the same, in whatever order.
TEST_F(Observe, OrderDoesNotMatter) {
    const Dataset runs = other_rows(fleet());
    Dataset first, second;
    for (Dataset* part : {&first, &second}) {
        part->platforms = predict::clone_side(runs.platforms);
        part->modules = predict::clone_side(runs.modules);
    }
    const ObservationView alone = runs.pool(kAlone);
    for (std::size_t n = 0; n < alone.runtime_us.size(); ++n) {
        test::add_alone(n % 2 == 0 ? first : second, alone.platform[n], alone.module[n], alone.runtime_us[n]);
    }
    const auto at_once = predictor().observe(runs);
    const auto half = predictor().observe(second);
    ASSERT_TRUE(at_once && half);
    const auto both = half->predictor.observe(first);
    ASSERT_TRUE(both);
    for (std::int32_t i = 0; i < kFleet.platforms; ++i) {
        for (std::int32_t j = 0; j < kFleet.modules; ++j) {
            EXPECT_NEAR(log_time(both->predictor, i, j), log_time(at_once->predictor, i, j), 1e-6);
        }
    }
    EXPECT_EQ(both->observation.folded_in, runs.observations.size());
    EXPECT_EQ(both->observation.fitted, at_once->observation.fitted);
}

TEST_F(Observe, CalibrationRowsAreNeverLearnedFrom) {
    std::int32_t platform = -1, module = -1;
    for (std::int32_t i = 0; i < kFleet.platforms; ++i) {
        for (std::int32_t j = 0; j < kFleet.modules; ++j) {
            if (predictor().evidence(i, j) == Evidence::kSetAside) {
                platform = i;
                module = j;
            }
        }
    }
    ASSERT_GE(platform, 0);
    const auto observed =
        predictor().observe(one_run(fleet().platforms.names[static_cast<std::size_t>(platform)],
                                    fleet().modules.names[static_cast<std::size_t>(module)], 30'000.0));
    ASSERT_TRUE(observed);
    EXPECT_EQ(observed->observation.no_more_calibrating, 1);
    EXPECT_EQ(observed->predictor.calibration_rows(0), predictor().calibration_rows(0) - 1);
    EXPECT_EQ(observed->predictor.evidence(platform, module), Evidence::kLearned);
    // The other rows are answered anew: scores are those of the answers after.
    expect_scores_of_answers(observed->predictor, calibrate::PoolKey{Kind::kDataset, 0, 0});
    EXPECT_GT(observed->predictor.parts().calibration_rows.target.size(), 0U);
}

TEST_F(Observe, GroupsOfRowsSetAsideAreScoredAnewAndOtherPoolsStay) {
    for (const BoundsBy by : {BoundsBy::kPlatform, BoundsBy::kRuntime}) {
        FitConfig config = quick_kernel();
        config.bounds.by = by;
        const Predictor before = fit(fleet(), config).value();
        Dataset runs = other_rows(fleet());
        const predict::CalibrationRows& known = before.parts().calibration_rows;
        ASSERT_GT(known.target.size(), 3U);
        for (std::size_t n = 0; n < 3; ++n) {
            test::add_alone(runs, known.platform[n], known.module[n], 30'000.0);
        }
        const auto observed = before.observe(runs);
        ASSERT_TRUE(observed) << observed.error().message();
        EXPECT_TRUE(observed->observation.recalibrated);
        EXPECT_EQ(observed->predictor.calibration_rows(0), std::ssize(known.target) - 3);
        std::size_t groups = 0, in_groups = 0, others = 0;
        for (const calibrate::ScorePool& pool : observed->predictor.parts().calibration.parts().pools) {
            const bool group = pool.key.kind == Kind::kGroup && pool.key.a == 0;
            if (group) {
                ++groups;
                in_groups += pool.scores.size();
                EXPECT_FALSE(pool.scores.empty());
                EXPECT_EQ(pool.units, std::ssize(pool.scores));
            }
            if (group || pool.key == calibrate::PoolKey{Kind::kDataset, 0, 0}) {
                EXPECT_EQ(pool.source, calibrate::ScoreSource::kSetAside);
                expect_scores_of_answers(observed->predictor, pool.key);
                continue;
            }
            ++others;
            const calibrate::ScorePool* const old = pool_with(before, pool.key);
            ASSERT_NE(old, nullptr);
            EXPECT_EQ(pool.scores, old->scores);
            EXPECT_EQ(pool.units, old->units);
            EXPECT_EQ(pool.source, old->source);
        }
        EXPECT_GT(groups, 1U);
        EXPECT_LE(in_groups, known.target.size() - 3);
        EXPECT_GT(in_groups, 0U);
        EXPECT_NE(pool_with(observed->predictor, {Kind::kLeaveOneOut, 0, 0}), nullptr);
        EXPECT_GT(others, 1U);
        const auto bytes = observed->predictor.to_bytes();
        ASSERT_TRUE(bytes);
        EXPECT_EQ(*Predictor::from_bytes(*bytes)->to_bytes(), *bytes);
    }
}

TEST_F(Observe, BoundsFromRunsLearnedFromStay) {
    FitConfig config = quick_kernel();
    config.bounds.from = BoundsFrom::kLeaveOneOut;
    const Predictor before = fit(fleet(), config).value();
    const auto observed = before.observe(other_rows(fleet()));
    ASSERT_TRUE(observed) << observed.error().message();
    EXPECT_FALSE(observed->observation.recalibrated);
    EXPECT_EQ(observed->observation.no_more_calibrating, 0);
    EXPECT_EQ(observed->predictor.calibration_rows(0), before.calibration_rows(0));
    EXPECT_EQ(observed->predictor.bound_source(0, 0, 0.9)->from, BoundFrom::kLeaveOneOut);
}

TEST_F(Observe, RunsAreCountedOn) {
    const std::int64_t platform = predictor().platform_runs(1).value();
    const std::int64_t module = predictor().module_runs(3).value();
    Dataset runs = one_run("platform1", "module3", 40'000.0);
    test::add_alone(runs, 0, 0, 41'000.0);
    const auto known = predictor().observe(runs);
    ASSERT_TRUE(known);
    EXPECT_EQ(known->predictor.platform_runs(1), platform + 2);
    EXPECT_EQ(known->predictor.module_runs(3), module + 2);
    EXPECT_EQ(known->predictor.platform_runs(2), predictor().platform_runs(2));
    const auto grown = known->predictor.observe(one_run("newcomer", "module3", 40'000.0));
    ASSERT_TRUE(grown);
    EXPECT_EQ(grown->predictor.platform_runs(12), 1);
    EXPECT_EQ(grown->predictor.module_runs(3), module + 3);
}

TEST_F(Observe, NewRowsJoinTheFleet) {
    // With features, in another order of columns.
    Dataset runs = one_run("newcomer", "module3", 40'000.0);
    runs.platforms.feature_names = {fleet().platforms.feature_names.rbegin(), fleet().platforms.feature_names.rend()};
    runs.platforms.features = Matrix<double>(1, fleet().platforms.features.cols());
    const std::int64_t last = runs.platforms.features.cols() - 1;
    for (std::int64_t c = 0; c <= last; ++c) {
        runs.platforms.features(0, last - c) = fleet().platforms.features(2, c);
    }
    const auto with = predictor().observe(runs);
    ASSERT_TRUE(with) << with.error().message();
    EXPECT_EQ(with->observation.new_platforms, std::vector<std::string>{"newcomer"});
    EXPECT_TRUE(with->observation.without_features.empty());
    const std::int32_t newcomer = with->predictor.find_platform("newcomer").value();
    EXPECT_EQ(with->predictor.platform_basis(newcomer), Basis::kMeasured);
    EXPECT_EQ(with->predictor.platforms().features(newcomer, 0), fleet().platforms.features(2, 0));
    EXPECT_NEAR(log_time(with->predictor, newcomer, 3), std::log(40'000.0), 0.1);
    // The same as rows appended first, then measured.
    Side side = predict::clone_side(runs.platforms);
    const auto appended = predictor().with_rows(side, {});
    ASSERT_TRUE(appended);
    const auto then = appended->observe(one_run("newcomer", "module3", 40'000.0));
    ASSERT_TRUE(then);
    for (std::int32_t j = 0; j < kFleet.modules; ++j) {
        EXPECT_NEAR(log_time(then->predictor, newcomer, j), log_time(with->predictor, newcomer, j), 1e-6);
        EXPECT_NEAR(log_time(then->predictor, 4, j), log_time(with->predictor, 4, j), 1e-6);
    }
    // Without features, on both sides at once.
    const auto without = predictor().observe(one_run("stranger", "unheard", 40'000.0));
    ASSERT_TRUE(without);
    EXPECT_EQ(without->observation.without_features, (std::vector<std::string>{"stranger", "unheard"}));
    EXPECT_NEAR(log_time(without->predictor, 12, 20), std::log(40'000.0), 0.2);
    const auto bytes = without->predictor.to_bytes();
    ASSERT_TRUE(bytes);
    const auto again = Predictor::from_bytes(*bytes);
    ASSERT_TRUE(again) << again.error().message();
    EXPECT_EQ(*again->to_bytes(), *bytes);
    EXPECT_EQ(again->parts().folded_in, 1);
    const auto more = again->observe(one_run("stranger", "module1", 20'000.0));
    ASSERT_TRUE(more) << more.error().message();
    EXPECT_EQ(more->observation.folded_in, 2);
}

TEST_F(Observe, SidesWithoutFeaturesGrowToo) {
    const auto made = fit(test::synthetic_dataset({.platforms = 10, .modules = 12, .features = 0}), quick_kernel());
    ASSERT_TRUE(made) << made.error().message();
    const auto observed = made->observe(one_run("newcomer", "module3", 40'000.0));
    ASSERT_TRUE(observed) << observed.error().message();
    EXPECT_TRUE(observed->observation.without_features.empty());
    EXPECT_NEAR(log_time(observed->predictor, 10, 3), std::log(40'000.0), 0.2);
}

TEST_F(Observe, SaysWhenARefitIsDue) {
    Dataset few = other_rows(fleet());
    const auto usual = predictor().observe(few);
    ASSERT_TRUE(usual);
    EXPECT_LT(usual->observation.surprise, 3.0);
    const auto slower = predictor().observe(other_rows(fleet(), 3.0));
    ASSERT_TRUE(slower);
    EXPECT_GT(slower->observation.surprise, 3.0);
    EXPECT_TRUE(slower->observation.refit_due);
    EXPECT_NE(slower->observation.reason.find("less likely"), std::string::npos);
    const auto single = predictor().observe(one_run("platform1", "module2", 1e9));
    ASSERT_TRUE(single);
    EXPECT_FALSE(single->observation.refit_due);
    EXPECT_NE(single->observation.reason.find("too few"), std::string::npos);
}

TEST_F(Observe, RefusesWhatItCannotLearnFrom) {
    const auto factors = fit(fleet(), test::quick_config());
    ASSERT_TRUE(factors);
    EXPECT_FALSE(factors->learns_on());
    EXPECT_TRUE(refuses(factors->observe(other_rows(fleet())), {"cannot learn from further runs", "kernel"}));
    EXPECT_TRUE(refuses(factors->advise({}), {"cannot tell what measurements are worth", "kernel"}));
    EXPECT_TRUE(refuses(factors->explain(0, 0), {"cannot tell which measurements", "kernel"}));
    Dataset beside = test::synthetic_dataset({.platforms = 12, .modules = 20, .together = 9});
    test::keep_alone(beside, [](std::size_t) { return false; });
    EXPECT_TRUE(refuses(predictor().observe(beside), {"no run alone"}));
    Dataset wrong = one_run("newcomer", "module3", 40'000.0);
    wrong.platforms.feature_names = {"speed"};
    wrong.platforms.features = Matrix<double>(1, 1);
    EXPECT_TRUE(refuses(predictor().observe(wrong), {"platform features lack"}));
    Dataset broken = one_run("platform1", "module3", -1.0);
    EXPECT_TRUE(refuses(predictor().observe(broken), {"-1"}));
}

TEST_F(Observe, AdviceExpectsWhatMeasuringBrings) {
    // Of one platform: deviations after the advised pairs were measured are those that the advice expected, whatever
    // the runs are. Here all cells are near.
    AdviseOptions options;
    options.budget = 3;
    options.platforms = {5};
    const auto advice = predictor().advise(options);
    ASSERT_TRUE(advice) << advice.error().message();
    ASSERT_EQ(advice->pairs.size(), 3U);
    Predictor now = predictor();
    double last = advice->error;
    for (const AdvisedPair& pair : advice->pairs) {
        EXPECT_EQ(pair.platform, 5);
        EXPECT_EQ(now.evidence(5, pair.module).value() == Evidence::kLearned, false);
        EXPECT_LT(pair.error, last);
        last = pair.error;
        now = now.observe(one_run("platform5", "module" + std::to_string(pair.module), 25'000.0))->predictor;
        double error = 0.0;
        for (std::int32_t j = 0; j < kFleet.modules; ++j) {
            if (now.evidence(5, j) != Evidence::kLearned) {
                double mean = 0.0;
                double deviation = 0.0;
                std::unique_ptr<models::ModelScratch> scratch;
                const std::int32_t i = 5;
                now.parts().model->predict({{&i, 1}, {&j, 1}, {}, 0}, {{&mean, 1}, {&deviation, 1}}, scratch);
                error += std::sqrt(2.0 / std::numbers::pi) * deviation / static_cast<double>(advice->targets);
            }
        }
        EXPECT_NEAR(pair.error, error, 1e-9);
    }
}

TEST_F(Observe, AdviceOfOnePlatformIsTheGreedyOne) {
    AdviseOptions options;
    options.budget = 1;
    options.platforms = {5};
    const AdvisedPair first = predictor().advise(options)->pairs.front();
    // Against every other pair: variances after it was measured.
    const auto left = [&](std::int32_t module) {
        const Predictor after =
            predictor().observe(one_run("platform5", "module" + std::to_string(module), 25'000.0))->predictor;
        double sum = 0.0;
        for (std::int32_t j = 0; j < kFleet.modules; ++j) {
            if (predictor().evidence(5, j) != Evidence::kLearned) {
                const std::vector<std::int32_t> i{5}, k{j};
                const auto one = after.parts().model->posterior(i, k, after.platforms(), after.modules());
                sum += one->covariance(0, 0);
            }
        }
        return sum;
    };
    const double best = left(first.module);
    for (std::int32_t j = 0; j < kFleet.modules; ++j) {
        if (predictor().evidence(5, j) != Evidence::kLearned) {
            EXPECT_LE(best, left(j) + 1e-12) << j;
        }
    }
}

TEST_F(Observe, AdviceOnTheFleetCountsCosts) {
    AdviseOptions options;
    options.budget = 1000;
    const auto all = predictor().advise(options);
    ASSERT_TRUE(all);
    EXPECT_EQ(std::ssize(all->pairs), all->targets);
    std::vector<std::pair<std::int32_t, std::int32_t>> seen;
    for (const AdvisedPair& pair : all->pairs) {
        EXPECT_NE(predictor().evidence(pair.platform, pair.module), Evidence::kLearned);
        seen.emplace_back(pair.platform, pair.module);
    }
    std::ranges::sort(seen);
    EXPECT_EQ(std::ranges::adjacent_find(seen), seen.end());
    EXPECT_NEAR(all->pairs.back().error, 0.0, 1e-12);
    options.budget = 5;
    const auto by_runs = predictor().advise(options);
    options.by_seconds = true;
    const auto by_seconds = predictor().advise(options);
    ASSERT_TRUE(by_runs && by_seconds);
    const auto cost = [](const Advice& advice) {
        double sum = 0.0;
        for (const AdvisedPair& pair : advice.pairs) {
            sum += pair.runtime_us;
        }
        return sum;
    };
    EXPECT_LT(cost(*by_seconds), cost(*by_runs));
    for (const int threads : {1, 3}) {
        options.context.threads = threads;
        const auto again = predictor().advise(options);
        ASSERT_TRUE(again);
        for (std::size_t n = 0; n < again->pairs.size(); ++n) {
            EXPECT_EQ(again->pairs[n].module, by_seconds->pairs[n].module);
            EXPECT_EQ(again->pairs[n].error, by_seconds->pairs[n].error);
        }
    }
    // Of the pairs that can be measured alone, at most all of them; what they tell of the others counts as before.
    options.by_seconds = false;
    for (const std::size_t n : {3U, 1U, 4U}) {
        options.among.emplace_back(by_runs->pairs[n].platform, by_runs->pairs[n].module);
    }
    const auto among = predictor().advise(options);
    ASSERT_TRUE(among);
    EXPECT_EQ(among->targets, by_runs->targets);
    EXPECT_EQ(among->error, by_runs->error);
    std::vector<std::pair<std::int32_t, std::int32_t>> advised;
    for (const AdvisedPair& pair : among->pairs) {
        advised.emplace_back(pair.platform, pair.module);
    }
    EXPECT_TRUE(std::ranges::is_permutation(advised, options.among));
    options.among = {{0, 20}};
    EXPECT_TRUE(fails_with(predictor().advise(options), ErrorCode::kUsage, {"platform 0 with module 20"}));
    options.among = {};
    options.budget = 0;
    EXPECT_TRUE(fails_with(predictor().advise(options), ErrorCode::kUsage, {"budget 0"}));
    options.budget = 1;
    options.modules = {20};
    EXPECT_TRUE(fails_with(predictor().advise(options), ErrorCode::kUsage, {"module number 20", "0 to 19"}));
    options.modules = {};
    const auto whole = predictor().observe(other_rows(fleet()));
    std::vector<std::int32_t> learned;
    for (std::int32_t j = 0; j < kFleet.modules; ++j) {
        if (whole->predictor.evidence(0, j) == Evidence::kLearned) {
            learned.push_back(j);
        }
    }
    options.platforms = {0};
    options.modules = learned;
    EXPECT_TRUE(refuses(whole->predictor.advise(options), {"nothing to advise"}));
}

TEST_F(Observe, ExplanationsAddUp) {
    const auto told = predictor().explain(3, 4, 4);
    ASSERT_TRUE(told) << told.error().message();
    double sum = 0.0;
    for (const auto& term : told->terms) {
        sum += term.value;
    }
    EXPECT_NEAR(sum + std::log(25'000.0), log_time(predictor(), 3, 4), 1e-9);
    EXPECT_EQ(told->near.size(), 4U);
    EXPECT_TRUE(fails_with(predictor().explain(12, 0), ErrorCode::kUsage, {"platform number 12"}));
}

}  // namespace
}  // namespace pitot
