// The promise of split conformal prediction on exchangeable synthetic data.
//
// Exact target: with n calibration residuals and one more from the same continuous distribution, the chance that the
// latter does not exceed the ceil((n + 1) c)-th smallest of the former is ceil((n + 1) c) / (n + 1). With ties it is at
// least that. A draw here is a calibration set and a batch of test residuals; draws are independent, so the mean
// coverage over them has the standard error that their spread says.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "calibrate/calibration.hpp"
#include "core/key.hpp"

namespace pitot {
namespace {

constexpr int kDraws = 4000;
constexpr int kTestRows = 25;

struct Coverage {
    double mean = 0.0;
    double standard_error = 0.0;
};

template <typename Residual>
Coverage measure(std::int64_t n, double confidence, core::Key key, Residual residual) {
    double sum = 0.0;
    double squares = 0.0;
    for (int draw = 0; draw < kDraws; ++draw) {
        core::Stream stream(key.fold(static_cast<std::uint64_t>(draw)));
        std::vector<double> rows(static_cast<std::size_t>(n));
        std::ranges::generate(rows, [&] { return residual(stream); });
        const double margin = calibrate::Calibration({rows, {}}).margin(0, confidence).value();
        int covered = 0;
        for (int i = 0; i < kTestRows; ++i) {
            covered += residual(stream) <= margin ? 1 : 0;
        }
        const double share = static_cast<double>(covered) / kTestRows;
        sum += share;
        squares += share * share;
    }
    const double mean = sum / kDraws;
    return {mean, std::sqrt(std::max(squares / kDraws - mean * mean, 0.0) / (kDraws - 1))};
}

double exact_target(std::int64_t n, double confidence) {
    return static_cast<double>(calibrate::conformal_rank(n, confidence)) / static_cast<double>(n + 1);
}

constexpr std::int64_t kSizes[] = {1, 2, 5, 9, 10, 19, 33, 99, 100, 250};
constexpr double kConfidences[] = {0.3, 0.5, 0.8, 0.9, 0.95, 0.99};

// Every size that suffices for every confidence, small ones included.
template <typename Check>
void for_each_case(Check check) {
    for (const std::int64_t n : kSizes) {
        for (const double confidence : kConfidences) {
            if (n >= calibrate::calibration_rows_needed(confidence)) {
                check(n, confidence, core::Key(7).fold(static_cast<std::uint64_t>(n)).fold(std::to_string(confidence)));
            }
        }
    }
}

TEST(ConformalCoverage, ContinuousResidualsMeetTheExactTarget) {
    for_each_case([](std::int64_t n, double confidence, core::Key key) {
        const Coverage c = measure(n, confidence, key, [](core::Stream& s) { return s.normal(); });
        EXPECT_NEAR(c.mean, exact_target(n, confidence), 3.0 * c.standard_error) << "n " << n << " c " << confidence;
        EXPECT_GE(exact_target(n, confidence), confidence - 1e-12);
    });
}

TEST(ConformalCoverage, SkewedResidualsMeetTheExactTarget) {
    for_each_case([](std::int64_t n, double confidence, core::Key key) {
        const auto skewed = [](core::Stream& s) { return std::exp(3.0 * s.normal()) - 2.0; };
        const Coverage c = measure(n, confidence, key.fold("skewed"), skewed);
        EXPECT_NEAR(c.mean, exact_target(n, confidence), 3.0 * c.standard_error) << "n " << n << " c " << confidence;
    });
}

TEST(ConformalCoverage, TiesCoverAtLeastTheTarget) {
    for (const int values : {1, 2, 3, 10}) {
        for_each_case([values](std::int64_t n, double confidence, core::Key key) {
            const auto tied = [values](core::Stream& s) {
                return static_cast<double>(s.below(static_cast<std::uint64_t>(values)));
            };
            const Coverage c = measure(n, confidence, key.fold(static_cast<std::uint64_t>(values)), tied);
            EXPECT_GE(c.mean, exact_target(n, confidence) - 3.0 * c.standard_error)
                << "n " << n << " c " << confidence << " values " << values;
        });
    }
}

// Ties at the boundary are covered: with a jitter that breaks them the target is met exactly.
TEST(ConformalCoverage, BrokenTiesMeetTheExactTarget) {
    for_each_case([](std::int64_t n, double confidence, core::Key key) {
        const auto jittered = [](core::Stream& s) { return static_cast<double>(s.below(3)) + 1e-6 * s.uniform(); };
        const Coverage c = measure(n, confidence, key.fold("jitter"), jittered);
        EXPECT_NEAR(c.mean, exact_target(n, confidence), 3.0 * c.standard_error) << "n " << n << " c " << confidence;
    });
}

// Whatever the residuals are: at least `rank` of them are covered and fewer than `rank` lie strictly below the margin.
RC_GTEST_PROP(ConformalMargin, CoversAsManyResidualsAsItsRank, (std::vector<int> numbers)) {
    RC_PRE(!numbers.empty());
    const auto n = static_cast<std::int64_t>(numbers.size());
    const double confidence = *rc::gen::inRange(1, 100) / 100.0;
    RC_PRE(n >= calibrate::calibration_rows_needed(confidence));
    const std::vector<double> residuals(numbers.begin(), numbers.end());
    const double margin = calibrate::Calibration({{}, residuals}).margin(1, confidence).value();
    const auto rank = calibrate::conformal_rank(n, confidence);
    RC_ASSERT(std::ranges::count_if(residuals, [&](double r) { return r <= margin; }) >= rank);
    RC_ASSERT(std::ranges::count_if(residuals, [&](double r) { return r < margin; }) < rank);
}

// More confidence never gives a smaller margin.
RC_GTEST_PROP(ConformalMargin, GrowsWithConfidence, (std::vector<int> numbers)) {
    RC_PRE(numbers.size() >= 2U);
    const calibrate::Calibration calibration({std::vector<double>(numbers.begin(), numbers.end())});
    const auto n = static_cast<double>(numbers.size());
    const double most = n / (n + 1.0);
    const double a = most * *rc::gen::inRange(1, 1000) / 1000.0;
    const double b = most * *rc::gen::inRange(1, 1000) / 1000.0;
    RC_ASSERT(calibration.margin(0, std::min(a, b)).value() <= calibration.margin(0, std::max(a, b)).value());
}

}  // namespace
}  // namespace pitot
