#include "pitot/drift.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pitot/difference.hpp"
#include "pitot/fit.hpp"
#include "predict/parts.hpp"
#include "support/synthetic.hpp"

namespace pitot {
namespace {

// Runs of the same fleet, measured again, with times of some platforms changed.
Dataset measured_again(const Dataset& fleet, std::uint64_t seed, const auto& factor_of_platform) {
    Dataset again = test::synthetic_dataset({.together = 400});
    core::Stream stream(core::Key(seed).fold("again"));
    std::vector<double> runtime;
    const ObservationView rows = fleet.observations.view();
    for (std::int64_t n = 0; n < rows.size(); ++n) {
        const auto at = static_cast<std::size_t>(n);
        runtime.push_back(rows.runtime_us[at] * std::exp(0.01 * stream.normal()) *
                          factor_of_platform(rows.platform[at]));
    }
    again.observations.runtime_us = std::move(runtime);
    return again;
}

class DriftOfAModel : public testing::Test {
protected:
    static void SetUpTestSuite() {
        fleet_ = std::make_unique<Dataset>(test::synthetic_dataset({.together = 400}));
        FitConfig config = preset("kernel").value();
        config.model.kernel_steps = 20;
        model_ = std::make_unique<Predictor>(fit(*fleet_, config).value());
    }
    static void TearDownTestSuite() {
        model_.reset();
        fleet_.reset();
    }

    static std::unique_ptr<Dataset> fleet_;
    static std::unique_ptr<Predictor> model_;
};
std::unique_ptr<Dataset> DriftOfAModel::fleet_;
std::unique_ptr<Predictor> DriftOfAModel::model_;

TEST_F(DriftOfAModel, IsNotFoundInRunsOfTheSameFleet) {
    const Dataset again = measured_again(*fleet_, 1, [](auto /*i*/) { return 1.0; });
    const Drift told = drift(*model_, again).value();
    EXPECT_FALSE(told.drifted);
    ASSERT_EQ(told.fleet.size(), 2U);
    EXPECT_EQ(told.fleet[0].name, "alone");
    EXPECT_EQ(told.fleet[1].name, "beside others");
    EXPECT_GT(told.fleet[0].within, told.fleet[0].combinations * 8 / 10);
    EXPECT_EQ(told.platforms.size(), 12U);
    EXPECT_EQ(told.unknown_runs, 0);
}

TEST_F(DriftOfAModel, NamesThePlatformThatBecameSlower) {
    const Dataset again = measured_again(*fleet_, 2, [](auto i) { return i == 4 ? 1.5 : 1.0; });
    const Drift told = drift(*model_, again).value();
    EXPECT_TRUE(told.drifted);
    for (const DriftGroup& group : told.platforms) {
        EXPECT_EQ(group.drifted, group.name == model_->platforms().names[4]) << group.name;
    }
    EXPECT_NEAR(told.platforms[4].factor, 1.5, 0.1);
}

TEST_F(DriftOfAModel, OfAPlatformIsPutUpWithWithinTheTolerance) {
    const Dataset again = measured_again(*fleet_, 2, [](auto i) { return i == 4 ? 1.5 : 1.0; });
    const Drift strict = drift(*model_, again, {.tolerance = 0.0}).value();
    const Drift lenient = drift(*model_, again, {.tolerance = 0.85}).value();
    ASSERT_EQ(strict.platforms.size(), lenient.platforms.size());
    EXPECT_TRUE(strict.platforms[4].drifted);
    for (std::size_t i = 0; i < strict.platforms.size(); ++i) {
        EXPECT_LE(strict.platforms[i].p, lenient.platforms[i].p);
        EXPECT_EQ(strict.platforms[i].within, lenient.platforms[i].within);
        EXPECT_FALSE(lenient.platforms[i].drifted);
    }
    EXPECT_GT(lenient.platforms[4].p, 100.0 * strict.platforms[4].p);
    // The fleet is promised its confidence in any case.
    for (std::size_t n = 0; n < strict.fleet.size(); ++n) {
        EXPECT_EQ(strict.fleet[n].p, lenient.fleet[n].p);
    }
}

TEST_F(DriftOfAModel, FasterRunsAreWithinAndShowInTheFactor) {
    const Dataset again = measured_again(*fleet_, 3, [](auto /*i*/) { return 0.5; });
    const Drift told = drift(*model_, again).value();
    EXPECT_FALSE(told.drifted);
    EXPECT_NEAR(told.fleet[0].factor, 0.5, 0.05);
    EXPECT_EQ(told.fleet[0].within, told.fleet[0].combinations);
}

TEST_F(DriftOfAModel, SaysWhichNamesItDoesNotKnow) {
    Dataset again = measured_again(*fleet_, 1, [](auto /*i*/) { return 1.0; });
    again.platforms.names[2] = "new";
    const Drift told = drift(*model_, again).value();
    EXPECT_EQ(told.unknown_platforms, std::vector<std::string>{"new"});
    EXPECT_GT(told.unknown_runs, 0);
    EXPECT_EQ(told.platforms.size(), 11U);
    for (std::string& name : again.modules.names) {
        name += "!";
    }
    EXPECT_EQ(drift(*model_, again).error().code(), ErrorCode::kInput);
    EXPECT_EQ(drift(*model_, *fleet_, {.confidence = 0.99999}).error().code(), ErrorCode::kInput);
    EXPECT_EQ(drift(*model_, *fleet_, {.confidence = 1.5}).error().code(), ErrorCode::kUsage);
    EXPECT_EQ(drift(*model_, *fleet_, {.tolerance = 0.95}).error().code(), ErrorCode::kUsage);
}

TEST_F(DriftOfAModel, DifferenceOfAModelFromItselfIsNone) {
    const ModelDifference told = difference(*model_, *model_).value();
    EXPECT_TRUE(told.configuration.empty());
    EXPECT_TRUE(told.same_dataset);
    EXPECT_EQ(told.all.factor, 1.0);
    EXPECT_EQ(told.all.size, 0.0);
    EXPECT_EQ(told.learned_first, told.learned_both);
    EXPECT_EQ(told.platforms.common, 12);
    EXPECT_TRUE(told.platforms.only_second.empty());
    EXPECT_EQ(told.all.pairs, 240);
}

TEST_F(DriftOfAModel, TheBetterOfTwoModelsIsNamed) {
    // Half of the fleet's pairs are kept from both.
    Dataset half = test::synthetic_dataset({.density = 0.5});
    FitConfig plain = preset("baseline/linear_scaling").value();
    FitConfig kernel = preset("kernel").value();
    kernel.model.kernel_steps = 20;
    const Predictor first = fit(half, plain).value();
    const Predictor second = fit(half, kernel).value();
    const Dataset all = test::synthetic_dataset({.density = 1.0});
    const ModelJudgement told = judge(first, second, all).value();
    EXPECT_EQ(told.better, 2);
    EXPECT_LT(told.all.second_error, told.all.first_error);
    EXPECT_LT(told.high, 0.0);
    EXPECT_GT(told.learned, 0);
    EXPECT_EQ(told.all.combinations + told.learned, 240);
    EXPECT_EQ(judge(second, first, all)->better, 1);
    // A model is no better than itself, and nothing is judged by runs learned from.
    EXPECT_EQ(judge(second, second, all)->better, 0);
    EXPECT_EQ(judge(first, second, half).error().code(), ErrorCode::kInput);
    // Platforms that one of both alone knows are counted, whichever it is.
    Dataset fewer = test::synthetic_dataset({.density = 0.5});
    for (const std::int32_t i : {2, 7}) {
        fewer.platforms.names[static_cast<std::size_t>(i)] += "!";
    }
    const Predictor lacking = fit(fewer, plain).value();
    const ModelJudgement of_first = judge(lacking, second, all).value();
    const ModelJudgement of_second = judge(second, lacking, all).value();
    EXPECT_EQ(of_first.unknown, 40);
    EXPECT_EQ(of_second.unknown, 40);
    EXPECT_EQ(of_first.all.combinations + of_first.learned, 200);
    EXPECT_EQ(of_second.all.combinations, of_first.all.combinations);
    const ModelDifference changed = difference(first, second, 0.9, 3).value();
    EXPECT_EQ(changed.largest.size(), 3U);
    EXPECT_GT(changed.size_90, changed.all.size);
    EXPECT_FALSE(changed.configuration.empty());
}

TEST_F(DriftOfAModel, IsNotJudgedByWhatAnOlderFileMayHaveLearnedFrom) {
    PredictorParts parts = predict::clone_parts(model_->parts());
    parts.measured.resize(1);
    const Predictor older(std::move(parts));
    ASSERT_EQ(older.evidence(0, 0, std::vector<std::int32_t>{1}), std::nullopt);
    const Dataset other = test::synthetic_dataset({.density = 1.0, .together = 900, .seed = 1});
    const ModelJudgement told = judge(*model_, *model_, other).value();
    const ModelJudgement cautious = judge(*model_, older, other).value();
    EXPECT_LT(cautious.all.combinations, told.all.combinations);
    EXPECT_EQ(cautious.all.combinations + cautious.learned, told.all.combinations + told.learned);
    for (const JudgedGroup& group : cautious.by_platform) {
        EXPECT_LE(group.combinations, 20);  // pairs alone
    }
}

}  // namespace
}  // namespace pitot
