// Whether a difference is more than chance: distributions by Boost.Math.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace pitot::evaluation {

/// P(|T| >= |t|) of Student's t with so many degrees of freedom, > 0.
[[nodiscard]] double two_sided_t(double t, double degrees);

/// The t that |T| exceeds with probability p, 0 < p < 1.
[[nodiscard]] double two_sided_quantile(double p, double degrees);

/// P(K <= k) of K successes in n trials whose chance is drawn from Beta(a, b) beforehand: of the beta-binomial
/// distribution.
[[nodiscard]] double beta_binomial_at_most(std::int64_t k, std::int64_t n, double a, double b);

/// The false discovery rate at which each of some tests of these p-values counts: min over p_j >= p_i of p_j m / rank_j
/// (Benjamini and Hochberg 1995).
[[nodiscard]] std::vector<double> false_discovery_rates(std::span<const double> p);

/// Middle value, the mean of two for an even number; `values` are put in another order. NaN of none.
[[nodiscard]] double median_of(std::vector<double>& values);

}  // namespace pitot::evaluation
