// What bounds rest on, of a model that tells how far off it may be and what it would answer without a row.
#include "predict/bounds.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "pitot/fit.hpp"
#include "predict/fit_steps.hpp"
#include "support/pools.hpp"
#include "support/synthetic.hpp"
#include "support/tiny_process.hpp"

namespace pitot::predict {
namespace {

using test::fit_tiny;
using test::synthetic_dataset;

FitConfig tiny_config(double calibration_share = 0.2) {
    FitConfig config = preset("baseline/linear_scaling").value();
    config.calibration_share = calibration_share;
    for (const char* pool : {"alone", "together"}) {
        config.train.objective(pool).weight = 1.0;
        config.train.objective(pool).rows = 0;
    }
    return config;
}

Predictor fitted(const Dataset& dataset, const FitConfig& config) {
    const train::ReplicateRows rows = train::draw_rows(dataset, config, 1.0, share_set_aside(config), 0);
    PredictorParts parts = make_parts(dataset, config, fit_tiny(dataset, config, rows), {}).value();
    for (std::size_t p = 0; p < parts.pools.size(); ++p) {
        parts.measured.push_back({make_combination_set(dataset.pool(p), dataset.platforms.size())});
    }
    return Predictor(std::move(parts));
}

Side one_row(const Side& like, const std::string& name) {
    Side side{{name}, like.feature_names, Matrix<double>(1, like.features.cols())};
    return side;
}

TEST(Bounds, RestOnRowsSetAsideAndSayHowMany) {
    const Dataset dataset = synthetic_dataset({.together = 120, .width = 2});
    const Predictor predictor = fitted(dataset, tiny_config());
    ASSERT_TRUE(predictor.has_deviation());
    const BoundSource alone = predictor.bound_source(0, 0, 0.9).value();
    EXPECT_EQ(alone.missing, NoBound::kNothing);
    EXPECT_EQ(alone.pool, "alone");
    EXPECT_EQ(alone.rows, predictor.calibration_rows(0));
    EXPECT_EQ(alone.from, BoundFrom::kSetAside);
    EXPECT_TRUE(alone.narrower.empty());
    // Beyond what was set aside: rows learned from, and said so.
    const BoundSource high = predictor.bound_source(0, 0, 0.99).value();
    EXPECT_EQ(high.from, BoundFrom::kLeaveOneOut);
    EXPECT_EQ(high.narrower, "alone");
    EXPECT_GT(high.rows, 99);
    EXPECT_TRUE(predictor.check_bound(0, 0.99));
    EXPECT_EQ(predictor.bound_source(0, 0, 0.9999).value().missing, NoBound::kFewCalibrationRows);
}

TEST(Bounds, AreNarrowForPairsWithRunsOfTheirOwn) {
    const Dataset dataset = synthetic_dataset({.density = 0.7});
    const Predictor predictor = fitted(dataset, tiny_config());
    const std::vector<double> confidence{0.9};
    double learned = 0.0, other = 0.0;
    int learned_count = 0, other_count = 0;
    for (std::int32_t i = 0; i < 12; ++i) {
        for (std::int32_t j = 0; j < 20; ++j) {
            const auto answer = predictor.predict_pair(i, j, 0.9).value();
            const double margin = std::log(answer.bound_us / answer.runtime_us);
            const bool known = predictor.measured(i, j);
            (known ? learned : other) += margin;
            ++(known ? learned_count : other_count);
        }
    }
    EXPECT_LT(learned / learned_count, 0.8 * other / other_count);
}

TEST(Bounds, OfAFewRowsRestOnThemselvesLeftOutInTurn) {
    const Dataset dataset = synthetic_dataset({.platforms = 5, .modules = 8, .density = 0.8});
    const Predictor predictor = fitted(dataset, tiny_config(0.1));
    const BoundSource source = predictor.bound_source(0, 0, 0.9).value();
    EXPECT_EQ(source.from, BoundFrom::kLeaveOneOut);
    EXPECT_EQ(source.pool, "alone");
    EXPECT_EQ(source.rows, predictor.measured_pairs()) << "nothing is set aside";
    FitConfig split = tiny_config(0.1);
    split.bounds.from = BoundsFrom::kSplit;
    const Predictor without = fitted(dataset, split);
    EXPECT_EQ(without.bound_source(0, 0, 0.9).value().missing, NoBound::kFewCalibrationRows);
    EXPECT_FALSE(without.check_bound(0, 0.9));
    EXPECT_TRUE(std::isnan(without.predict_pair(0, 0, 0.9).value().bound_us));
    EXPECT_GT(without.predict_pair(0, 0, 0.9).value().runtime_us, 0.0) << "the point is there";
}

TEST(Bounds, FromLeaveOneOutSetNothingAside) {
    const Dataset dataset = synthetic_dataset({});
    FitConfig config = tiny_config(0.3);
    config.bounds.from = BoundsFrom::kLeaveOneOut;
    const Predictor predictor = fitted(dataset, config);
    EXPECT_EQ(predictor.calibration_rows(0), predictor.measured_pairs());
    EXPECT_EQ(predictor.bound_source(0, 0, 0.9).value().from, BoundFrom::kLeaveOneOut);
}

TEST(Bounds, OfNewModulesAndPlatformsRestOnThoseHeldOut) {
    const Dataset dataset = synthetic_dataset({.platforms = 12, .modules = 20, .density = 0.8});
    const Predictor known = fitted(dataset, tiny_config());
    const Predictor predictor =
        known.with_rows(one_row(known.platforms(), "new platform"), one_row(known.modules(), "new module")).value();
    const BoundSource module = predictor.bound_source(0, 20, 0.9).value();
    EXPECT_EQ(module.pool, "new module");
    EXPECT_EQ(module.from, BoundFrom::kHeldOut);
    EXPECT_EQ(predictor.bound_source(12, 0, 0.9).value().pool, "new platform");
    EXPECT_EQ(predictor.bound_source(12, 20, 0.9).value().pool, "new platform and module");
    const auto bound = [&](std::int32_t i, std::int32_t j) {
        const Prediction answer = predictor.predict_pair(i, j, 0.9).value();
        return std::log(answer.bound_us / answer.runtime_us);
    };
    EXPECT_GT(bound(0, 20), 2.0 * bound(0, 0)) << "less is known of it";
    EXPECT_GT(bound(12, 20), bound(0, 0));
    // Twelve platforms held out are too few for 95 %, twenty modules are not.
    EXPECT_FALSE(std::isnan(bound(0, 20)));
    EXPECT_EQ(predictor.bound_source(12, 0, 0.95).value().missing, NoBound::kFewCalibrationRows);
    EXPECT_EQ(predictor.bound_source(0, 20, 0.95).value().missing, NoBound::kNothing);
    EXPECT_EQ(predictor.why_no_bound(Basis::kFeatures, 0, 0.95), NoBound::kNothing);
    EXPECT_EQ(predictor.why_no_bound(Basis::kFeatures, 0, 0.99), NoBound::kFewCalibrationRows);
    EXPECT_EQ(predictor.why_no_bound(Basis::kFeatures, 1, 0.9), NoBound::kNeverMeasured) << "none beside others";
    const std::vector<std::int32_t> unknown{20};
    EXPECT_EQ(predictor.bound_source(0, 0, 0.9, unknown).value().missing, NoBound::kNeverMeasured);
}

TEST(Bounds, HoldWithinPlatformsOnRequest) {
    const Dataset dataset = synthetic_dataset({.platforms = 6, .modules = 60});
    FitConfig config = tiny_config(0.3);
    config.bounds.by = BoundsBy::kPlatform;
    const Predictor predictor = fitted(dataset, config);
    EXPECT_EQ(predictor.bound_source(2, 0, 0.8).value().pool, "alone on " + dataset.platforms.names[2]);
    const BoundSource wide = predictor.bound_source(2, 0, 0.98).value();
    EXPECT_EQ(wide.pool, "alone");
    EXPECT_EQ(wide.narrower, "alone on " + dataset.platforms.names[2]);
    config.bounds.by = BoundsBy::kRuntime;
    const Predictor by_runtime = fitted(dataset, config);
    EXPECT_NE(by_runtime.bound_source(2, 0, 0.6).value().pool.find("of predicted runtimes"), std::string::npos);
}

TEST(Bounds, HoldWithinMicroarchitecturesWherePlatformsHaveThem) {
    Dataset dataset = synthetic_dataset({.platforms = 6, .modules = 60, .features = 2});
    FitConfig config = tiny_config(0.3);
    config.bounds.by = BoundsBy::kMicroarchitecture;
    const auto refused = check_bounds(dataset, config);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::kInput);
    EXPECT_NE(refused.error().message().find("uarch=NAME"), std::string::npos);
    dataset.platforms.feature_names = {"uarch=a", "uarch=b"};
    for (std::int64_t i = 0; i < 6; ++i) {
        dataset.platforms.features(i, 0) = i < 4 ? 1.0 : -1.0;
        dataset.platforms.features(i, 1) = i == 4 ? 1.0 : -1.0;
    }
    ASSERT_TRUE(check_bounds(dataset, config));
    const Predictor predictor = fitted(dataset, config);
    EXPECT_EQ(predictor.bound_source(0, 0, 0.8).value().pool, "alone on uarch=a");
    EXPECT_EQ(predictor.bound_source(4, 0, 0.8).value().pool, "alone on uarch=b");
    EXPECT_EQ(predictor.bound_source(5, 0, 0.8).value().pool, "alone") << "not known";
}

TEST(Bounds, TellOneCoRunnerFromTwo) {
    Dataset dataset = synthetic_dataset({.together = 300, .width = 2});
    std::vector<std::int32_t>& beside = dataset.observations.co_runner.edit();
    for (std::size_t n = 1; n < beside.size(); n += 4) {
        beside[n] = -1;  // every other row has one
    }
    const Predictor predictor = fitted(dataset, tiny_config(0.3));
    const std::vector<std::int32_t> one{1}, two{1, 2};
    EXPECT_EQ(predictor.bound_source(0, 0, 0.8, one).value().pool, "one co-runner");
    EXPECT_EQ(predictor.bound_source(0, 0, 0.8, two).value().pool, "two co-runners");
}

TEST(Bounds, OfBothSidesEncloseThePointAndAscend) {
    const Dataset dataset = synthetic_dataset({});
    const Predictor predictor = fitted(dataset, tiny_config());
    const std::vector<std::int32_t> platform{0, 1, 2, 3}, module{3, 2, 1, 0};
    const std::vector<double> confidences{0.6, 0.9, 0.95, 0.99};
    const Predictions answer = predictor.predict({platform, module, {}, 0}, confidences, Sides::kBoth).value();
    for (std::int64_t n = 0; n < 4; ++n) {
        EXPECT_GT(answer.deviation[static_cast<std::size_t>(n)], 0.0);
        for (std::int64_t c = 0; c + 1 < 4; ++c) {
            EXPECT_LE(answer.bound_us(n, c), answer.bound_us(n, c + 1));
            EXPECT_GE(answer.lower_us(n, c), answer.lower_us(n, c + 1));
        }
        EXPECT_LT(answer.lower_us(n, 3), answer.runtime_us[static_cast<std::size_t>(n)]);
        EXPECT_GT(answer.bound_us(n, 3), answer.runtime_us[static_cast<std::size_t>(n)]);
    }
}

TEST(Bounds, OfPlainModelsHaveLowerSidesToo) {
    const Dataset dataset = synthetic_dataset({});
    const Predictor predictor = fit(dataset, preset("baseline/linear_scaling").value()).value();
    const std::vector<std::int32_t> row{0};
    const std::vector<double> confidences{0.9};
    const Predictions answer = predictor.predict({row, row, {}, 0}, confidences, Sides::kBoth).value();
    EXPECT_LT(answer.lower_us(0, 0), answer.bound_us(0, 0));
    EXPECT_TRUE(std::isnan(answer.deviation[0]));
    EXPECT_FALSE(predictor.has_deviation());
    EXPECT_EQ(predictor.bound_source(0, 0, 0.9).value().pool, "alone");
}

TEST(Bounds, FromLeaveOneOutAreRefusedOfFamiliesWithout) {
    FitConfig config = preset("baseline/linear_scaling").value();
    config.bounds.from = BoundsFrom::kLeaveOneOut;
    const auto refused = fit(synthetic_dataset({}), config);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::kUsage);
    EXPECT_NE(refused.error().message().find("baseline/linear_scaling"), std::string::npos);
}

TEST(Bounds, CountRunsLearnedFrom) {
    Dataset dataset = synthetic_dataset({.density = 1.0});
    test::add_alone(dataset, 0, 0, 100.0);  // a second run
    FitConfig config = tiny_config(0.0);
    const Predictor predictor = fitted(dataset, config);
    EXPECT_EQ(predictor.platform_runs(0), 21);
    EXPECT_EQ(predictor.platform_runs(1), 20);
    EXPECT_EQ(predictor.module_runs(0), 13);
    EXPECT_EQ(predictor.module_runs(99), 0);
    const Predictor more = predictor.with_rows(one_row(predictor.platforms(), "new"), {}).value();
    EXPECT_EQ(more.platform_runs(12), 0);
}

// A file keeps every pool, the scale and the groups.
TEST(Bounds, AreTheSameFromAFile) {
    const Dataset dataset = synthetic_dataset({.together = 200, .width = 2});
    FitConfig config = tiny_config(0.3);
    config.bounds.by = BoundsBy::kPlatform;
    PredictorParts parts = clone_parts(fitted(dataset, config).parts());
    calibrate::CalibrationParts made = parts.calibration.parts();
    // Of a model without deviations, for what is read has to fit the model's family.
    made.scale = {calibrate::ScoreKind::kResidual,
                  std::vector<double>(12, 1.5),
                  std::vector<double>(20, 0.5),
                  {0.0, 1.0},
                  {1.0, 2.0}};
    parts.calibration = calibrate::Calibration(made);
    parts.model = fit(dataset, config).value().parts().model;
    const auto bytes = parts_to_bytes(parts).value();
    const calibrate::CalibrationParts read = parts_from_bytes(bytes).value().calibration.parts();
    ASSERT_EQ(read.pools.size(), made.pools.size());
    ASSERT_GT(read.pools.size(), 10U);
    for (std::size_t p = 0; p < made.pools.size(); ++p) {
        EXPECT_EQ(read.pools[p].key, made.pools[p].key);
        EXPECT_EQ(read.pools[p].name, made.pools[p].name);
        EXPECT_EQ(read.pools[p].scores, made.pools[p].scores);
        EXPECT_EQ(read.pools[p].units, made.pools[p].units);
        EXPECT_EQ(read.pools[p].source, made.pools[p].source);
    }
    EXPECT_EQ(read.scale, made.scale);
    EXPECT_EQ(read.grouping.platform_group, made.grouping.platform_group);
    ASSERT_TRUE(read.choice);
    EXPECT_EQ(read.choice->over_provisioning, made.choice->over_provisioning);

    made.scale.kind = calibrate::ScoreKind::kStandardised;
    parts.calibration = calibrate::Calibration(made);
    const auto refused = parts_from_bytes(parts_to_bytes(parts).value());
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message().find("divides by a deviation"), std::string::npos);
}

TEST(Bounds, OfBrokenFilesAreRefused) {
    const Dataset dataset = synthetic_dataset({});
    FitConfig config = preset("baseline/linear_scaling").value();
    config.calibration_share = 0.3;
    config.bounds.by = BoundsBy::kPlatform;
    const Predictor good = fit(dataset, config).value();
    const auto refused = [&](auto change) {
        PredictorParts parts = clone_parts(good.parts());
        calibrate::CalibrationParts made = parts.calibration.parts();
        change(made);
        parts.calibration = calibrate::Calibration(std::move(made));
        const auto read = parts_from_bytes(parts_to_bytes(parts).value());
        return read ? std::string() : read.error().message();
    };
    EXPECT_EQ(refused([](auto& /*made*/) {}), "");
    EXPECT_NE(refused([](auto& made) { made.pools.back().units = -1; }).find("bounds_pool_units"), std::string::npos);
    EXPECT_NE(refused([](auto& made) { made.scale.platform.assign(13, 1.0); }).find("bounds_platform_factor"),
              std::string::npos);
    EXPECT_NE(refused([](auto& made) { made.scale.module = {0.0}; }).find("bounds_module_factor"), std::string::npos);
    EXPECT_NE(refused([](auto& made) {
                  made.scale.knots = {1.0, 1.0};
                  made.scale.runtime = {1.0, 1.0};
              }).find("bounds_runtime_knots"),
              std::string::npos);
    EXPECT_NE(refused([](auto& made) { made.grouping.platform_group[0] = 99; }).find("bounds_platform_group"),
              std::string::npos);
    EXPECT_NE(refused([](auto& made) {
                  made.pools.back().key = made.pools[made.pools.size() - 2].key;
              }).find("bounds_pool_keys"),
              std::string::npos);
}

}  // namespace
}  // namespace pitot::predict
