// Whether a factorization of what the first pass leaves to products is worth its while.
#pragma once

#include <functional>
#include <vector>

#include "core/key.hpp"
#include "models/kernel/kernel_state.hpp"
#include "models/kernel/machine.hpp"
#include "pitot/result.hpp"

namespace pitot::models::kernel {

/// What a pass says of every pair, in two parts.
struct MeanParts {
    Matrix<double> effects;  ///< a_i + b_j
    Matrix<double> product;

    MeanParts(const Tables& tables, MatrixView<const double> alpha, const Machine& machine);
    /// Targets of cells less a_i + b_j.
    [[nodiscard]] std::vector<double> rest(const Cells& cells, const std::vector<double>& target) const;
};

/// Whether a factorization of what the first pass leaves to products predicts cells held out from both better than the
/// first pass does: by a mean of |error| less than `most` times the other's. Where it does not, it would tell more of
/// the noise than of the fleet. One part in seven of many cells is enough to say so; of few, each part has its turn.
/// `distances` are those of features, `target` a cell's mean less the constant, `tolerance` that of the first pass's
/// solves. Errors: as solve().
[[nodiscard]] Result<bool> factors_help(const GridDistances& distances, const std::vector<double>& target, double most,
                                        double tolerance, core::Key key, const Machine& machine,
                                        const KernelState& state, const std::function<bool()>& go_on);

}  // namespace pitot::models::kernel
