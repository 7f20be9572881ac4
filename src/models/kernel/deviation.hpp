// How uncertain predictions are: the posterior variance of every cell of the grid, given the cells nearest it.
#pragma once

#include <cstdint>
#include <vector>

#include "core/team.hpp"
#include "models/kernel/cells.hpp"
#include "models/kernel/hyper.hpp"
#include "pitot/result.hpp"

namespace pitot::models::kernel {

struct Uncertainty {
    Matrix<double> deviation;       ///< platforms × modules: of a new run's ln t
    std::vector<double> precision;  ///< a cell: [K⁻¹]_nn, whose reciprocal is its leave-one-out variance
};

/// The variance of each cell given its platform's cells and those of the platforms nearest it, about `near_cells` of
/// them: at least the variance given all cells, and equal to it where that is all of them. Of a new run: with σ².
/// kInput if a covariance matrix is not positive definite.
[[nodiscard]] Result<Uncertainty> local_uncertainty(const Tables& tables, const Cells& cells, std::int64_t near_cells,
                                                    core::Team& team);

}  // namespace pitot::models::kernel
