#include "evaluate/significance.hpp"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <boost/math/special_functions/beta.hpp>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>

namespace pitot::evaluation {
namespace {

// Degrees of freedom beyond which Student's t is the normal distribution.
constexpr double kMostDegrees = 1e6;
constexpr double kFewestDegrees = 1.0;

boost::math::students_t student(double degrees) {
    return boost::math::students_t(std::clamp(degrees, kFewestDegrees, kMostDegrees));
}

}  // namespace

double two_sided_t(double t, double degrees) {
    constexpr double far = 1e100;
    return std::min(1.0, 2.0 * cdf(complement(student(degrees), std::min(std::abs(t), far))));
}

double two_sided_quantile(double p, double degrees) { return quantile(complement(student(degrees), 0.5 * p)); }

double beta_binomial_at_most(std::int64_t k, std::int64_t n, double a, double b) {
    if (k >= n) {
        return 1.0;
    }
    // Terms C(n, i) B(a + i, b + n - i) / B(a, b), each from the one before; logarithms, for the first may underflow.
    const auto trials = static_cast<double>(n);
    const auto log_beta = [](double x, double y) {
        return boost::math::lgamma(x) + boost::math::lgamma(y) - boost::math::lgamma(x + y);
    };
    double term = log_beta(a, b + trials) - log_beta(a, b);
    double sum = 0.0;
    for (std::int64_t i = 0; i <= k; ++i) {
        sum += std::exp(term);
        const auto done = static_cast<double>(i);
        term += std::log((trials - done) * (a + done) / ((done + 1.0) * (b + trials - done - 1.0)));
    }
    return std::min(sum, 1.0);
}

std::vector<double> false_discovery_rates(std::span<const double> p) {
    std::vector<std::size_t> order(p.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, {}, [&](std::size_t n) { return p[n]; });
    std::vector<double> rate(p.size());
    double least = 1.0;
    for (std::size_t rank = order.size(); rank > 0; --rank) {
        const std::size_t n = order[rank - 1];
        least = std::min(least, p[n] * static_cast<double>(p.size()) / static_cast<double>(rank));
        rate[n] = least;
    }
    return rate;
}

double median_of(std::vector<double>& values) {
    if (values.empty()) {
        return std::numeric_limits<double>::quiet_NaN();
    }
    const auto middle = values.begin() + std::ssize(values) / 2;
    std::ranges::nth_element(values, middle);
    return values.size() % 2 == 1 ? *middle : 0.5 * (*middle + *std::max_element(values.begin(), middle));
}

}  // namespace pitot::evaluation
