// Solving for rows alone and beside others, and what comes out for every combination.
//
// Products of the covariance of h with a vector, for conjugate gradients, go platform by platform i: B = Σ Kp_t(i, i')
// α as a table of co-runner × module is a sum over few rows, and Kc_t B Km_t is needed where i has rows.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "core/team.hpp"
#include "models/kernel/beside.hpp"
#include "models/kernel/solve.hpp"
#include "pitot/matrix_view.hpp"
#include "pitot/result.hpp"

namespace pitot::models::kernel {

/// α of all rows. `start` and errors: as solve() for rows alone.
[[nodiscard]] Result<Solution> solve(const BesideTables& tables, const Runs& runs, const std::vector<double>& target,
                                     const SolveOptions& options, const Machine& machine,
                                     const std::function<bool()>& go_on, const std::vector<double>& start = {});

/// What co-runners do to every pair.
struct BesideGrid {
    Matrix<float> one;  ///< platforms · modules × modules: row i · modules + k is h(i, ·, k)
    std::array<double, kKinds> number{};

    /// ρ_|S| Σ_k h(i, j, k); co-runners of -1 are none.
    [[nodiscard]] double operator()(std::int32_t platform, std::int32_t module,
                                    std::span<const std::int32_t> co_runners) const;
};
[[nodiscard]] BesideGrid make_grid(const BesideTables& tables, const Runs& runs, const std::vector<double>& alpha,
                                   core::Team& team);

/// α summed over the sets of co-runners of each pair.
[[nodiscard]] Matrix<double> sum_by_pair(const Runs& runs, const std::vector<double>& alpha, std::int64_t platforms,
                                         std::int64_t modules);

/// Standard deviations of a new run, platforms × modules: alone, and beside one co-runner, averaged over typical ones.
struct BesideUncertainty {
    Matrix<double> alone, beside;
    std::vector<double> precision{};  ///< a run: [K⁻¹]_nn, whose reciprocal is its leave-one-out variance
};
/// Given a platform's own rows and about `near_rows` of the platforms nearest it.
[[nodiscard]] Result<BesideUncertainty> local_uncertainty(const BesideTables& tables, const Runs& runs,
                                                          std::int64_t near_rows, const Machine& machine);

/// The deviations alone of a new run of some modules on each platform, `wanted`; 0 of others, platforms × modules.
[[nodiscard]] Result<Matrix<double>> deviations_alone(const BesideTables& tables, const Runs& runs,
                                                      std::int64_t near_rows,
                                                      const std::vector<std::vector<std::int32_t>>& wanted,
                                                      const Machine& machine);

/// As local_uncertainty() has them, for some platforms, in place of their rows of `alone` and `beside` (platforms ×
/// modules).
[[nodiscard]] Result<void> update_deviations(const BesideTables& tables, const Runs& runs, std::int64_t near_rows,
                                             std::span<const std::int64_t> some, Matrix<double>& alone,
                                             Matrix<double>& beside, core::Team& team);

}  // namespace pitot::models::kernel
