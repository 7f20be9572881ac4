// Prepared answers are those of the folds, whatever a model is and however it is asked.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "models/folds/fold_mean.hpp"
#include "models/folds/fold_model.hpp"
#include "models/folds/pair_answers.hpp"
#include "models/scale.hpp"
#include "pitot/predictor.hpp"
#include "support/random_model.hpp"

namespace pitot::models {
namespace {

using Indices = std::vector<std::int32_t>;
using test::random_model;
using test::random_parts;
using test::random_rows;

constexpr TableLimits kNoTable{0.0, 0};
// Folds answer in float, and these tests subtract two of their answers.
constexpr double kTolerance = 2e-5;

// A preset with its learned part as large as the baseline.
FitConfig loud(const std::string& name) {
    FitConfig config = preset(name).value();
    config.model.alpha = 0.05;
    config.model.beta = 0.1;
    if (config.model.family == Family::kFactorization) {
        config.model.layers.back() = std::min<std::int64_t>(config.model.layers.back(), 24);
    }
    return config;
}

struct Rows {
    Rows(std::size_t count, std::int64_t platforms, std::int64_t modules, std::int32_t room)
        : platform(random_rows(count, platforms, core::Key(5))),
          module(random_rows(count, modules, core::Key(6))),
          co_runner(random_rows(count * static_cast<std::size_t>(room), modules, core::Key(7), -1)),
          width(room) {
        // Holes anywhere, and rows without any co-runner.
        for (std::size_t n = 0; n < co_runner.size(); n += 5) {
            co_runner[n] = -1;
        }
        std::fill_n(co_runner.begin(), width, -1);
    }
    [[nodiscard]] Query query() const { return {platform, module, co_runner, width}; }
    [[nodiscard]] PairQuery pairs() const { return {platform, module, co_runner, width}; }
    [[nodiscard]] std::span<const std::int32_t> beside(std::size_t n) const {
        const auto w = static_cast<std::size_t>(width);
        return std::span(co_runner).subspan(n * w, w);
    }

    Indices platform, module, co_runner;
    std::int32_t width;
};

// The definition: over the folds, what a pair has alone and what its co-runners add, each by FoldMean.
std::vector<double> of_folds(const FoldedParts& parts, const Side& platforms, const Side& modules, const Rows& rows) {
    const Indices nobody(rows.co_runner.size(), -1);
    const FoldMean mean(parts.config);
    const std::size_t count = rows.platform.size();
    std::vector<std::vector<double>> alone, beside;
    for (const train::FoldFit& fold : parts.folds) {
        const FoldModel model(parts.config, platforms, modules, parts.baseline, fold.parameters);
        model.predict({rows.platform, rows.module, nobody, rows.width}, alone.emplace_back(count));
        model.predict(rows.pairs(), beside.emplace_back(count));
    }
    std::vector<double> y(count);
    for (std::size_t n = 0; n < count; ++n) {
        y[n] = parts.config.baseline ? parts.baseline(rows.platform[n], rows.module[n]) : 0.0;
        std::vector<double> learned, slowdown;
        for (std::size_t f = 0; f < alone.size(); ++f) {
            learned.push_back(parts.limits.learned(alone[f][n] - y[n]));
            slowdown.push_back(beside[f][n] - alone[f][n]);
        }
        const auto others = std::ranges::count_if(rows.beside(n), [](std::int32_t k) { return k >= 0; });
        y[n] += mean(learned) + parts.limits.slowdown(mean(slowdown), static_cast<int>(others));
    }
    return y;
}

void expect_near(const std::vector<double>& got, const std::vector<double>& want, const std::string& what) {
    for (std::size_t n = 0; n < want.size(); ++n) {
        EXPECT_NEAR(got[n], want[n], kTolerance * (1.0 + std::abs(want[n]))) << what << ", row " << n;
    }
}

std::vector<double> of_folds(const test::RandomModel& model, const Rows& rows) {
    return of_folds(model.parts, model.platforms, model.modules, rows);
}

PairAnswers answers_of(const test::RandomModel& model, const TableLimits& limits = {}) {
    return PairAnswers(model.parts, model.platforms, model.modules, limits);
}

class Answers : public testing::TestWithParam<const char*> {};

TEST_P(Answers, AreTheMeanOfTheFolds) {
    const test::RandomModel model = random_model(loud(GetParam()));
    for (const std::int32_t width : {0, 1, 2, 3}) {
        const Rows rows(400, 12, 20, width);
        const std::vector<double> want = of_folds(model, rows);
        for (const TableLimits& limits : {TableLimits{}, kNoTable}) {
            const PairAnswers answers = answers_of(model, limits);
            EXPECT_EQ(answers.is_table(), limits.bytes > 0);
            std::vector<double> got(want.size());
            std::unique_ptr<ModelScratch> scratch;
            answers.predict(rows.pairs(), got, scratch);
            expect_near(got, want, std::string(GetParam()) + (answers.is_table() ? " by table" : " by factors"));
        }
    }
}

TEST_P(Answers, StayWithinTheirLimits) {
    test::RandomModel model = random_model(loud(GetParam()));
    model.parts.limits = {.least = -0.1, .most = 0.2, .least_slowdown = 0.0, .most_slowdown = 0.3, .co_runners = 1};
    const Rows rows(300, 12, 20, 2);
    const std::vector<double> want = of_folds(model, rows);
    for (const TableLimits& limits : {TableLimits{}, kNoTable}) {
        std::vector<double> got(want.size());
        std::unique_ptr<ModelScratch> scratch;
        answers_of(model, limits).predict(rows.pairs(), got, scratch);
        expect_near(got, want, GetParam());
    }
}

TEST_P(Answers, DoNotDependOnTheRowsBeside) {
    const test::RandomModel model = random_model(loud(GetParam()));
    const Rows rows(300, 12, 20, 2);
    for (const TableLimits& limits : {TableLimits{}, kNoTable}) {
        const PairAnswers answers = answers_of(model, limits);
        std::unique_ptr<ModelScratch> scratch;
        std::vector<double> together(rows.platform.size());
        answers.predict(rows.pairs(), together, scratch);
        for (std::size_t n = 0; n < together.size(); ++n) {
            double alone = 0.0;
            answers.predict({{&rows.platform[n], 1}, {&rows.module[n], 1}, rows.beside(n), 2}, {&alone, 1}, scratch);
            EXPECT_EQ(alone, together[n]) << GetParam() << ", row " << n;
        }
    }
}

TEST(ScalingAnswers, AreASpeedAndASize) {
    const test::RandomModel model = random_model("baseline/linear_scaling");
    const Predictor predictor(random_parts(model));
    const Rows rows(50, 12, 20, 2);
    const Predictions answer = predictor.predict(rows.query()).value();
    for (std::size_t n = 0; n < rows.platform.size(); ++n) {
        EXPECT_NEAR(to_log({answer.runtime_us[n]}).value, model.parts.baseline(rows.platform[n], rows.module[n]),
                    1e-12);
    }
}

TEST_P(Answers, OfAddedRowsAreTheMeanOfTheFolds) {
    const Predictor predictor(random_parts(loud(GetParam())));
    const Side platforms = test::synthetic_side("new_platform", 0, 5, core::Key(8));
    Side modules = test::synthetic_side("new_module", 3, 5, core::Key(9));
    modules.feature_names = predictor.modules().feature_names;
    const auto more = predictor.with_rows(platforms, modules);
    if (!more) {
        EXPECT_FALSE(predictor.config().model.module_features) << more.error().to_string();
        return;
    }
    const Rows rows(200, 12, 23, 2);
    const Predictions answer = more->predict(rows.query()).value();
    const std::vector<double> want =
        of_folds(test::folded_parts(more->parts()), more->platforms(), more->modules(), rows);
    const Scale scale(predictor.config().model);
    for (std::size_t n = 0; n < want.size(); ++n) {
        const double least = scale.target(scale.runtime_us(want[n]));
        EXPECT_NEAR(scale.target(answer.runtime_us[n]), least, kTolerance * (1.0 + std::abs(least))) << GetParam();
    }
}

INSTANTIATE_TEST_SUITE_P(Presets, Answers,
                         testing::Values("embedding/128", "features/0", "linear/32", "paragon/32", "interference/1",
                                         "interference/2", "interference/4", "interference/ignore", "interference3/2",
                                         "baseline/non_baseline", "baseline/platform_only", "baseline/module_only",
                                         "baseline/mlp", "baseline/device_mlp"));

TEST(AnswersOfInterference, FeelCoRunners) {
    const PairAnswers answers = answers_of(random_model(loud("interference/2")));
    const Rows rows(50, 12, 20, 2);
    const Indices nobody(rows.co_runner.size(), -1);
    std::unique_ptr<ModelScratch> scratch;
    std::vector<double> beside(50), alone(50);
    answers.predict(rows.pairs(), beside, scratch);
    answers.predict({rows.platform, rows.module, nobody, 2}, alone, scratch);
    double largest = 0.0;
    for (std::size_t n = 0; n < alone.size(); ++n) {
        largest = std::max(largest, std::abs(beside[n] - alone[n]));
    }
    EXPECT_GT(largest, 0.1);
}

// A predictor of each kind of source: a table, factors of a fleet too large for one, folds of a network.
struct Kind {
    const char* name;
    test::RandomModel model;
    std::int64_t platforms, modules;
};

std::vector<Kind> kinds() {
    FitConfig factors = loud("interference/2");
    factors.model.layers = {8, 32};
    std::vector<Kind> list;
    list.push_back({"table", random_model(loud("interference/2")), 12, 20});
    list.push_back({"factors", random_model(factors, {2'000, 1'000, 5, 5, 3}), 2'000, 1'000});
    list.push_back({"network", random_model(loud("baseline/mlp"), {174, 176, 5, 5, 3}), 174, 176});
    return list;
}

TEST(PredictorAnswers, AreTheSameHoweverTheyAreAskedFor) {
    const std::vector<double> confidences{0.5, 0.9};
    for (const Kind& kind : kinds()) {
        EXPECT_EQ(answers_of(kind.model).is_table(), std::string(kind.name) == "table");
        const Predictor predictor(random_parts(kind.model));
        const Rows rows(600, kind.platforms, kind.modules, 2);
        const Predictions all = predictor.predict(rows.query(), confidences).value();
        PredictScratch scratch;
        for (std::size_t n = 0; n < rows.platform.size(); ++n) {
            const Prediction one =
                predictor.predict_pair(rows.platform[n], rows.module[n], 0.9, rows.beside(n), &scratch).value();
            ASSERT_EQ(one.runtime_us, all.runtime_us[n]) << kind.name;
            ASSERT_EQ(one.bound_us, all.bound_us(static_cast<std::int64_t>(n), 1)) << kind.name;
            ASSERT_EQ(one.basis, all.basis[n]);
        }
    }
}

TEST(PredictorAnswers, AreTheSameOnManyThreads) {
    const std::vector<double> confidence{0.9};
    for (const Kind& kind : kinds()) {
        const Predictor predictor(random_parts(kind.model));
        const Rows rows(500, kind.platforms, kind.modules, 3);
        const Predictions expected = predictor.predict(rows.query(), confidence).value();
        std::vector<int> differences(4);
        {
            std::vector<std::jthread> threads;
            for (int& different : differences) {
                threads.emplace_back([&] {
                    PredictScratch scratch;
                    std::vector<double> runtime_us(500);
                    Matrix<double> bound_us(500, 1);
                    for (int round = 0; round < 3; ++round) {
                        const auto done = predictor.predict_into(rows.query(), confidence,
                                                                 {runtime_us, bound_us.view(), {}}, &scratch);
                        different += done && runtime_us == expected.runtime_us &&
                                             std::ranges::equal(bound_us.flat(), expected.bound_us.flat())
                                         ? 0
                                         : 1;
                        for (std::size_t n = 0; n < rows.platform.size(); n += 7) {
                            const auto one =
                                predictor.predict_pair(rows.platform[n], rows.module[n], {}, rows.beside(n), &scratch);
                            different += one && one->runtime_us == expected.runtime_us[n] ? 0 : 1;
                        }
                    }
                });
            }
        }
        EXPECT_EQ(differences, std::vector<int>(4)) << kind.name;
    }
}

TEST(PredictorAnswers, WantSpansThatFit) {
    const Predictor predictor(random_parts("linear/32"));
    const Rows rows(3, 12, 20, 0);
    const std::vector<double> confidences{0.5, 0.9};
    std::vector<double> three(3), two(2);
    Matrix<double> bounds(3, 2), narrow(3, 1);
    std::vector<Basis> bases(3), few(1);
    EXPECT_TRUE(predictor.predict_into(rows.query(), confidences, {three, bounds.view(), bases}));
    EXPECT_TRUE(predictor.predict_into(rows.query(), {}, {three, {}, {}}));
    for (const PredictionSpans& out :
         {PredictionSpans{two, bounds.view(), bases}, PredictionSpans{three, narrow.view(), bases},
          PredictionSpans{three, bounds.view(), few}}) {
        const auto refused = predictor.predict_into(rows.query(), confidences, out);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code(), ErrorCode::kUsage);
        EXPECT_NE(refused.error().message().find("do not fit"), std::string::npos);
    }
}

TEST(PredictorAnswers, OfOnePairSayWhatIsWrong) {
    const Predictor predictor(random_parts("linear/32"));
    EXPECT_TRUE(std::isnan(predictor.predict_pair(0, 0).value().bound_us));
    EXPECT_GT(predictor.predict_pair(0, 0, 0.99).value().bound_us, predictor.predict_pair(0, 0).value().runtime_us);
    EXPECT_EQ(predictor.predict_pair(12, 0).error().code(), ErrorCode::kUsage);
    EXPECT_EQ(predictor.predict_pair(0, 0, 1.5).error().code(), ErrorCode::kUsage);
    EXPECT_TRUE(std::isnan(predictor.predict_pair(0, 0, 0.9999).value().bound_us));
    const Indices beyond{20};
    EXPECT_EQ(predictor.predict_pair(0, 0, {}, beyond).error().code(), ErrorCode::kUsage);
}

}  // namespace
}  // namespace pitot::models
