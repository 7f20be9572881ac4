#include "models/kernel/weighed_covariance.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "core/key.hpp"

namespace pitot::models::kernel {
namespace {

// The covariance of points on a line, exp(-|x - x'|), with noise.
Matrix<double> covariance_of(std::int64_t rows, double noise) {
    Matrix<double> covariance(rows, rows);
    for (std::int64_t u = 0; u < rows; ++u) {
        for (std::int64_t v = 0; v < rows; ++v) {
            covariance(u, v) = std::exp(-0.01 * std::abs(static_cast<double>(u - v))) + (u == v ? noise : 0.0);
        }
    }
    return covariance;
}

std::vector<double> targets(std::int64_t rows) {
    core::Stream draws(core::Key(3).fold("targets"));
    std::vector<double> y;
    for (std::int64_t u = 0; u < rows; ++u) {
        y.push_back(std::sin(0.02 * static_cast<double>(u)) + 0.1 * draws.normal());
    }
    return y;
}

struct Weighed {
    Matrix<double> weight;
    GaussianTerms terms;
};

Weighed weigh(std::int64_t rows, double noise, int threads) {
    Weighed result{covariance_of(rows, noise), {}};
    core::Team team(threads);
    const auto terms = weigh_covariance(result.weight.view(), targets(rows), team);
    EXPECT_TRUE(terms.has_value());
    result.terms = terms.value_or(GaussianTerms{});
    return result;
}

// Of 2W = K⁻¹ - ααᵀ: K (2W) y = y - y (αᵀy), for α = K⁻¹y.
double worst_of_identity(std::int64_t rows, double noise, const Weighed& weighed) {
    const Matrix<double> covariance = covariance_of(rows, noise);
    const std::vector<double> y = targets(rows);
    std::vector<double> product(y.size(), 0.0);
    for (std::int64_t u = 0; u < rows; ++u) {
        for (std::int64_t v = 0; v < rows; ++v) {
            product[static_cast<std::size_t>(u)] += 2.0 * weighed.weight(u, v) * y[static_cast<std::size_t>(v)];
        }
    }
    double worst = 0.0;
    for (std::int64_t u = 0; u < rows; ++u) {
        double sum = 0.0;
        for (std::int64_t v = 0; v < rows; ++v) {
            sum += covariance(u, v) * product[static_cast<std::size_t>(v)];
        }
        const double expected = y[static_cast<std::size_t>(u)] * (1.0 - weighed.terms.square);
        worst = std::max(worst, std::abs(sum - expected) / (1.0 + weighed.terms.square));
    }
    return worst;
}

TEST(WeighedCovariance, FewRowsAreExact) { EXPECT_LT(worst_of_identity(100, 1e-6, weigh(100, 1e-6, 2)), 1e-9); }

TEST(WeighedCovariance, ManyRowsAreAsGoodAsSinglePrecisionAllows) {
    constexpr std::int64_t rows = kSinglePrecisionRows + 33;
    EXPECT_LT(worst_of_identity(rows, 1e-2, weigh(rows, 1e-2, 2)), 2e-3);
}

TEST(WeighedCovariance, WhatSinglePrecisionCannotFactorIsTakenInDouble) {
    constexpr std::int64_t rows = kSinglePrecisionRows + 33;
    Matrix<double> covariance(rows, rows);
    for (std::int64_t u = 0; u < rows; ++u) {
        for (std::int64_t v = 0; v < rows; ++v) {
            covariance(u, v) = 1.0 + (u == v ? 1e-9 : 0.0);  // 1 + 1e-9 is 1 in single precision
        }
    }
    core::Team team(2);
    const auto terms = weigh_covariance(covariance.view(), targets(rows), team);
    ASSERT_TRUE(terms.has_value());
    // |K| = δⁿ⁻¹ (n + δ).
    const double expected = 0.5 * ((rows - 1) * std::log(1e-9) + std::log(static_cast<double>(rows)));
    EXPECT_NEAR(terms->half_log_determinant, expected, 1e-4 * std::abs(expected));
}

TEST(WeighedCovariance, WhatIsNotPositiveDefiniteIsRefused) {
    for (const std::int64_t rows : {std::int64_t{40}, kSinglePrecisionRows + 1}) {
        Matrix<double> covariance = covariance_of(rows, 1e-2);
        covariance(rows - 1, rows - 1) = -1.0;
        core::Team team(1);
        EXPECT_FALSE(weigh_covariance(covariance.view(), targets(rows), team).has_value());
    }
}

TEST(WeighedCovariance, TheSameToTheBitForAnyNumberOfThreads) {
    constexpr std::int64_t rows = kSinglePrecisionRows + 100;
    const Weighed one = weigh(rows, 1e-2, 1);
    const Weighed three = weigh(rows, 1e-2, 3);
    EXPECT_EQ(one.terms.square, three.terms.square);
    EXPECT_EQ(one.terms.half_log_determinant, three.terms.half_log_determinant);
    for (std::size_t n = 0; n < one.weight.flat().size(); ++n) {
        ASSERT_EQ(one.weight.flat()[n], three.weight.flat()[n]);
    }
}

}  // namespace
}  // namespace pitot::models::kernel
