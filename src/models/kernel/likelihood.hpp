// The marginal likelihood of some observed cells, and its gradient.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "core/team.hpp"
#include "models/kernel/cells.hpp"
#include "models/kernel/hyper.hpp"
#include "models/kernel/machine.hpp"
#include "pitot/result.hpp"

namespace pitot::models::kernel {

/// A function to be made small: the negative logarithm of the marginal likelihood a cell.
struct Likelihood {
    double value = 0.0;
    std::vector<double> gradient;  ///< with respect to the hyper-parameters
};

/// The covariance matrix of cells, without noise, on and below the diagonal of `out` (cells × cells).
void fill_covariance(const Tables& tables, const Cells& cells, MatrixView<double> out, core::Team& team);

/// The gradient of tr(W K) with respect to the tables, but for the noise: W symmetric, cells × cells.
[[nodiscard]] TableGradient table_gradient(MatrixView<const double> weight, const Tables& tables, const Cells& cells,
                                           core::Team& team);

/// -ln p(y) / n of cells whose `target` is their mean less the constant c, and what runs within cells (of the whole
/// dataset, in `whole` cells) tell of σ² besides: (ν ln σ² + S / σ²) / 2 over `whole`, where S is the sum of squared
/// deviations with ν degrees of freedom. Gradient: ½ tr((K⁻¹ - ααᵀ) dK), α = K⁻¹y (Rasmussen and Williams 2006, 5.9).
/// Nothing if the covariance matrix is not positive definite in double precision.
[[nodiscard]] std::optional<Likelihood> likelihood(const Layout& layout, std::span<const double> values,
                                                   const SideDistances& platforms, const SideDistances& modules,
                                                   const Cells& cells, std::span<const double> target, double whole,
                                                   core::Team& team);
/// The same by whatever the machine has. A device takes everything in double precision. kEnvironment if it fails.
[[nodiscard]] Result<std::optional<Likelihood>> likelihood(const Layout& layout, std::span<const double> values,
                                                           const SideDistances& platforms, const SideDistances& modules,
                                                           const Cells& cells, std::span<const double> target,
                                                           double whole, const Machine& machine);

}  // namespace pitot::models::kernel
