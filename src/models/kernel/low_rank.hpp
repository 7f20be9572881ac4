// A Bayesian factorization of what a first pass leaves to products: what a row of it says of a platform or module.
#pragma once

#include <vector>

#include "core/key.hpp"
#include "core/team.hpp"
#include "models/kernel/cells.hpp"
#include "models/kernel/distances.hpp"
#include "pitot/matrix_view.hpp"

namespace pitot::models::kernel {

/// Factors of a side's rows, those that the data do not ask for near 0; rows × rank, each scaled by the size that the
/// other side's has, so that products of rows compare as what they add to ln t does. No rows: there are none.
struct LowRank {
    Matrix<double> platform;
    Matrix<double> module;
    Matrix<double> product{};  ///< platforms × modules: u_i · v_j; not kept
};

struct LowRankOptions {
    std::int64_t rank = 24;
    std::int64_t sweeps = 150;  ///< at most; fewer where the noise no longer changes
};

/// residual_ij ~ N(u_i · v_j, τ²), columns of u and v Gaussian processes on a side's rows with the covariance
/// 0.7 exp(-√ΣD) + 0.3 δ of feature distances (δ without features), and a variance a column. By variational Bayes, the
/// posterior taken as independent between rows (Lim and Teh 2007; columns' variances and τ² by maximum likelihood).
[[nodiscard]] LowRank fit_low_rank(const SideDistances& platforms, const SideDistances& modules, const Cells& cells,
                                   const std::vector<double>& residual, const LowRankOptions& options, core::Key key,
                                   core::Team& team);

/// Factors of all rows of a side from those of its first rows. Those appended, and those of the first that are held out
/// (none where the list is empty), have the mean of the process there: 0 of a side without features.
[[nodiscard]] Matrix<double> extend_factors(const Matrix<double>& factors, const std::vector<bool>& held_out,
                                            const SideDistances& side, core::Team& team);

/// Adds two groups of distances between factors, and Gram, their products over their mean square in the first
/// `reference` rows.
void add_factors(const Matrix<double>& factors, std::int64_t reference, SideDistances& side);

}  // namespace pitot::models::kernel
