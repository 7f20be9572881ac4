// Solves (K + D) α = y, K the covariance of observed cells and D their noise.
//
// Few cells: a dense Cholesky factor. More: conjugate gradients on the grid, whose products with K are matrix products,
// with a preconditioner of sparse conditionals (Vecchia 1988; Schäfer, Katzfuss and Owhadi 2021): platforms in an order
// from coarse to fine, the cells of each given those of its nearest predecessors.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "backend/device_covariance.hpp"
#include "core/team.hpp"
#include "models/kernel/cells.hpp"
#include "models/kernel/hyper.hpp"
#include "models/kernel/machine.hpp"
#include "pitot/result.hpp"

namespace pitot::models::kernel {

struct SolveOptions {
    std::int64_t dense_cells = 4000;     ///< the most that are solved by a dense factor
    std::int64_t neighbour_cells = 700;  ///< of predecessors that a platform's cells are conditioned on, about
    double tolerance = 1e-9;             ///< of the residual over the right-hand side, both Euclidean norms
    std::int64_t iterations = 600;
};

struct Solution {
    std::vector<double> alpha;    ///< a cell
    double residual = 0.0;        ///< reached, over the right-hand side
    std::int64_t iterations = 0;  ///< 0: a dense factor
};

/// What is wrong with a covariance matrix without a Cholesky factor.
[[nodiscard]] Failure indefinite();

/// A matrix K + D to solve with, whose rows are observations of platforms, by platform.
struct System {
    const std::vector<std::int32_t>& platform;  ///< a row
    Matrix<double> spread;                      ///< as platform_spread()
    /// Its elements of some rows, on and below the diagonal.
    std::function<void(std::span<const std::int64_t> rows, MatrixView<double> out, core::Team& team)> fill;
    /// Its product with a vector.
    std::function<std::vector<double>(const std::vector<double>& v)> times;
};

[[nodiscard]] Result<Solution> solve(const System& system, const std::vector<double>& target,
                                     const SolveOptions& options, core::Team& team, const std::function<bool()>& go_on,
                                     const std::vector<double>& start);

/// The same of a covariance and rows by platform on a device, with the same preconditioner. Errors: kEnvironment, too.
[[nodiscard]] Result<Solution> solve(backend::device::Device& device, const backend::device::Covariance& covariance,
                                     const backend::device::Rows& rows, const Matrix<double>& spread,
                                     const std::vector<double>& target, const SolveOptions& options,
                                     const std::function<bool()>& go_on, const std::vector<double>& start);

/// `start`: a guess of α, or empty. Errors: kInput if the matrix is not positive definite or the iterations end before
/// the tolerance is met, naming the residual; kCancelled.
[[nodiscard]] Result<Solution> solve(
    const Tables& tables, const Cells& cells, const std::vector<double>& target, const SolveOptions& options,
    const Machine& machine, const std::function<bool()>& go_on = [] { return true; },
    const std::vector<double>& start = {});

/// Squared distances between platforms by what the covariance of the same module on both says, averaged over modules.
[[nodiscard]] Matrix<double> platform_spread(const Tables& tables);

}  // namespace pitot::models::kernel
