// Points of many dimensions on a plane, neighbours kept neighbours.
#pragma once

#include <cstdint>

#include "core/key.hpp"
#include "pitot/matrix_view.hpp"

namespace pitot::figure {

/// Columns shifted to mean 0 and scaled to deviation 1; constant ones become 0.
[[nodiscard]] Matrix<double> standardised(const Matrix<double>& points);

/// Principal components: n × min(k, n, d) coordinates along the directions of largest variance, largest first. Each
/// direction's sign is such that its coordinate of largest magnitude is positive.
[[nodiscard]] Matrix<double> principal_components(const Matrix<double>& points, std::int64_t k);

struct TsneOptions {
    double perplexity = 30.0;        ///< effective number of neighbours; at most (n - 1) / 3 is used
    std::int64_t iterations = 1000;  ///< steps of gradient descent
    std::int64_t exaggerated = 250;  ///< of these, with attraction multiplied
    double exaggeration = 12.0;      ///< by this
};

/// t-distributed stochastic neighbour embedding (van der Maaten and Hinton 2008), exact: every pair counts, time and
/// memory grow with n^2. Starts at the first two principal components, with a little noise from `key`. n × 2.
[[nodiscard]] Matrix<double> tsne(const Matrix<double>& points, core::Key key, const TsneOptions& options = {});

/// How far neighbours on the plane are neighbours in space: 1 - 2 / (n k (2 n - 3 k - 1)) Σ_i Σ_j max(0, r(i, j) - k)
/// over i's k nearest neighbours j on the plane, r(i, j) being j's rank among i's neighbours in space (Venna and Kaski
/// 2001). 1 = all of them; 2 k < n.
[[nodiscard]] double trustworthiness(const Matrix<double>& space, const Matrix<double>& plane, std::int64_t k);

}  // namespace pitot::figure
