#include "pitot/fit.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>
#include <string>

#include "../../support/synthetic.hpp"
#include "models/gathered_rows.hpp"
#include "models/scale.hpp"
#include "predict/fit_steps.hpp"
#include "predict/parts.hpp"
#include "support/pools.hpp"

namespace pitot::predict {
namespace {

using test::quick_config;
using test::synthetic_dataset;

std::vector<double> predict_all(const Predictor& predictor) {
    std::vector<std::int32_t> platform;
    std::vector<std::int32_t> module;
    for (std::int32_t i = 0; i < predictor.platforms().size(); ++i) {
        for (std::int32_t j = 0; j < predictor.modules().size(); ++j) {
            platform.push_back(i);
            module.push_back(j);
        }
    }
    return predictor.predict({platform, module, {}, 0}).value().runtime_us;
}

TEST(Fit, LearnsMoreThanLinearScaling) {
    const test::SyntheticOptions options{.noise = 0.01};
    const Dataset dataset = synthetic_dataset(options);
    FitConfig config = quick_config();
    config.train.checkpoints = 20;
    config.train.epoch_samples = 5000;
    const Predictor learned = fit(dataset, config).value();
    const Predictor scaling = fit(dataset, preset("baseline/linear_scaling").value()).value();
    const test::SyntheticTruth truth(dataset, options);
    const auto error = [&](const Predictor& predictor) {
        const std::vector<double> runtime = predict_all(predictor);
        double sum = 0.0;
        for (std::size_t at = 0; at < runtime.size(); ++at) {
            const auto i = static_cast<std::int64_t>(at) / dataset.modules.size();
            const auto j = static_cast<std::int64_t>(at) % dataset.modules.size();
            sum += std::abs(to_log({runtime[at]}).value - truth(i, j));
        }
        return sum / static_cast<double>(runtime.size());
    };
    EXPECT_GT(error(scaling), 0.08);
    EXPECT_LT(error(learned), 0.5 * error(scaling));
}

TEST(Fit, CalibratesOnRowsItDidNotTrainOn) {
    const Dataset dataset = synthetic_dataset({.together = 90});
    FitConfig config = quick_config("interference/2");
    config.train.objective("together").rows = 0;
    config.calibration_share = 0.2;
    const Predictor predictor = fit(dataset, config).value();
    EXPECT_EQ(predictor.calibration_rows(0), dataset.pool(kAlone).size() / 5);
    EXPECT_EQ(predictor.calibrated_co_runners(), 1);
    const train::ReplicateRows rows = train::draw_rows(dataset, config, 1.0, 0.2, 0);
    EXPECT_EQ(predictor.calibration_rows(1), static_cast<std::int64_t>(rows.pools[kAlone + 1].calibration.size()));
    EXPECT_GE(predictor.calibration_rows(1), 15) << "a fifth of some 80 combinations";
    EXPECT_TRUE(rows.alone().test.empty());
    std::set<std::int64_t> trained(rows.alone().rest.begin(), rows.alone().rest.end());
    for (const std::int64_t row : rows.alone().calibration) {
        EXPECT_FALSE(trained.contains(row));
    }
    // The residuals kept are those of exactly these rows.
    const models::GatheredRows gathered(dataset.pool(kAlone), rows.alone().calibration, config.model);
    const auto answer = predictor.predict({gathered.platform, gathered.module, {}, 0}).value();
    std::vector<double> residuals;
    for (std::size_t i = 0; i < gathered.target.size(); ++i) {
        residuals.push_back(gathered.target[i] - to_log({answer.runtime_us[i]}).value);
    }
    std::ranges::sort(residuals);
    const auto kept = predictor.parts().calibration.residuals(kAlone);
    ASSERT_EQ(kept.size(), residuals.size());
    for (std::size_t i = 0; i < residuals.size(); ++i) {
        EXPECT_NEAR(kept[i], residuals[i], 1e-9);
    }
}

TEST(Fit, BoundsRowsWithCoRunnersThoughTheModelIgnoresThem) {
    const Dataset dataset = synthetic_dataset({.together = 400});
    FitConfig config = quick_config("embedding/32");
    config.calibration_share = 0.5;
    config.train.epoch_samples = 1000;
    const Predictor predictor = fit(dataset, config).value();
    EXPECT_GT(predictor.calibration_rows(1), 130) << "half of the combinations among 400 rows";
    const ObservationView rows = dataset.pool(kAlone + 1);
    const std::vector<double> confidence{0.9};
    const auto answer = predictor.predict({rows.platform, rows.module, rows.co_runner, rows.width}, confidence).value();
    int covered = 0;
    for (std::int64_t i = 0; i < rows.size(); ++i) {
        covered += rows.runtime_us[static_cast<std::size_t>(i)] <= answer.bound_us(i, 0) ? 1 : 0;
    }
    EXPECT_NEAR(covered / 400.0, 0.9, 0.06);
}

TEST(Fit, GivesRowsNeverMeasuredABaselineFromFeatures) {
    const test::SyntheticOptions options{.modules = 40, .interaction = 0.05};
    Dataset dataset = synthetic_dataset(options);
    const test::SyntheticTruth truth(dataset, options);
    test::keep_alone(dataset, [&](std::size_t row) { return dataset.observations.module[row] != 7; });
    const Predictor predictor = fit(dataset, quick_config()).value();
    EXPECT_EQ(predictor.module_basis(7), Basis::kFeatures);
    EXPECT_EQ(predictor.module_basis(8), Basis::kMeasured);
    const std::vector<std::int32_t> platform{3, 3};
    const std::vector<std::int32_t> module{7, 8};
    const std::vector<double> confidence{0.9};
    const auto answer = predictor.predict({platform, module, {}, 0}, confidence).value();
    EXPECT_EQ(answer.basis[0], Basis::kFeatures);
    EXPECT_TRUE(std::isnan(answer.bound_us(0, 0)));
    EXPECT_FALSE(std::isnan(answer.bound_us(1, 0)));
    EXPECT_NEAR(to_log({answer.runtime_us[0]}).value, truth(3, 7), 0.3);
}

TEST(Fit, SaysAverageWhereThereAreNoFeatures) {
    Dataset dataset = synthetic_dataset({.features = 0});
    dataset.modules.names.emplace_back("newcomer");
    dataset.modules.features = Matrix<double>(dataset.modules.size(), 0);
    const Predictor predictor = fit(dataset, quick_config("linear/32")).value();
    EXPECT_EQ(predictor.module_basis(static_cast<std::int32_t>(dataset.modules.size() - 1)), Basis::kAverage);
    const std::vector<std::int32_t> platform{0};
    const std::vector<std::int32_t> module{static_cast<std::int32_t>(dataset.modules.size() - 1)};
    const double runtime = predictor.predict({platform, module, {}, 0}).value().runtime_us[0];
    const std::vector<double> all = predict_all(predictor);
    const auto [low, high] = std::ranges::minmax(std::span(all).first(20));
    EXPECT_GT(runtime, low);
    EXPECT_LT(runtime, high);
}

TEST(Fit, EveryFamilyFitsAndPredictsFiniteTimes) {
    const Dataset dataset = synthetic_dataset({.together = 120, .width = 2});
    for (const char* name : {"embedding/32", "linear/32", "paragon/32", "interference/2", "interference/ignore",
                             "baseline/mlp", "baseline/device_mlp", "baseline/module_only", "baseline/platform_only",
                             "baseline/non_baseline", "baseline/linear_scaling"}) {
        const auto predictor = fit(dataset, quick_config(name));
        ASSERT_TRUE(predictor) << name << ": " << predictor.error().to_string();
        const ObservationView rows = dataset.pool(kAlone + 1);
        const std::vector<double> confidence{0.5};
        const auto answer = predictor->predict({rows.platform, rows.module, rows.co_runner, rows.width}, confidence);
        ASSERT_TRUE(answer) << name << ": " << answer.error().to_string();
        for (std::int64_t i = 0; i < rows.size(); ++i) {
            ASSERT_TRUE(std::isfinite(answer->bound_us(i, 0))) << name;
            ASSERT_GT(answer->runtime_us[static_cast<std::size_t>(i)], 0.0) << name;
        }
    }
}

TEST(Fit, StopsWhenAsked) {
    std::stop_source source;
    source.request_stop();
    Context options;
    options.stop = source.get_token();
    const auto predictor = fit(synthetic_dataset(), quick_config(), options);
    ASSERT_FALSE(predictor);
    EXPECT_EQ(predictor.error().code(), ErrorCode::kCancelled);
}

TEST(Fit, RefusesWrongConfigurations) {
    FitConfig config = quick_config();
    config.calibration_share = 1.0;
    const auto predictor = fit(synthetic_dataset(), config);
    ASSERT_FALSE(predictor);
    EXPECT_EQ(predictor.error().code(), ErrorCode::kUsage);
    EXPECT_NE(predictor.error().message().find("calibration_share"), std::string::npos);
}

TEST(Fit, RefusesADatasetWithoutTheFeaturesThePresetNeeds) {
    const auto predictor = fit(synthetic_dataset({.features = 0}), quick_config());
    ASSERT_FALSE(predictor);
    EXPECT_EQ(predictor.error().code(), ErrorCode::kInput);
}

TEST(DefaultConfig, FollowsTheDataset) {
    EXPECT_EQ(default_config(synthetic_dataset()).preset, "kernel");
    EXPECT_EQ(default_config(synthetic_dataset({.features = 0})).preset, "kernel");
    const test::SyntheticOptions large{.platforms = static_cast<int>(kMostKernelRows) + 1, .modules = 3};
    EXPECT_EQ(default_config(synthetic_dataset(large)).preset, "embedding/128");
    const test::SyntheticOptions bare_large{.platforms = 3001, .modules = 3, .features = 0};
    EXPECT_EQ(default_config(synthetic_dataset(bare_large)).preset, "linear/128");
    const test::SyntheticOptions many{.platforms = 250, .modules = 250, .density = 1.0};
    EXPECT_EQ(default_config(synthetic_dataset(many)).preset, "embedding/128") << "62 500 combinations";
    const FitConfig bare = default_config(synthetic_dataset({.features = 0, .together = 5}));
    EXPECT_FALSE(bare.model.platform_features || bare.model.module_features);
    const FitConfig together = default_config(synthetic_dataset({.together = 5}));
    EXPECT_EQ(together.preset, "kernel");
    EXPECT_EQ(together.train.find_objective("together")->rows, 0) << "all rows, unlike the published preset";
    const FitConfig few = default_config(synthetic_dataset({.platforms = 1, .modules = 30}));
    EXPECT_EQ(few.preset, "baseline/linear_scaling") << "one row of the matrix tells nothing of interactions";
    EXPECT_EQ(default_config(synthetic_dataset()).train.objective("alone").batch, 256);
    EXPECT_EQ(default_config(synthetic_dataset({.platforms = 60, .modules = 60})).train.objective("alone").batch, 2048);
}

TEST(ScaleTest, GivesFiniteTimesWhateverTheModelSays) {
    ModelConfig config;
    const models::Scale logarithmic(config);
    config.logarithm = false;
    const models::Scale plain(config);
    EXPECT_DOUBLE_EQ(logarithmic.runtime_us(logarithmic.target(1234.5)), 1234.5);
    EXPECT_DOUBLE_EQ(plain.runtime_us(plain.target(1234.5)), 1234.5);
    EXPECT_GT(plain.runtime_us(-3.0), 0.0);
    EXPECT_TRUE(std::isfinite(logarithmic.runtime_us(1e6)));
    EXPECT_GT(logarithmic.runtime_us(-1e6), 0.0);
    EXPECT_NEAR(plain.error(1.5, 1.0), 0.5, 1e-15);
    EXPECT_NEAR(logarithmic.error(std::log(1.5), 0.0), 0.5, 1e-15);
}

// Datasets made in memory, not read: see unit/dataset/validate_test.cpp for all that can be wrong with one.
TEST(Fit, RefusesADatasetThatIsNotWhole) {
    const auto expect_refused = [](const char* word, const std::function<void(Dataset&)>& damage) {
        for (const char* name : {"baseline/linear_scaling", "linear/32", "interference/2"}) {
            Dataset dataset = synthetic_dataset({.together = 60});
            damage(dataset);
            const auto fitted = fit(dataset, quick_config(name));
            ASSERT_FALSE(fitted) << name << ' ' << word;
            EXPECT_EQ(fitted.error().code(), ErrorCode::kInput);
            EXPECT_NE(fitted.error().message().find(word), std::string::npos) << fitted.error().message();
        }
    };
    expect_refused("'platform', row 3", [](Dataset& d) { d.observations.platform.edit()[3] = 1'000'000; });
    expect_refused("'module', row ", [](Dataset& d) { d.observations.module.edit().back() = -5; });
    expect_refused("'co_runner', row ", [](Dataset& d) { d.observations.co_runner.edit().back() = 99; });
    expect_refused("row 0 (counted from 0): the runtime -1",
                   [](Dataset& d) { d.observations.runtime_us.edit()[0] = -1.0; });
    expect_refused("'module' has", [](Dataset& d) { d.observations.module.edit().pop_back(); });
    expect_refused("platform features", [](Dataset& d) { d.platforms.features = Matrix<double>(2, 2); });
    expect_refused("names must not repeat", [](Dataset& d) { d.modules.names[4] = d.modules.names[3]; });
}

}  // namespace
}  // namespace pitot::predict
