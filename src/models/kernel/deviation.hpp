// How uncertain predictions are: the posterior variance of every cell of the grid, given the cells nearest it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/team.hpp"
#include "models/kernel/cells.hpp"
#include "models/kernel/hyper.hpp"
#include "models/kernel/machine.hpp"
#include "pitot/matrix_view.hpp"
#include "pitot/result.hpp"

namespace pitot::models::kernel {

/// [K⁻¹]_nn of the last rows of a matrix, `factor` the block of its lower Cholesky factor that they have among
/// themselves: sums of squares of the columns of the block's inverse. With the whole factor, of all rows.
[[nodiscard]] std::vector<double> inverse_diagonal(MatrixView<const double> factor);

struct Uncertainty {
    Matrix<double> deviation;       ///< platforms × modules: of a new run's ln t
    std::vector<double> precision;  ///< a cell: [K⁻¹]_nn, whose reciprocal is its leave-one-out variance
};

/// The variance of each cell given its platform's cells and those of the platforms nearest it, about `near_cells` of
/// them: at least the variance given all cells, and equal to it where that is all of them. Of a new run: with σ².
/// kInput if a covariance matrix is not positive definite, kEnvironment if a device fails.
[[nodiscard]] Result<Uncertainty> local_uncertainty(const Tables& tables, const Cells& cells, std::int64_t near_cells,
                                                    const Machine& machine);

/// The same for some platforms alone, in place of their rows of `deviation` (platforms × modules).
[[nodiscard]] Result<void> update_deviation(const Tables& tables, const Cells& cells, std::int64_t near_cells,
                                            std::span<const std::int64_t> some, Matrix<double>& deviation,
                                            core::Team& team);

/// Platforms whose deviations `before` and `after` may differ: those of cells that changed, and those near them. Each
/// cell of `after` that is new or has more runs is `changed`.
[[nodiscard]] std::vector<std::int64_t> platforms_affected(const Tables& tables, const Cells& before,
                                                           const Cells& after, const std::vector<bool>& changed,
                                                           std::int64_t near_cells);

}  // namespace pitot::models::kernel
