// Gradients of likelihoods against central differences.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <vector>

namespace pitot::test {

/// `likelihood(values)` gives an optional with a value and its gradient, and has both at `at`.
template <typename Function>
void expect_gradient_of(const Function& likelihood, const std::vector<double>& at) {
    constexpr double kStep = 1e-5;
    const auto point = likelihood(at);
    ASSERT_TRUE(point);
    ASSERT_EQ(point->gradient.size(), at.size());
    for (std::size_t p = 0; p < at.size(); ++p) {
        std::vector<double> more = at;
        std::vector<double> less = at;
        more[p] += kStep;
        less[p] -= kStep;
        const auto above = likelihood(more);
        const auto below = likelihood(less);
        ASSERT_TRUE(above && below) << "hyper-parameter " << p;
        const double slope = (above->value - below->value) / (2.0 * kStep);
        EXPECT_NEAR(point->gradient[p], slope, 1e-7 + 1e-5 * std::abs(slope)) << "hyper-parameter " << p;
    }
}

}  // namespace pitot::test
