#include "pitot/predictor.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <thread>

#include "../../support/synthetic.hpp"
#include "pitot/fit.hpp"
#include "predict/describe_model.hpp"
#include "predict/parts.hpp"

namespace pitot::predict {
namespace {

using test::quick_config;
using test::synthetic_dataset;

using Indices = std::vector<std::int32_t>;

const Dataset& dataset() {
    static const Dataset kDataset = synthetic_dataset({.modules = 30, .noise = 0.05});
    return kDataset;
}

const Predictor& predictor() {
    static const Predictor kPredictor = [] {
        FitConfig config = quick_config();
        config.calibration_share = 0.2;
        return fit(dataset(), config).value();
    }();
    return kPredictor;
}

TEST(Predictor, AddsTheMarginToThePoint) {
    const Indices platform{0, 1, 2};
    const Indices module{5, 4, 3};
    const std::vector<double> confidences{0.5, 0.9};
    const Predictions answer = predictor().predict({platform, module, {}, 0}, confidences).value();
    for (std::int64_t i = 0; i < 3; ++i) {
        for (std::size_t c = 0; c < 2; ++c) {
            const double margin = predictor().parts().calibration.margin(kAlone, confidences[c]).value();
            const double point = answer.runtime_us[static_cast<std::size_t>(i)];
            EXPECT_NEAR(std::log(answer.bound_us(i, static_cast<std::int64_t>(c)) / point), margin, 1e-12);
        }
        EXPECT_LT(answer.bound_us(i, 0), answer.bound_us(i, 1));
        EXPECT_EQ(answer.basis[static_cast<std::size_t>(i)], Basis::kMeasured);
    }
}

TEST(Predictor, AnswersWithoutBoundsAndWithoutRows) {
    const Indices one{0};
    EXPECT_EQ(predictor().predict({one, one, {}, 0}).value().bound_us.cols(), 0);
    const std::vector<double> confidence{0.9};
    EXPECT_TRUE(predictor().predict({}, confidence).value().runtime_us.empty());
}

TEST(Predictor, RefusesQueriesItCannotAnswer) {
    const auto expect_refusal = [](const Result<Predictions>& answer, ErrorCode code, const char* text) {
        ASSERT_FALSE(answer);
        EXPECT_EQ(answer.error().code(), code);
        EXPECT_NE(answer.error().message().find(text), std::string::npos) << answer.error().message();
    };
    const Indices zero{0};
    const Indices two{0, 1};
    const Indices negative{-1};
    const Indices large{30};
    const std::vector<double> certain{1.0};
    const std::vector<double> very{0.9999};
    expect_refusal(predictor().predict({zero, two, {}, 0}), ErrorCode::kUsage, "as many modules");
    expect_refusal(predictor().predict({zero, zero, zero, 2}), ErrorCode::kUsage, "2 co-runners");
    expect_refusal(predictor().predict({negative, zero, {}, 0}), ErrorCode::kUsage, "platform number -1");
    expect_refusal(predictor().predict({zero, large, {}, 0}), ErrorCode::kUsage, "module number 30");
    expect_refusal(predictor().predict({zero, zero, large, 1}), ErrorCode::kUsage, "module number 30");
    expect_refusal(predictor().predict({zero, zero, {}, 0}, certain), ErrorCode::kUsage, "between 0 and 1");
    // Bounds that cannot be had leave the point.
    const Predictions points = predictor().predict({zero, zero, {}, 0}, very).value();
    EXPECT_GT(points.runtime_us[0], 0.0);
    EXPECT_TRUE(std::isnan(points.bound_us(0, 0)));
    EXPECT_NE(predictor().check_bound(0, 0.9999).error().message().find("at least 9999 combinations"),
              std::string::npos);
    const std::vector<double> half{0.5};
    EXPECT_TRUE(std::isnan(predictor().predict({zero, zero, zero, 1}, half).value().bound_us(0, 0)));
    EXPECT_NE(predictor().check_bound(1, 0.5).error().message().find("with co-runners"), std::string::npos);
    // No co-runner in any of the room there is for them: a row alone.
    EXPECT_FALSE(std::isnan(predictor().predict({zero, zero, negative, 1}, half).value().bound_us(0, 0)));
}

TEST(Predictor, FindsNamesAndSuggestsOthers) {
    EXPECT_EQ(predictor().find_platform("platform10").value(), 10);
    EXPECT_EQ(predictor().find_module("module29").value(), 29);
    const auto unknown = predictor().find_module("modul29");
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().code(), ErrorCode::kInput);
    EXPECT_NE(unknown.error().message().find("'module29'"), std::string::npos);
    EXPECT_FALSE(predictor().find_platform(""));
    EXPECT_FALSE(predictor().find_platform("module1"));
}

TEST(Predictor, KnowsWhatWasMeasured) {
    std::int64_t pairs = 0;
    std::vector<bool> seen(static_cast<std::size_t>(12 * 30));
    for (std::size_t row = 0; row < dataset().pool(kAlone).runtime_us.size(); ++row) {
        seen[static_cast<std::size_t>(dataset().pool(kAlone).platform[row] * 30 + dataset().pool(kAlone).module[row])] =
            true;
    }
    for (std::int32_t i = 0; i < 12; ++i) {
        for (std::int32_t j = 0; j < 30; ++j) {
            EXPECT_EQ(predictor().measured(i, j), seen[static_cast<std::size_t>(i * 30 + j)]) << i << ' ' << j;
            pairs += predictor().measured(i, j) ? 1 : 0;
        }
    }
    EXPECT_EQ(predictor().measured_pairs(), pairs);
    EXPECT_LT(pairs, 12 * 30);
}

TEST(Predictor, IsSafeToUseFromManyThreads) {
    Indices platform(2000);
    Indices module(2000);
    for (std::size_t i = 0; i < platform.size(); ++i) {
        platform[i] = static_cast<std::int32_t>(i % 12);
        module[i] = static_cast<std::int32_t>(i % 30);
    }
    const auto expected = predictor().predict({platform, module, {}, 0}).value().runtime_us;
    std::vector<std::vector<double>> answers(4);
    {
        std::vector<std::jthread> threads;
        for (auto& answer : answers) {
            threads.emplace_back([&] { answer = predictor().predict({platform, module, {}, 0}).value().runtime_us; });
        }
    }
    for (const auto& answer : answers) {
        EXPECT_EQ(answer, expected);
    }
}

TEST(DescribeModel, TellsWhatMatters) {
    const std::string text = describe_model(predictor(), 12);
    for (const char* part :
         {"embedding/32", "platforms: 12, 5 features", "modules: 30, 5 features", "3 folds", "co-runners: ignored",
          "calibration with co-runners: none", predictor().dataset_digest().c_str()}) {
        EXPECT_NE(text.find(part), std::string::npos) << part << " in\n" << text;
    }
    EXPECT_NE(describe_model_json(predictor()).find("\"calibration_rows\""), std::string::npos);
}

}  // namespace
}  // namespace pitot::predict
