#include "models/folds/fold_mean.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <numeric>
#include <vector>

namespace pitot::models {
namespace {

double mean_of(std::vector<double> values, const ModelConfig& config = {}) { return FoldMean(config)(values); }

double plain(const std::vector<double>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

TEST(FoldMean, IsThePlainMeanOfFoldsThatAgree) {
    const std::vector<double> agree{1.01, 1.02, 0.99, 1.0, 1.03, 1.04, 0.98, 1.0, 1.01, 1.02};
    EXPECT_EQ(mean_of(agree), plain(agree));
    EXPECT_EQ(mean_of({3.0, 9.0}), 6.0) << "of two, neither is known to be wrong";
    EXPECT_EQ(mean_of({4.0}), 4.0);
    EXPECT_EQ(mean_of({}), 0.0);
}

TEST(FoldMean, DoesNotFollowOneWildFold) {
    EXPECT_NEAR(mean_of({1.0, 1.01, 0.99, 1.02, 0.98, 1.0, 1.01, 0.99, 1.0, 14.0}), 1.0, 0.03);
    EXPECT_NEAR(mean_of({1.0, 1.01, 0.99, 1.02, 0.98, 1.0, 1.01, 0.99, -12.0, 14.0}), 1.0, 0.03);
}

RC_GTEST_PROP(FoldMeanProperty, LiesAmongTheFoldsInAnyOrderAndMovesWithThem, ()) {
    auto values = *rc::gen::container<std::vector<double>>(
        7, rc::gen::map(rc::gen::inRange(-3000, 3000), [](int x) { return x / 1000.0; }));
    const double mean = mean_of(values);
    const auto [least, most] = std::ranges::minmax(values);
    RC_ASSERT(mean >= least - 1e-12 && mean <= most + 1e-12);
    auto turned = values;
    std::ranges::reverse(turned);
    RC_ASSERT(std::abs(mean_of(turned) - mean) < 1e-12);
    for (double& value : turned) {
        value += 2.0;
    }
    RC_ASSERT(std::abs(mean_of(turned) - mean - 2.0) < 1e-9);
}

TEST(FoldMean, TakesAnyNumberOfFolds) {
    std::vector<double> many(500, 1.0);
    many[7] = 1e6;
    EXPECT_NEAR(mean_of(many), 1.0, 0.01);
}

TEST(AnswerLimits, GrowWithMoreCoRunnersThanWereMeasured) {
    AnswerLimits limits;
    EXPECT_EQ(limits.slowdown(50.0, 3), 50.0);
    EXPECT_EQ(limits.learned(-50.0), -50.0);
    limits = {.least = -1.0, .most = 2.0, .least_slowdown = -0.1, .most_slowdown = 2.4, .co_runners = 2};
    EXPECT_EQ(limits.learned(-50.0), -1.0);
    EXPECT_EQ(limits.learned(3.0), 2.0);
    EXPECT_EQ(limits.slowdown(4.6, 1), 2.4);
    EXPECT_EQ(limits.slowdown(4.6, 2), 2.4);
    EXPECT_DOUBLE_EQ(limits.slowdown(4.6, 3), 3.6);
    EXPECT_EQ(limits.slowdown(0.3, 3), 0.3);
}

}  // namespace
}  // namespace pitot::models
