// Solving for rows alone and beside others, and what comes out for every combination.
//
// Conjugate gradients need products with the covariance, and those of h are products on grids once Kc_t ≈ U Uᵀ: for a
// column c of U, A_c(i, j) = Σ_S α_ijS Σ_{k in S} U_kc, and Kp_t A_c Km_t comes back by the same sums. U is a pivoted
// Cholesky factor; what it leaves of the diagonal is a row's own variance (as FITC, Quiñonero-Candela and Rasmussen 2005).
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

/// Factors U_t of Kc_t, modules × columns each; one column of 1 for term 0.
struct Loadings {
    std::array<Matrix<double>, kBesideTerms> columns;
    std::array<std::vector<double>, kBesideTerms> rest;  ///< a module: what U Uᵀ lacks of Kc's diagonal

    [[nodiscard]] std::int64_t size() const {
        std::int64_t sum = 0;
        for (const Matrix<double>& term : columns) {
            sum += term.cols();
        }
        return sum;
    }
};

/// From the first `reference` modules; those behind them get what the same pivots say.
[[nodiscard]] Loadings make_loadings(const BesideTables& tables, std::int64_t reference);

/// α of all rows. Errors: as solve() for rows alone.
[[nodiscard]] Result<Solution> solve(const BesideTables& tables, const Loadings& loadings, const Runs& runs,
                                     const std::vector<double>& target, const SolveOptions& options, core::Team& team,
                                     const std::function<bool()>& go_on);

/// What co-runners do to every pair: Σ_k in S of the product of the pair's row and the co-runner's, times ρ.
struct BesideGrid {
    Matrix<float> pair;    ///< platforms · modules × columns
    Matrix<float> module;  ///< modules × columns
    std::array<double, kKinds> number{};

    /// ρ_|S| Σ_k h(i, j, k); co-runners of -1 are none.
    [[nodiscard]] double operator()(std::int32_t platform, std::int32_t module_at,
                                    std::span<const std::int32_t> co_runners) const;
};
[[nodiscard]] BesideGrid make_grid(const BesideTables& tables, const Loadings& loadings, const Runs& runs,
                                   const std::vector<double>& alpha, core::Team& team);

/// α summed over the sets of co-runners of each pair.
[[nodiscard]] Matrix<double> sum_by_pair(const Runs& runs, const std::vector<double>& alpha, std::int64_t platforms,
                                         std::int64_t modules);

/// Standard deviations of a new run, platforms × modules: alone, and beside one co-runner, averaged over typical ones.
struct BesideUncertainty {
    Matrix<double> alone, beside;
};
/// Given a platform's own rows and about `near_rows` of the platforms nearest it.
[[nodiscard]] Result<BesideUncertainty> local_uncertainty(const BesideTables& tables, const Runs& runs,
                                                          std::int64_t near_rows, core::Team& team);

}  // namespace pitot::models::kernel
