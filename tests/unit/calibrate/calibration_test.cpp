#include "calibrate/calibration.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

namespace pitot::calibrate {
namespace {

std::vector<double> one_to(int n) {
    std::vector<double> values(static_cast<std::size_t>(n));
    std::iota(values.rbegin(), values.rend(), 1.0);  // descending: the constructor has to sort
    return values;
}

TEST(ConformalRank, IsTheCeilingOfTheProduct) {
    EXPECT_EQ(conformal_rank(9, 0.9), 9);
    EXPECT_EQ(conformal_rank(10, 0.9), 10);
    EXPECT_EQ(conformal_rank(8, 0.9), 9);  // more than there are
    EXPECT_EQ(conformal_rank(99, 0.99), 99);
    EXPECT_EQ(conformal_rank(1, 0.5), 1);
    EXPECT_EQ(conformal_rank(4, 0.5), 3);
    EXPECT_EQ(conformal_rank(0, 1e-9), 1);
}

TEST(ConformalRank, DoesNotTripOverRounding) {
    // (n + 1) c is meant to be the whole number (n + 1) percent / 100; the product of doubles is often a little more.
    int above = 0;
    for (std::int64_t percent = 1; percent < 100; ++percent) {
        const double confidence = static_cast<double>(percent) / 100.0;
        for (std::int64_t n = 99; n < 200000; n += 100) {
            const std::int64_t whole = (n + 1) / 100 * percent;
            above += static_cast<double>(n + 1) * confidence > static_cast<double>(whole) ? 1 : 0;
            ASSERT_EQ(conformal_rank(n, confidence), whole) << n << ' ' << confidence;
        }
    }
    EXPECT_GT(above, 0) << "this test is about products that exceed the whole number";
    // A confidence that is itself the result of a subtraction.
    EXPECT_EQ(conformal_rank(9, 1.0 - 0.1), 9);
    EXPECT_EQ(conformal_rank(19, 1.0 - 0.05), 19);
}

TEST(CalibrationRowsNeeded, IsTheLeastNumberThatSuffices) {
    EXPECT_EQ(calibration_rows_needed(0.5), 1);
    EXPECT_EQ(calibration_rows_needed(0.9), 9);
    EXPECT_EQ(calibration_rows_needed(0.95), 19);
    EXPECT_EQ(calibration_rows_needed(0.99), 99);
    EXPECT_EQ(calibration_rows_needed(0.999), 999);
    EXPECT_EQ(calibration_rows_needed(0.01), 1);
    for (int i = 1; i < 1000; ++i) {
        const double confidence = i / 1000.0;
        const std::int64_t n = calibration_rows_needed(confidence);
        EXPECT_LE(conformal_rank(n, confidence), n) << confidence;
        EXPECT_TRUE(n == 1 || conformal_rank(n - 1, confidence) > n - 1) << confidence;
    }
}

TEST(CalibrationRowsNeeded, IsFoundAtOnceForConfidencesNextToOne) {
    EXPECT_NEAR(static_cast<double>(calibration_rows_needed(1 - 1e-9)), 1e9, 1e3);
    for (const double confidence : {1 - 1e-12, 1 - 1e-14, std::nextafter(1.0, 0.0)}) {
        const std::int64_t n = calibration_rows_needed(confidence);
        EXPECT_LE(conformal_rank(n, confidence), n) << confidence;
        EXPECT_GT(conformal_rank(n - 1, confidence), n - 1) << confidence;
    }
    EXPECT_EQ(calibration_rows_needed(std::numeric_limits<double>::denorm_min()), 1);
}

TEST(Calibration, MarginIsTheRankedResidual) {
    const Calibration calibration({one_to(9), {}});
    EXPECT_EQ(calibration.margin(0, 0.9).value(), 9.0);
    EXPECT_EQ(calibration.margin(0, 0.8).value(), 8.0);
    EXPECT_EQ(calibration.margin(0, 0.81).value(), 9.0);
    EXPECT_EQ(calibration.margin(0, 0.05).value(), 1.0);
}

TEST(Calibration, KeepsPoolsApart) {
    const Calibration calibration({one_to(9), std::vector<double>(20, 100.0)});
    EXPECT_EQ(calibration.margin(0, 0.9).value(), 9.0);
    EXPECT_EQ(calibration.margin(1, 0.9).value(), 100.0);
}

TEST(Calibration, NamesTheNumberOfRowsNeeded) {
    const Calibration calibration({one_to(50), {}});
    const auto few = calibration.margin(0, 0.99);
    ASSERT_FALSE(few);
    EXPECT_EQ(few.error().code(), ErrorCode::kInput);
    EXPECT_NE(few.error().message().find("at least 99 combinations"), std::string::npos) << few.error().message();
    EXPECT_NE(few.error().message().find("there are 50"), std::string::npos) << few.error().message();

    const auto none = calibration.margin(1, 0.9);
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code(), ErrorCode::kInput);
    EXPECT_NE(none.error().message().find("at least 9 combinations with co-runners"), std::string::npos);
    EXPECT_NE(none.error().message().find("there are none"), std::string::npos) << none.error().message();
}

TEST(Calibration, RefusesConfidencesOutsideTheOpenInterval) {
    const Calibration calibration({one_to(50), {}});
    for (const double confidence : {0.0, 1.0, -0.5, 1.5, std::nan("")}) {
        const auto margin = calibration.margin(0, confidence);
        ASSERT_FALSE(margin) << confidence;
        EXPECT_EQ(margin.error().code(), ErrorCode::kUsage);
    }
}

TEST(PoolOf, IsTheNumberOfCoRunnersOrTheLast) {
    const std::vector<std::int32_t> none{-1, -1};
    const std::vector<std::int32_t> one{-1, 0};
    const std::vector<std::int32_t> two{3, 0};
    EXPECT_EQ(pool_of({}, 2), 0U);
    EXPECT_EQ(pool_of(none, 2), 0U);
    EXPECT_EQ(pool_of(one, 2), 1U);
    EXPECT_EQ(pool_of(two, 2), 1U);
    EXPECT_EQ(pool_of(two, 3), 2U);
    EXPECT_EQ(pool_of(two, 1), 0U);
}

TEST(Calibration, HasNoMarginOfAPoolThatDoesNotExist) {
    EXPECT_FALSE(Calibration({one_to(9), one_to(9)}).margin(2, 0.5));
    EXPECT_TRUE(std::isnan(Calibration().margin_or(0, 0.5, std::nan(""))));
}

using Kind = PoolKey::Kind;

ScorePool pool_of_scores(PoolKey key, std::string name, std::vector<double> scores,
                         ScoreSource source = ScoreSource::kSetAside) {
    const std::int64_t units = std::ssize(scores);
    return {key, std::move(name), std::move(scores), units, source};
}

TEST(Calibration, FallsBackFromNarrowPoolsToWideOnesThatAreNamed) {
    CalibrationParts parts;
    parts.pools = {
        pool_of_scores({Kind::kDataset, 0, 0}, "alone", one_to(99)),
        pool_of_scores({Kind::kDataset, 1, 0}, "with co-runners", one_to(40)),
        pool_of_scores({Kind::kCount, 2, 0}, "two co-runners", std::vector<double>(12, 50.0)),
        pool_of_scores({Kind::kLeaveOneOut, 0, 0}, "alone, learned from", one_to(1000), ScoreSource::kLeaveOneOut)};
    const Calibration calibration(std::move(parts));
    EXPECT_FALSE(calibration.plain());
    EXPECT_EQ(calibration.pools(), 2U);

    const PoolChain two = calibration.chain({.co_runners = 2});
    EXPECT_EQ(calibration.pool(calibration.upper(two, 0.9).pool).name, "two co-runners");
    const Margin wider = calibration.upper(two, 0.95);
    EXPECT_EQ(calibration.pool(wider.pool).name, "with co-runners");
    EXPECT_EQ(wider.score, 50.0) << "no less than what the narrower pool has seen";
    EXPECT_EQ(calibration.upper(two, 0.99).pool, -1);
    const auto none = calibration.check(two, 0.99);
    ASSERT_FALSE(none);
    EXPECT_NE(none.error().message().find("at least 99 combinations with co-runners set aside, and there are 40"),
              std::string::npos)
        << none.error().message();

    const PoolChain alone = calibration.chain({});
    EXPECT_EQ(calibration.upper(alone, 0.99).pool, 0);
    EXPECT_EQ(calibration.pool(calibration.upper(alone, 0.999).pool).source, ScoreSource::kLeaveOneOut);
    EXPECT_EQ(calibration.upper(alone, 0.999).score, 1000.0);
}

TEST(Calibration, OfNewRowsNeedsAsManyOfThemAsTheConfidenceDoes) {
    CalibrationParts parts;
    ScorePool module = pool_of_scores({Kind::kNew, 1, 0}, "new module", one_to(500), ScoreSource::kHeldOut);
    module.units = 10;
    parts.pools = {pool_of_scores({Kind::kDataset, 0, 0}, "alone", one_to(99)), module};
    const Calibration calibration(std::move(parts));
    const PoolChain chain = calibration.chain({.newness = Newness::kModule});
    EXPECT_EQ(calibration.upper(chain, 0.9).score, 451.0) << "the rank among the rows";
    EXPECT_EQ(calibration.upper(chain, 0.95).pool, -1) << "ten modules say nothing of one in twenty";
    const auto few = calibration.check(chain, 0.95);
    ASSERT_FALSE(few);
    EXPECT_NE(few.error().message().find("for a new module needs at least 19 that were measured, and there are 10"),
              std::string::npos)
        << few.error().message();
    EXPECT_TRUE(calibration.chain({.newness = Newness::kPlatform}).empty());
    EXPECT_TRUE(calibration.chain({.co_runners = 1, .newness = Newness::kModule}).empty());
    EXPECT_TRUE(Calibration().chain({.newness = Newness::kModule}).empty());
}

TEST(Calibration, OfGroupsIsThatOfTheWholeWhereTheyAreSmall) {
    CalibrationParts parts;
    parts.pools = {pool_of_scores({Kind::kDataset, 0, 0}, "alone", one_to(99)),
                   pool_of_scores({Kind::kGroup, 0, 0}, "alone on a", std::vector<double>(20, 200.0)),
                   pool_of_scores({Kind::kGroup, 0, 2}, "alone on c", {-5.0})};
    parts.grouping.platform_group = {0, 1, 2};
    const Calibration calibration(std::move(parts));
    const auto name = [&](std::int32_t platform) {
        const std::int32_t group = calibration.parts().grouping(platform, 0.0);
        return calibration.pool(calibration.upper(calibration.chain({.group = group}), 0.9).pool).name;
    };
    EXPECT_EQ(name(0), "alone on a");
    EXPECT_EQ(name(1), "alone") << "no row of it was set aside";
    EXPECT_EQ(name(2), "alone") << "one row is too few";
    EXPECT_EQ(name(3), "alone") << "appended";
    const Grouping tenths{{}, {1.0, 2.0}};
    EXPECT_EQ(tenths(0, 0.5), 0);
    EXPECT_EQ(tenths(0, 1.5), 1);
    EXPECT_EQ(tenths(0, 9.0), 2);
}

TEST(Calibration, LowerBoundsMirrorUpperOnes) {
    CalibrationParts parts;
    parts.pools = {pool_of_scores({Kind::kDataset, 0, 0}, "alone", one_to(19))};
    const Calibration calibration(std::move(parts));
    const PoolChain chain = calibration.chain({});
    EXPECT_EQ(calibration.upper(chain, 0.95).score, 19.0);
    EXPECT_EQ(calibration.lower(chain, 0.95).score, 1.0);
    EXPECT_EQ(calibration.lower(chain, 0.9).score, 2.0);
    EXPECT_EQ(calibration.lower(chain, 0.99).pool, -1);
}

}  // namespace
}  // namespace pitot::calibrate
