#include "evaluate/error_quantiles.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/key.hpp"

namespace pitot::evaluation {
namespace {

// Sorts and interpolates, straight from NumPy's description of method "linear".
double reference_percentile(std::vector<double> values, double q) {
    std::ranges::sort(values);
    const double position = q / 100.0 * static_cast<double>(values.size() - 1);
    const auto low = static_cast<std::size_t>(position);
    const double next = values[std::min(low + 1, values.size() - 1)];
    return values[low] + (next - values[low]) * (position - static_cast<double>(low));
}

std::vector<double> errors(std::size_t count) {
    std::vector<double> values(count);
    core::Stream stream(core::Key(5).fold("errors"));
    for (double& value : values) {
        // Heavy tails, both signs, values far below -1 and ties at 0.
        value = stream.uniform() < 0.02 ? 0.0 : 0.05 * stream.normal() * std::exp(2.0 * stream.normal());
    }
    return values;
}

TEST(ErrorQuantiles, InterpolatesAsNumPyDoes) {
    ErrorQuantiles quantiles;
    for (const double value : {4.0, -1.0, 2.0, 10.0, 3.0}) {
        quantiles.add(value);
    }
    // numpy.percentile([4, -1, 2, 10, 3], [0, 5, 25, 50, 90, 99])
    const auto p = quantiles.percentiles();
    EXPECT_DOUBLE_EQ(p[0], -1.0);
    EXPECT_NEAR(p[5], -0.4, 1e-12);
    EXPECT_DOUBLE_EQ(p[25], 2.0);
    EXPECT_DOUBLE_EQ(p[50], 3.0);
    EXPECT_NEAR(p[90], 7.6, 1e-12);
    EXPECT_NEAR(p[99], 9.76, 1e-12);
}

TEST(ErrorQuantiles, HandlesOneNumberAndNone) {
    EXPECT_EQ(ErrorQuantiles().percentiles()[50], 0.0);
    for (const std::int64_t limit : {0, 10}) {
        ErrorQuantiles one(limit);
        one.add(0.25);
        for (const double p : one.percentiles()) {
            EXPECT_NEAR(p, 0.25, 0.25 * kPercentileError);
        }
    }
}

TEST(ErrorQuantiles, SketchIsWithinItsStatedError) {
    for (const std::size_t count : {7U, 100U, 20011U}) {
        const std::vector<double> values = errors(count);
        ErrorQuantiles sketch(static_cast<std::int64_t>(count / 2));
        for (const double value : values) {
            sketch.add(value);
        }
        EXPECT_FALSE(sketch.exact());
        const auto p = sketch.percentiles();
        for (std::size_t q = 0; q < 100; ++q) {
            const double exact = reference_percentile(values, static_cast<double>(q));
            // Interpolation may mix two neighbours, each off by its own share.
            std::vector<double> sorted = values;
            std::ranges::sort(sorted);
            const auto low = static_cast<std::size_t>(static_cast<double>(q) / 100.0 * static_cast<double>(count - 1));
            const double largest = std::max(std::abs(sorted[low]), std::abs(sorted[std::min(low + 1, count - 1)]));
            EXPECT_NEAR(p[q], exact, kPercentileError * std::hypot(largest, 1e-3)) << count << ' ' << q;
        }
    }
}

TEST(ErrorQuantiles, DoesNotDependOnTheOrder) {
    std::vector<double> values = errors(5000);
    ErrorQuantiles forward(1000);
    ErrorQuantiles backward(1000);
    for (const double value : values) {
        forward.add(value);
    }
    std::ranges::reverse(values);
    for (const double value : values) {
        backward.add(value);
    }
    EXPECT_EQ(forward.percentiles(), backward.percentiles());
}

TEST(ErrorQuantiles, TakesNumbersOfAnySize) {
    ErrorQuantiles sketch(0);
    for (const double value : {-1e300, -5.0, 0.0, 1e-300, 7.0, 1e300}) {
        sketch.add(value);
    }
    const auto p = sketch.percentiles();
    EXPECT_LT(p[0], -1e20);
    EXPECT_TRUE(std::ranges::is_sorted(p));
    EXPECT_GT(p[99], 1e20);
}

}  // namespace
}  // namespace pitot::evaluation
