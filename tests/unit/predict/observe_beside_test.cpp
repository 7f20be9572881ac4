// A predictor that knows co-runners learns on, advises and explains.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "pitot/advise.hpp"
#include "pitot/explain.hpp"
#include "pitot/fit.hpp"
#include "pitot/observe.hpp"
#include "predict/calibration_rows.hpp"
#include "predict/parts.hpp"
#include "support/expect_error.hpp"
#include "support/pools.hpp"
#include "support/synthetic.hpp"

namespace pitot {
namespace {

using Row = std::pair<std::vector<std::int32_t>, double>;  // platform, module, co-runners; the runtime

const test::SyntheticOptions kFleetBeside{.platforms = 10, .modules = 14, .density = 0.7, .together = 260, .width = 2};

FitConfig short_kernel() {
    FitConfig config = preset("kernel").value();
    config.model.kernel_steps = 15;
    return config;
}

// Runs on the sides of a fleet.
Dataset runs_on(const Dataset& fleet, const std::vector<Row>& rows) {
    Dataset runs;
    runs.platforms = predict::clone_side(fleet.platforms);
    runs.modules = predict::clone_side(fleet.modules);
    ObservationTable alone, together;
    std::vector<std::int32_t> with;
    for (const auto& [place, runtime_us] : rows) {
        ObservationTable& table = place.size() > 2 ? together : alone;
        table.platform.push_back(place[0]);
        table.module.push_back(place[1]);
        table.runtime_us.push_back(runtime_us);
        if (place.size() > 2) {
            with.insert(with.end(), place.begin() + 2, place.end());
            with.resize(together.runtime_us.size() * 3, -1);
        }
    }
    together.co_runner = std::move(with);
    together.width = together.runtime_us.empty() ? 0 : 3;
    runs.set_observations(std::move(alone), std::move(together));
    return runs;
}

class ObserveBeside : public testing::Test {
protected:
    static void SetUpTestSuite() {
        fleet_ = std::make_unique<Dataset>(test::synthetic_dataset(kFleetBeside));
        predictor_ = std::make_unique<Predictor>(fit(*fleet_, short_kernel()).value());
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

double runtime(const Predictor& predictor, std::int32_t i, std::int32_t j, const std::vector<std::int32_t>& with) {
    return predictor.predict_pair(i, j, {}, with)->runtime_us;
}

TEST_F(ObserveBeside, LearnsFromRunsAloneAndBesideOthers) {
    EXPECT_TRUE(predictor().learns_on());
    const double before = runtime(predictor(), 2, 3, {5, 7});
    const std::vector<Row> rows{
        {{2, 3, 7, 5}, 4.0 * before}, {{2, 3, 5, 7}, 4.0 * before}, {{4, 6}, 20'000.0}, {{1, 1, 1, 1, 1}, 90'000.0}};
    const auto observed = predictor().observe(runs_on(fleet(), rows));
    ASSERT_TRUE(observed) << observed.error().message();
    const Observation& told = observed->observation;
    EXPECT_EQ(told.runs, 4);
    EXPECT_EQ(told.beside, 3);
    EXPECT_EQ(told.new_pairs + told.known_pairs, 3);
    EXPECT_EQ(told.left_out, 0);
    EXPECT_TRUE(told.recalibrated);
    const Predictor& after = observed->predictor;
    EXPECT_GT(runtime(after, 2, 3, {5, 7}), 1.5 * before);
    EXPECT_EQ(after.evidence(2, 3, std::array<std::int32_t, 2>{7, 5}), Evidence::kLearned);
    EXPECT_EQ(after.evidence(1, 1, std::array<std::int32_t, 3>{1, 1, 1}), Evidence::kLearned);
    EXPECT_EQ(after.platform_runs(2), predictor().platform_runs(2).value() + 2);
    EXPECT_EQ(after.module_runs(5), predictor().module_runs(5));  // as a co-runner it counts nothing
    const auto bytes = after.to_bytes();
    ASSERT_TRUE(bytes);
    const auto again = Predictor::from_bytes(*bytes);
    ASSERT_TRUE(again) << again.error().message();
    EXPECT_EQ(*again->to_bytes(), *bytes);
    EXPECT_EQ(runtime(*again, 2, 3, {5, 7}), runtime(after, 2, 3, {5, 7}));
    const auto more = again->observe(runs_on(fleet(), {{{3, 3, 2}, 30'000.0}}));
    ASSERT_TRUE(more) << more.error().message();
    EXPECT_EQ(more->observation.folded_in, 5);
}

TEST_F(ObserveBeside, OrderDoesNotMatter) {
    const std::vector<Row> first{{{2, 3, 7, 5}, 9'000.0}, {{4, 6}, 20'000.0}};
    const std::vector<Row> second{{{2, 3, 5, 7}, 12'000.0}, {{9, 13, 2}, 70'000.0}, {{4, 6}, 21'000.0}};
    std::vector<Row> all = second;
    all.insert(all.end(), first.begin(), first.end());
    const auto at_once = predictor().observe(runs_on(fleet(), all));
    const auto half = predictor().observe(runs_on(fleet(), first));
    ASSERT_TRUE(at_once && half);
    const auto both = half->predictor.observe(runs_on(fleet(), second));
    ASSERT_TRUE(both);
    for (std::int32_t i = 0; i < 10; ++i) {
        for (std::int32_t j = 0; j < 14; ++j) {
            for (const std::vector<std::int32_t>& with :
                 {std::vector<std::int32_t>{}, std::vector<std::int32_t>{(i + j) % 14},
                  std::vector<std::int32_t>{i, (3 * j) % 14}}) {
                EXPECT_NEAR(std::log(runtime(both->predictor, i, j, with)),
                            std::log(runtime(at_once->predictor, i, j, with)), 2e-6);
            }
        }
    }
    EXPECT_EQ(both->observation.fitted, at_once->observation.fitted);
}

// Answered anew by the model that was fitted, rows that calibrate have the very scores of the fit, in every pool.
TEST_F(ObserveBeside, RecalibratingWithoutNewRunsChangesNothing) {
    for (const BoundsBy by : {BoundsBy::kFleet, BoundsBy::kPlatform}) {
        FitConfig config = short_kernel();
        config.bounds.by = by;
        const Predictor made = fit(fleet(), config).value();
        PredictorParts parts = predict::clone_parts(made.parts());
        EXPECT_GT(parts.calibration_rows.width, 0);
        const auto done = predict::recalibrate(parts);
        ASSERT_TRUE(done) << done.error().message();
        EXPECT_TRUE(*done);
        const auto& before = made.parts().calibration.parts().pools;
        const auto& after = parts.calibration.parts().pools;
        ASSERT_EQ(after.size(), before.size());
        std::size_t beside = 0;
        for (std::size_t p = 0; p < before.size(); ++p) {
            EXPECT_EQ(after[p].key, before[p].key);
            EXPECT_EQ(after[p].scores, before[p].scores) << before[p].name;
            EXPECT_EQ(after[p].units, before[p].units);
            beside += before[p].key.a > 0 && !before[p].scores.empty() ? 1U : 0U;
        }
        EXPECT_GT(beside, 1U);
    }
}

TEST_F(ObserveBeside, BoundsOfFilesThatDoNotKnowRowsBesideOthersStayThoseOfTheFit) {
    PredictorParts parts = predict::clone_parts(predictor().parts());
    ASSERT_GT(parts.calibrated_co_runners, 0);
    predict::CalibrationRows& rows = parts.calibration_rows;
    predict::CalibrationRows alone{.known = true};
    std::set<predict::Combination> beside;
    for (std::size_t n = 0; n < rows.target.size(); ++n) {
        predict::Combination of = predict::combination(rows.platform[n], rows.module[n], rows.beside(n));
        if (!std::get<2>(of).empty()) {
            beside.insert(std::move(of));
            continue;
        }
        alone.platform.push_back(rows.platform[n]);
        alone.module.push_back(rows.module[n]);
        alone.target.push_back(rows.target[n]);
    }
    ASSERT_FALSE(beside.empty());
    PredictorParts dropped = predict::clone_parts(parts);
    predict::drop_calibration_rows(beside, dropped.calibration_rows);
    ASSERT_TRUE(predict::recalibrate(dropped).value());
    EXPECT_EQ(dropped.calibrated_co_runners, 0) << "all of them are learned from now";
    rows = std::move(alone);
    ASSERT_TRUE(predict::recalibrate(parts).value());
    EXPECT_EQ(parts.calibrated_co_runners, predictor().parts().calibrated_co_runners);
}

TEST_F(ObserveBeside, CalibrationRowsAreNeverLearnedFrom) {
    const predict::CalibrationRows& rows = predictor().parts().calibration_rows;
    std::size_t row = 0;
    while (row < rows.target.size() && rows.beside(row)[0] < 0) {
        ++row;
    }
    ASSERT_LT(row, rows.target.size());
    const auto with = rows.beside(row);
    std::vector<std::int32_t> place{rows.platform[row], rows.module[row]};
    std::ranges::copy_if(with, std::back_inserter(place), [](std::int32_t k) { return k >= 0; });
    EXPECT_EQ(predictor().evidence(place[0], place[1], with), Evidence::kSetAside);
    const auto observed = predictor().observe(runs_on(fleet(), {{place, 30'000.0}}));
    ASSERT_TRUE(observed) << observed.error().message();
    EXPECT_EQ(observed->observation.no_more_calibrating, 1);
    EXPECT_EQ(observed->predictor.calibration_rows(1), predictor().calibration_rows(1) - 1);
    EXPECT_EQ(observed->predictor.calibration_rows(0), predictor().calibration_rows(0));
    EXPECT_EQ(observed->predictor.evidence(place[0], place[1], with), Evidence::kLearned);
    // The pair alone calibrates on, if it did.
    const auto& kept = observed->predictor.parts().calibration_rows;
    EXPECT_EQ(kept.target.size() + 1, rows.target.size());
    EXPECT_EQ(kept.co_runner.size(), kept.target.size() * static_cast<std::size_t>(kept.width));
}

TEST_F(ObserveBeside, ModulesThatOnlyRanBesideOthersAreKnownAsCoRunners) {
    Dataset runs = runs_on(fleet(), {{{0, 1, 2}, 30'000.0}});
    runs.platforms = {{"platform0"}, {}, Matrix<double>(1, 0)};
    runs.modules = {{"module4", "module1", "stranger"}, {}, Matrix<double>(3, 0)};
    const auto observed = predictor().observe(runs);
    ASSERT_TRUE(observed) << observed.error().message();
    EXPECT_EQ(observed->observation.new_modules, std::vector<std::string>{"stranger"});
    EXPECT_EQ(observed->observation.without_features, std::vector<std::string>{"stranger"});
    const Predictor& after = observed->predictor;
    const std::int32_t stranger = after.find_module("stranger").value();
    EXPECT_EQ(after.module_basis(stranger), Basis::kAverage);
    EXPECT_EQ(after.evidence(0, 1, std::array{stranger}), Evidence::kLearned);
    EXPECT_TRUE(std::isfinite(after.predict_pair(0, 1, 0.8, std::array{stranger})->bound_us));
    EXPECT_TRUE(std::isnan(after.predict_pair(0, stranger, 0.8)->bound_us));
    // Given features, it is known by them alone.
    runs.modules.feature_names = fleet().modules.feature_names;
    runs.modules.features = Matrix<double>(3, fleet().modules.features.cols());
    std::ranges::copy(fleet().modules.features.view().row(6), runs.modules.features.view().row(2).begin());
    const auto known = predictor().observe(runs);
    ASSERT_TRUE(known) << known.error().message();
    EXPECT_EQ(known->predictor.module_basis(stranger), Basis::kFeatures);
    EXPECT_TRUE(known->observation.without_features.empty());
}

TEST_F(ObserveBeside, AModelOfRunsAloneSaysThatItLeavesThemOut) {
    FitConfig config = short_kernel();
    config.train.objective("together").weight = 0.0;
    const Predictor alone = fit(fleet(), config).value();
    const auto observed = alone.observe(runs_on(fleet(), {{{0, 1, 2}, 30'000.0}, {{0, 1}, 25'000.0}}));
    ASSERT_TRUE(observed) << observed.error().message();
    EXPECT_EQ(observed->observation.left_out, 1);
    EXPECT_EQ(observed->observation.runs, 1);
    EXPECT_TRUE(test::refuses(alone.observe(runs_on(fleet(), {{{0, 1, 2}, 30'000.0}})), {"no run alone"}));
    EXPECT_TRUE(test::refuses(predictor().observe(runs_on(fleet(), {})), {"no run to learn from"}));
}

TEST_F(ObserveBeside, AdvisesAndExplains) {
    AdviseOptions options;
    options.budget = 3;
    const auto advice = predictor().advise(options);
    ASSERT_TRUE(advice) << advice.error().message();
    ASSERT_EQ(advice->pairs.size(), 3U);
    double last = advice->error;
    for (const AdvisedPair& pair : advice->pairs) {
        EXPECT_NE(predictor().evidence(pair.platform, pair.module), Evidence::kLearned);
        EXPECT_LT(pair.error, last);
        last = pair.error;
    }
    const auto told = predictor().explain(3, 4, 1000);
    ASSERT_TRUE(told) << told.error().message();
    double sum = 0.0;
    for (const auto& term : told->terms) {
        sum += term.value;
    }
    EXPECT_NEAR(sum, std::log(runtime(predictor(), 3, 4, {}) / 25'000.0), 1e-9);
    EXPECT_TRUE(std::ranges::any_of(told->near, [](const auto& near) { return near.co_runners.size() == 2; }));
}

TEST_F(ObserveBeside, PlatformsAndModulesNeverSeenHaveBounds) {
    const auto source = [&](const Predictor& of, std::int32_t j, const std::vector<std::int32_t>& with) {
        return of.bound_source(0, j, 0.8, with).value();
    };
    Side twin{{"twin"}, fleet().modules.feature_names, Matrix<double>(1, fleet().modules.features.cols())};
    std::ranges::copy(fleet().modules.features.view().row(6), twin.features.flat().begin());
    const auto grown = predictor().with_rows({}, twin);
    ASSERT_TRUE(grown) << grown.error().message();
    for (const std::vector<std::int32_t>& with : {std::vector<std::int32_t>{}, {3}}) {
        EXPECT_EQ(source(*grown, 14, with).from, BoundFrom::kHeldOut);
        const auto answer = grown->predict_pair(0, 14, 0.8, with);
        ASSERT_TRUE(answer);
        EXPECT_TRUE(std::isfinite(answer->bound_us));
    }
}

}  // namespace
}  // namespace pitot
