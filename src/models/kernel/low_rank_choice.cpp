#include "models/kernel/low_rank_choice.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>

#include "models/kernel/grid.hpp"
#include "models/kernel/solve.hpp"

namespace pitot::models::kernel {
namespace {

// Sums of absolute errors of held-out cells.
struct HeldOutErrors {
    double of_pass = 0.0;
    double of_factors = 0.0;
};

Result<HeldOutErrors> held_out_errors(const GridDistances& distances, const std::vector<double>& target,
                                      const HeldOut& split, double tolerance, core::Key key, const Machine& machine,
                                      const KernelState& state, const std::function<bool()>& go_on) {
    HeldOutErrors errors;
    if (split.out.empty() || split.kept.empty()) {
        return errors;
    }
    const Cells kept = subset_of(state.cells, split.kept);
    std::vector<double> of_kept, start;
    for (const std::int64_t n : split.kept) {
        const auto at = static_cast<std::size_t>(n);
        of_kept.push_back(target[at]);
        start.push_back(state.first_alpha(state.cells.platform[at], state.cells.module[at]));
    }
    const Tables tables = make_tables(Layout(distances.platforms, distances.modules), state.first_hyper,
                                      distances.platforms, distances.modules, machine);
    SolveOptions options;
    options.tolerance = tolerance;
    PITOT_TRY(const auto solution, solve(tables, kept, of_kept, options, machine, go_on, start));
    const MeanParts mean(tables, on_grid(kept, solution.alpha, distances.platforms.rows, distances.modules.rows).view(),
                         machine);
    const LowRank factors = fit_low_rank(distances.platforms, distances.modules, kept, mean.rest(kept, of_kept), {},
                                         key.fold("factors"), machine);
    if (factors.platform.rows() == 0) {
        return errors;
    }
    for (const std::int64_t n : split.out) {
        const auto at = static_cast<std::size_t>(n);
        const std::int32_t i = state.cells.platform[at];
        const std::int32_t j = state.cells.module[at];
        const double rest = target[at] - mean.effects(i, j);
        errors.of_pass += std::abs(rest - mean.product(i, j));
        errors.of_factors += std::abs(rest - factors.product(i, j));
    }
    return errors;
}

}  // namespace

MeanParts::MeanParts(const Tables& tables, MatrixView<const double> alpha, const Machine& machine)
    : effects(covariance_product(tables, alpha, machine)), product(product_part(tables, alpha, machine)) {
    std::ranges::transform(effects.flat(), product.flat(), effects.flat().begin(), std::minus<>());
}

std::vector<double> MeanParts::rest(const Cells& cells, const std::vector<double>& target) const {
    std::vector<double> rest;
    for (std::size_t n = 0; n < target.size(); ++n) {
        rest.push_back(target[n] - effects(cells.platform[n], cells.module[n]));
    }
    return rest;
}

Result<bool> factors_help(const GridDistances& distances, const std::vector<double>& target, double most,
                          double tolerance, core::Key key, const Machine& machine, const KernelState& state,
                          const std::function<bool()>& go_on) {
    constexpr std::uint64_t kParts = 7;
    constexpr std::size_t kManyCells = 2000;
    HeldOutErrors all;
    for (std::uint64_t part = 0; part < (state.cells.size() < kManyCells ? kParts : 1); ++part) {
        const HeldOut split(state.cells.size(), kParts, part, key.fold("held out"));
        PITOT_TRY(const auto errors, held_out_errors(distances, target, split, tolerance, key, machine, state, go_on));
        all.of_pass += errors.of_pass;
        all.of_factors += errors.of_factors;
    }
    return all.of_factors < most * all.of_pass;
}

}  // namespace pitot::models::kernel
