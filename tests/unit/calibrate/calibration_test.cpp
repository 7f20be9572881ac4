#include "calibrate/calibration.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
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

}  // namespace
}  // namespace pitot::calibrate
