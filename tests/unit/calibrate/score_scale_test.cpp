#include "calibrate/score_scale.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include "calibrate/ranks.hpp"
#include "core/key.hpp"

namespace pitot::calibrate {
namespace {

constexpr std::int32_t kPlatforms = 20;
constexpr std::int32_t kModules = 30;

// A row of each pair, `repeats` times: deviation(i, j) is what the model expects, spread(i, j, y) what comes.
ScoredRows rows_of(const std::function<double(std::int32_t, std::int32_t)>& deviation,
                   const std::function<double(std::int32_t, std::int32_t, double)>& spread, std::uint64_t seed,
                   int repeats = 4) {
    core::Stream stream(core::Key(seed).fold("rows"));
    ScoredRows rows;
    for (int repeat = 0; repeat < repeats; ++repeat) {
        for (std::int32_t i = 0; i < kPlatforms; ++i) {
            for (std::int32_t j = 0; j < kModules; ++j) {
                rows.platform.push_back(i);
                rows.module.push_back(j);
                rows.co_runners.push_back(0);
                rows.predicted.push_back(3.0 * stream.uniform());
                rows.deviation.push_back(deviation(i, j));
                rows.residual.push_back(spread(i, j, rows.predicted.back()) * stream.normal());
            }
        }
    }
    return rows;
}

double constant(std::int32_t /*i*/, std::int32_t /*j*/) { return 0.1; }
// Neither by platform nor by module.
double uneven(std::int32_t i, std::int32_t j) { return 0.02 * std::exp(0.2 * ((7 * i + 3 * j) % 11)); }

// Coverage of 90 % bounds on rows of some kind, with scores of others as calibration.
double coverage(const ScoreScale& scale, const ScoredRows& calibration, const ScoredRows& test,
                const std::function<bool(const ScoredRows&, std::size_t)>& wanted) {
    std::vector<double> scores;
    for (std::size_t n = 0; n < calibration.size(); ++n) {
        scores.push_back(calibration.score(scale, n));
    }
    std::ranges::sort(scores);
    const double margin = scores[static_cast<std::size_t>(conformal_rank(std::ssize(scores), 0.9) - 1)];
    double covered = 0.0;
    double all = 0.0;
    for (std::size_t n = 0; n < test.size(); ++n) {
        if (wanted(test, n)) {
            covered += test.score(scale, n) <= margin ? 1.0 : 0.0;
            all += 1.0;
        }
    }
    return covered / all;
}

TEST(ScoreScale, IsOneOfPlainResiduals) {
    const ScoreScale plain;
    EXPECT_TRUE(plain.plain());
    EXPECT_FALSE(plain.needs_deviation());
    EXPECT_EQ(plain(3, 4, 1.0, std::nan("")), 1.0);
}

TEST(ScoreScale, MultipliesFactorsOfKnownRowsAndGoesStraightBetweenKnots) {
    const ScoreScale scale({ScoreKind::kStandardised, {2.0, 3.0}, {5.0}, {0.0, 1.0, 3.0}, {1.0, 2.0, 6.0}});
    EXPECT_FALSE(scale.plain());
    EXPECT_DOUBLE_EQ(scale(0, 0, -1.0, 0.5), 0.5 * 2.0 * 5.0);
    EXPECT_DOUBLE_EQ(scale(1, -1, 0.5, 0.5), 0.5 * 3.0 * 1.5);
    EXPECT_DOUBLE_EQ(scale(-1, 7, 2.0, 0.5), 0.5 * 4.0) << "rows that the tables do not have";
    EXPECT_DOUBLE_EQ(scale(-1, -1, 9.0, 0.5), 0.5 * 6.0);
    EXPECT_TRUE(std::isnan(scale(0, 0, 0.0, std::nan(""))));
}

TEST(ScoreScale, OfResidualsGrowsWithDeviationsBeyondTheWidest) {
    ScaleTables tables;
    tables.platform = {2.0};
    tables.widest_deviation = 0.2;
    const ScoreScale scale(tables);
    EXPECT_FALSE(scale.plain());
    EXPECT_TRUE(scale.needs_deviation());
    EXPECT_DOUBLE_EQ(scale(0, 0, 1.0, 0.05), 2.0);
    EXPECT_DOUBLE_EQ(scale(0, 0, 1.0, 0.2), 2.0);
    EXPECT_DOUBLE_EQ(scale(0, 0, 1.0, 0.5), 5.0);
    EXPECT_TRUE(std::isnan(scale(0, 0, 1.0, std::nan(""))));
}

TEST(ChooseScale, OfResidualsTellsWhichDeviationsItHasNotSeen) {
    const auto same = [](std::int32_t, std::int32_t, double) { return 0.1; };
    const ScoredRows rows = rows_of(uneven, same, 2);
    const ScaleChoice choice = choose_scale(rows, kPlatforms, kModules);
    const double widest = choice.tables.widest_deviation;
    const auto wider = std::ranges::count_if(rows.deviation, [=](double s) { return s > widest; });
    EXPECT_GT(widest, 0.0);
    EXPECT_LE(wider, std::ssize(rows.deviation) / 100);
}

TEST(ChooseScale, TakesDeviationsThatTell) {
    const auto told = [](std::int32_t i, std::int32_t j, double /*y*/) { return uneven(i, j); };
    const ScaleChoice choice = choose_scale(rows_of(uneven, told, 1), kPlatforms, kModules);
    EXPECT_EQ(choice.tables.kind, ScoreKind::kStandardised);
    EXPECT_LT(choice.over_provisioning, 0.9 * choice.residual_over_provisioning);
    EXPECT_EQ(choice.rows, 4 * kPlatforms * kModules);
}

TEST(ChooseScale, LeavesDeviationsThatSayNothing) {
    const auto same = [](std::int32_t, std::int32_t, double) { return 0.1; };
    const ScaleChoice choice = choose_scale(rows_of(uneven, same, 2), kPlatforms, kModules);
    EXPECT_EQ(choice.tables.kind, ScoreKind::kResidual);
    EXPECT_TRUE(choice.tables.platform.empty()) << "nothing is uneven: no factors";
    EXPECT_EQ(choice.over_provisioning, choice.residual_over_provisioning);
}

TEST(ChooseScale, LearnsWhichPlatformsScatterMoreThanTheModelExpects) {
    const auto wild = [](std::int32_t i, std::int32_t, double) { return i < 4 ? 0.4 : 0.1; };
    const ScoredRows rows = rows_of(constant, wild, 3);
    const ScaleChoice choice = choose_scale(rows, kPlatforms, kModules);
    ASSERT_EQ(choice.tables.platform.size(), static_cast<std::size_t>(kPlatforms));
    EXPECT_GT(choice.tables.platform[0], 2.0 * choice.tables.platform[10]);
    const ScoredRows calibration = rows_of(constant, wild, 4);
    const ScoredRows test = rows_of(constant, wild, 5, 20);
    for (const bool is_wild : {false, true}) {
        const auto wanted = [&](const ScoredRows& r, std::size_t n) { return (r.platform[n] < 4) == is_wild; };
        EXPECT_NEAR(coverage(ScoreScale(choice.tables), calibration, test, wanted), 0.9, 0.04) << is_wild;
    }
    const auto of_wild = [](const ScoredRows& r, std::size_t n) { return r.platform[n] < 4; };
    EXPECT_LT(coverage(ScoreScale(), calibration, test, of_wild), 0.8) << "what the factors mend";
}

// Shrinkage of factors must not leave those short that have few rows.
TEST(ChooseScale, LeavesNoPlatformOfFewRowsFarShort) {
    const auto wild = [](std::int32_t i, std::int32_t, double) { return i < 2 ? 0.5 : 0.1; };
    const auto of_wild = [](const ScoredRows& r, std::size_t n) { return r.platform[n] < 2; };
    double covered = 0.0;
    constexpr int kDraws = 20;
    for (std::uint64_t draw = 0; draw < kDraws; ++draw) {
        const ScoredRows all = rows_of(constant, wild, 100 + draw);
        ScoredRows rows;
        for (std::size_t n = 0; n < all.size(); ++n) {
            if (all.platform[n] >= 2 || n % 4 == 0) {
                rows.add(all, n);
            }
        }
        const ScaleChoice choice = choose_scale(rows, kPlatforms, kModules);
        const ScoredRows calibration = rows_of(constant, wild, 200 + draw);
        covered += coverage(ScoreScale(choice.tables), calibration, rows_of(constant, wild, 300 + draw), of_wild);
    }
    EXPECT_GT(covered / kDraws, 0.84);
}

TEST(ChooseScale, LearnsWhichRuntimesScatterMore) {
    const auto slow = [](std::int32_t, std::int32_t, double y) { return y < 2.0 ? 0.05 : 0.2; };
    const ScaleChoice choice = choose_scale(rows_of(constant, slow, 6), kPlatforms, kModules);
    ASSERT_FALSE(choice.tables.knots.empty());
    const ScoredRows calibration = rows_of(constant, slow, 7);
    const ScoredRows test = rows_of(constant, slow, 8, 20);
    for (const double from : {0.0, 1.0, 2.4}) {
        const auto wanted = [&](const ScoredRows& r, std::size_t n) {
            return r.predicted[n] >= from && r.predicted[n] < from + 0.6;
        };
        EXPECT_NEAR(coverage(ScoreScale(choice.tables), calibration, test, wanted), 0.9, 0.04) << from;
    }
}

TEST(ChooseScale, HasNoFactorsOfFewRowsAndNoChoiceOfFewer) {
    const auto wild = [](std::int32_t i, std::int32_t, double) { return i < 4 ? 0.4 : 0.1; };
    EXPECT_TRUE(choose_scale(rows_of(constant, wild, 9, 1), kPlatforms, kModules).tables.platform.empty());
    ScoredRows few;
    const ScoredRows rows = rows_of(constant, wild, 9, 1);
    for (std::size_t n = 0; n < kLeastChoiceRows - 1; ++n) {
        few.add(rows, n);
    }
    const ScaleChoice choice = choose_scale(few, kPlatforms, kModules);
    EXPECT_EQ(choice.tables.kind, ScoreKind::kStandardised);
    EXPECT_EQ(choice.over_provisioning, 0.0);
}

TEST(ChooseScale, KeepsPoolsBesideOthersApart) {
    // Beside others everything is four times as wide, on every platform alike: no platform is to blame.
    ScoredRows rows = rows_of(
        constant, [](std::int32_t, std::int32_t, double) { return 0.1; }, 10);
    for (std::size_t n = 0; n < rows.size(); n += 2) {
        rows.co_runners[n] = 1;
        rows.residual[n] *= 4.0;
    }
    EXPECT_TRUE(choose_scale(rows, kPlatforms, kModules).tables.platform.empty());
}

}  // namespace
}  // namespace pitot::calibrate
