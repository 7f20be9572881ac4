#include "models/kernel/kernel_state.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>

#include "models/kernel/beside_distances.hpp"
#include "models/kernel/deviation.hpp"
#include "models/kernel/grid.hpp"

namespace pitot::models::kernel {
namespace {

// A grid with rows and columns of 0 appended.
Matrix<double> padded(const Matrix<double>& grid, std::int64_t rows, std::int64_t cols) {
    Matrix<double> more(rows, cols);
    for (std::int64_t i = 0; i < grid.rows(); ++i) {
        std::ranges::copy(grid.view().row(i), more.view().row(i).begin());
    }
    return more;
}

// The reference row nearest a row by all distances but the last group's, itself if it is one that is not held out.
std::int64_t nearest_reference(const SideDistances& side, std::int64_t row, std::int64_t reference,
                               const std::vector<bool>& held_out) {
    const auto out = [&](std::int64_t k) { return !held_out.empty() && held_out[static_cast<std::size_t>(k)]; };
    if (row < reference && !out(row)) {
        return row;
    }
    std::int64_t nearest = 0;
    double least = std::numeric_limits<double>::infinity();
    for (std::int64_t k = 0; k < reference; ++k) {
        double sum = 0.0;
        for (const Matrix<double>& group : side.groups) {
            sum += group(row, k);
        }
        if (!out(k) && sum < least) {
            least = sum;
            nearest = k;
        }
    }
    return nearest;
}

void add_embedding(const Matrix<double>& embedding, const std::vector<bool>& held_out, SideDistances& side) {
    if (embedding.rows() == 0) {
        return;
    }
    std::vector<std::int64_t> place;
    for (std::int64_t i = 0; i < side.rows; ++i) {
        place.push_back(nearest_reference(side, i, embedding.rows(), held_out));
    }
    Matrix<double> distances(side.rows, side.rows);
    for (std::int64_t i = 0; i < side.rows; ++i) {
        for (std::int64_t k = 0; k < side.rows; ++k) {
            distances(i, k) = embedding(place[static_cast<std::size_t>(i)], place[static_cast<std::size_t>(k)]);
        }
    }
    side.groups.push_back(std::move(distances));
}

// Means of all pairs from α on the grid, 0 where nothing was observed.
Matrix<double> mean_of(const Tables& tables, const Matrix<double>& alpha, double constant, core::Team& team) {
    Matrix<double> mean = covariance_product(tables, alpha.view(), team);
    for (std::size_t n = 0; n < mean.flat().size(); ++n) {
        // What a cell has by itself was learned where it was observed.
        mean.flat()[n] += constant + tables.white * alpha.flat()[n];
    }
    return mean;
}

}  // namespace

double mean_beside(const KernelAnswers& answers, std::int32_t platform, std::int32_t module,
                   std::span<const std::int32_t> co_runners) {
    const bool known = answers.beside.one.rows() > 0;
    return answers.mean(platform, module) + (known ? answers.beside(platform, module, co_runners) : 0.0);
}

double deviation_beside(const KernelAnswers& answers, std::int32_t platform, std::int32_t module,
                        std::span<const std::int32_t> co_runners) {
    const double alone = answers.deviation(platform, module);
    const auto count = static_cast<std::size_t>(std::ranges::count_if(co_runners, [](auto k) { return k >= 0; }));
    if (count == 0 || answers.beside_deviation.rows() == 0) {
        return alone;
    }
    const double one = answers.beside_deviation(platform, module);
    const double more = std::max(one * one - alone * alone, 0.0);
    const double number = answers.beside.number[std::min(count, kKinds - 1)];
    const double times = number * number * static_cast<double>(count);
    return std::sqrt(std::max(one * one + (times - 1.0) * more, alone * alone));
}

KernelState clone_state(const KernelState& state) {
    return {state.reference_platforms,
            state.reference_modules,
            state.platform_features,
            state.module_features,
            state.constant,
            state.first_hyper,
            state.hyper,
            {state.factors.platform.clone(), state.factors.module.clone()},
            state.platform_embedding.clone(),
            state.module_embedding.clone(),
            state.platform_noise,
            state.first_alpha.clone(),
            state.cells,
            state.alpha,
            state.residual,
            state.platform_held_out,
            state.module_held_out,
            state.beside};
}

GridDistances feature_distances(const KernelState& state, const Side& platforms, const Side& modules) {
    GridDistances distances{platform_distances(platforms, state.reference_platforms, state.platform_features),
                            module_distances(modules, state.reference_modules, state.module_features)};
    distances.platforms.more_noise = state.platform_noise;
    return distances;
}

void add_first_pass(const KernelState& state, GridDistances& distances, core::Team& team) {
    const Layout layout(distances.platforms, distances.modules);
    const Tables tables = make_tables(layout, state.first_hyper, distances.platforms, distances.modules, team);
    const Matrix<double> alpha = padded(state.first_alpha, distances.platforms.rows, distances.modules.rows);
    const Matrix<double> product = product_part(tables, alpha.view(), team);
    Matrix<double> transposed(product.cols(), product.rows());
    for (std::int64_t i = 0; i < product.rows(); ++i) {
        for (std::int64_t j = 0; j < product.cols(); ++j) {
            transposed(j, i) = product(i, j);
        }
    }
    add_product_distances(product.view().columns(0, state.reference_modules), state.reference_platforms,
                          distances.platforms);
    add_product_distances(transposed.view().columns(0, state.reference_platforms), state.reference_modules,
                          distances.modules);
    if (state.factors.platform.rows() > 0) {
        add_factors(extend_factors(state.factors.platform, state.platform_held_out, distances.platforms, team),
                    state.reference_platforms, distances.platforms);
        add_factors(extend_factors(state.factors.module, state.module_held_out, distances.modules, team),
                    state.reference_modules, distances.modules);
    }
    add_embedding(state.platform_embedding, state.platform_held_out, distances.platforms);
    add_embedding(state.module_embedding, state.module_held_out, distances.modules);
}

Matrix<double> mean_grid(const KernelState& state, const Tables& tables, core::Team& team) {
    const Matrix<double> alpha =
        on_grid(state.cells, state.alpha, tables.platform_effect.rows(), tables.module_effect.rows());
    return mean_of(tables, alpha, state.constant, team);
}

void add_beside_pass(const KernelState& state, GridDistances& distances, core::Team& team) {
    const BesideLayout layout(distances.platforms, distances.modules);
    const BesideTables tables =
        make_tables(layout, state.beside.first_hyper, distances.platforms, distances.modules, team);
    const BesideGrid grid = make_grid(tables, state.beside.runs, state.beside.first_alpha, team);
    add_beside_distances(grid, state.reference_platforms, state.reference_modules, distances.platforms,
                         distances.modules, team);
}

Result<KernelAnswers> answer_all(const KernelState& state, const Side& platforms, const Side& modules,
                                 const Machine& machine) {
    const GridDistances distances = last_distances(state, platforms, modules, machine);
    if (knows_co_runners(state)) {
        return answer_beside(state, beside_tables(state, distances, machine), machine);
    }
    const Layout layout(distances.platforms, distances.modules);
    const Tables tables = make_tables(layout, last_hyper(state), distances.platforms, distances.modules, machine);
    KernelAnswers answers;
    answers.mean = mean_grid(state, tables, machine);
    PITOT_TRY(auto uncertainty, local_uncertainty(tables, state.cells, kNearCells, machine));
    answers.deviation = std::move(uncertainty.deviation);
    answers.precision = std::move(uncertainty.precision);
    return answers;
}

Matrix<double> mean_of_pairs(const KernelState& state, const Side& platforms, const Side& modules, core::Team& team) {
    const GridDistances distances = last_distances(state, platforms, modules, team);
    const Layout layout(distances.platforms, distances.modules);
    return mean_grid(state, make_tables(layout, last_hyper(state), distances.platforms, distances.modules, team), team);
}

BesideTables beside_tables(const KernelState& state, const GridDistances& last, core::Team& team) {
    const BesideLayout layout(last.platforms, last.modules);
    return make_tables(layout, state.beside.hyper, last.platforms, last.modules, team);
}

void take_alone(KernelState& state) {
    const BesideState& beside = state.beside;
    std::vector<std::int64_t> alone;
    state.alpha.clear();
    for (std::size_t n = 0; n < beside.runs.size(); ++n) {
        if (beside.runs.kind(n) == 0) {
            alone.push_back(static_cast<std::int64_t>(n));
            state.alpha.push_back(beside.alpha[n]);
        }
    }
    state.cells = subset_of(beside.runs.cells, alone);
    state.cells.within_squares = beside.runs.within_squares[0];
    state.cells.within_freedom = beside.runs.within_freedom[0];
    state.residual = beside.residual;
}

KernelAnswers means_beside(const KernelState& state, const BesideTables& tables, core::Team& team) {
    const BesideState& beside = state.beside;
    const Matrix<double> alpha =
        sum_by_pair(beside.runs, beside.alpha, tables.alone.platform_effect.rows(), tables.alone.module_effect.rows());
    KernelAnswers answers;
    answers.mean = mean_of(tables.alone, alpha, state.constant, team);
    answers.beside = make_grid(tables, beside.runs, beside.alpha, team);
    answers.noise = tables.noise;
    return answers;
}

Result<KernelAnswers> answer_beside(const KernelState& state, const BesideTables& tables, const Machine& machine) {
    KernelAnswers answers = means_beside(state, tables, machine);
    PITOT_TRY(auto uncertainty, local_uncertainty(tables, state.beside.runs, kNearCells, machine));
    answers.deviation = std::move(uncertainty.alone);
    answers.beside_deviation = std::move(uncertainty.beside);
    answers.precision = std::move(uncertainty.precision);
    return answers;
}

GridDistances last_distances(const KernelState& state, const Side& platforms, const Side& modules, core::Team& team) {
    GridDistances distances = feature_distances(state, platforms, modules);
    if (has_second_pass(state)) {
        add_first_pass(state, distances, team);
    }
    if (!state.beside.first_hyper.empty()) {
        add_beside_pass(state, distances, team);
    }
    return distances;
}

}  // namespace pitot::models::kernel
