// What a marginal likelihood and its gradient take of a covariance matrix.
#pragma once

#include <optional>
#include <span>

#include "core/team.hpp"
#include "pitot/matrix_view.hpp"

namespace pitot::models::kernel {

/// Of n observations y with covariance K.
struct GaussianTerms {
    double half_log_determinant = 0.0;  ///< ½ ln |K|
    double square = 0.0;                ///< yᵀK⁻¹y
};

/// From so many rows on, factors and inverses are taken in single precision, in little more than half the time, where
/// that is good enough: where a solve with the factor leaves a residual of less than a thousandth.
inline constexpr std::int64_t kSinglePrecisionRows = 512;

/// W = ½(K⁻¹ - ααᵀ), α = K⁻¹y, as a whole in place of K, of which the lower triangle is read. Nothing if K is not
/// positive definite in double precision.
[[nodiscard]] std::optional<GaussianTerms> weigh_covariance(MatrixView<double> covariance,
                                                            std::span<const double> target, core::Team& team);

}  // namespace pitot::models::kernel
