// Products of the covariance with a vector on the grid: a sum of Kronecker products, never written out.
#pragma once

#include "core/team.hpp"
#include "models/kernel/hyper.hpp"
#include "pitot/matrix_view.hpp"

namespace pitot::models::kernel {

/// Σ_q s_q Kp_q A Km_q - ω A of a grid A of platforms × modules: what the product terms make of α without what cells
/// have by themselves.
[[nodiscard]] Matrix<double> product_part(const Tables& tables, MatrixView<const double> grid, core::Team& team);

/// The whole covariance, but for ω: the product part and the effects Ka A 1 + Kbᵀ Aᵀ 1.
[[nodiscard]] Matrix<double> covariance_product(const Tables& tables, MatrixView<const double> grid, core::Team& team);

}  // namespace pitot::models::kernel
