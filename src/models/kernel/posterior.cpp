#include "models/kernel/posterior.hpp"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <numeric>
#include <set>
#include <utility>

#include "backend/dense_algebra.hpp"
#include "models/kernel/likelihood.hpp"
#include "models/kernel/solve.hpp"

namespace pitot::models::kernel {
namespace {

namespace dense = backend::dense;

// Squared distances between modules by what the covariance of both on the same platform says, averaged over platforms.
Matrix<double> spread_of_modules(const Tables& tables) {
    const std::int64_t rows = tables.module_effect.rows();
    Matrix<double> covariance = tables.module_effect.clone();
    for (std::size_t q = 0; q < tables.terms; ++q) {
        const auto of_platforms = tables.platform[q].value.flat();
        const double mean =
            std::accumulate(of_platforms.begin(), of_platforms.end(), 0.0) / static_cast<double>(of_platforms.size());
        for (std::size_t n = 0; n < covariance.flat().size(); ++n) {
            covariance.flat()[n] += tables.scale[q] * mean * tables.module[q].value.flat()[n];
        }
    }
    Matrix<double> spread(rows, rows);
    for (std::int64_t i = 0; i < rows; ++i) {
        for (std::int64_t k = 0; k < rows; ++k) {
            spread(i, k) = covariance(i, i) + covariance(k, k) - 2.0 * covariance(i, k);
        }
    }
    return spread;
}

// Adds `from`, or so many of it, spread over all of it, that `to` has `most`.
void add_some(const std::vector<std::int64_t>& from, std::int64_t most, std::vector<std::int64_t>& to) {
    const std::int64_t all = std::ssize(from);
    const std::int64_t count = std::min(all, std::max<std::int64_t>(most - std::ssize(to), 0));
    for (std::int64_t n = 0; n < count; ++n) {
        to.push_back(from[static_cast<std::size_t>(n * all / count)]);
    }
}

// Other rows of a side, the nearest first.
std::vector<std::size_t> others_by_distance(const Matrix<double>& spread, const std::set<std::int32_t>& wanted) {
    std::vector<double> distance(static_cast<std::size_t>(spread.rows()), 0.0);
    std::vector<std::size_t> order;
    for (std::size_t row = 0; row < distance.size(); ++row) {
        const auto at = static_cast<std::int32_t>(row);
        for (const std::int32_t of : wanted) {
            const double d = spread(of, at);
            distance[row] = of == *wanted.begin() ? d : std::min(distance[row], d);
        }
        if (!wanted.contains(at)) {
            order.push_back(row);
        }
    }
    std::ranges::stable_sort(order, {}, [&](std::size_t row) { return distance[row]; });
    return order;
}

// Cells of some rows of a side and of the rows nearest them: all of these rows' own that are `alone`; with those of the
// nearest that are, two thirds of `most` at least; then their own beside others, and those of the nearest.
std::vector<std::int64_t> near_rows(const Matrix<double>& spread, std::span<const std::int32_t> row_of_cell,
                                    const std::set<std::int32_t>& wanted, std::int64_t most,
                                    const std::function<bool(std::int64_t)>& alone) {
    using CellsOfRows = std::vector<std::vector<std::int64_t>>;
    const auto rows = static_cast<std::size_t>(spread.rows());
    CellsOfRows alone_of(rows), beside_of(rows);
    std::vector<std::int64_t> near, own_beside;
    std::int64_t beside = 0;
    for (std::size_t n = 0; n < row_of_cell.size(); ++n) {
        const auto number = static_cast<std::int64_t>(n);
        const auto row = static_cast<std::size_t>(row_of_cell[n]);
        const bool ran_alone = alone(number);
        beside += ran_alone ? 0 : 1;
        if (wanted.contains(row_of_cell[n])) {
            (ran_alone ? near : own_beside).push_back(number);
        } else {
            (ran_alone ? alone_of : beside_of)[row].push_back(number);
        }
    }
    const std::vector<std::size_t> order = others_by_distance(spread, wanted);
    for (const std::size_t row : order) {
        add_some(alone_of[row], most - std::min(most / 3, beside), near);
    }
    add_some(own_beside, most, near);
    for (const std::size_t row : order) {
        add_some(beside_of[row], most, near);
    }
    std::ranges::sort(near);
    return near;
}

std::vector<std::int64_t> nearest(const PreparedTables& prepared, const Cells& cells, const Pairs& pairs,
                                  std::int64_t most, const std::function<bool(std::int64_t)>& alone) {
    const std::set<std::int32_t> platforms(pairs.platform.begin(), pairs.platform.end());
    const std::set<std::int32_t> modules(pairs.module.begin(), pairs.module.end());
    return platforms.size() <= modules.size()
               ? near_rows(prepared.platform_spread, cells.platform, platforms, most, alone)
               : near_rows(prepared.module_spread, cells.module, modules, most, alone);
}

// The last rows of a joint covariance given those before them, whose noise is in it.
std::optional<Conditioned> last_given_first(Matrix<double>& joint, std::int64_t known, bool weights, core::Team& team) {
    const std::int64_t wanted = joint.rows() - known;
    const MatrixView<double> factor = joint.view().row_range(0, known).columns(0, known);
    const MatrixView<double> below = joint.view().row_range(known, wanted);
    if (known > 0) {
        if (dense::cholesky(factor, team)) {
            return {};
        }
        dense::solve_lower_rows<double>(factor, below.columns(0, known), team);
    }
    Conditioned result{Matrix<double>(wanted, wanted), {}};
    for (std::int64_t u = 0; u < wanted; ++u) {
        for (std::int64_t v = 0; v <= u; ++v) {
            result.covariance(u, v) = below(u, known + v);
        }
    }
    if (known > 0) {
        dense::multiply_by_itself<double>(below.columns(0, known), result.covariance.view(), {-1.0, 1.0}, team);
    }
    dense::mirror_lower(result.covariance.view());
    if (weights) {
        result.weight = Matrix<double>(wanted, known);
        if (known > 0) {
            dense::solve_lower_transposed_rows<double>(factor, below.columns(0, known), team);
        }
        for (std::int64_t u = 0; u < wanted; ++u) {
            std::ranges::copy(below.columns(0, known).row(u), result.weight.view().row(u).begin());
        }
    }
    return result;
}

// Pairs behind cells.
void append_pairs(const Pairs& pairs, Cells& cells) {
    cells.platform.insert(cells.platform.end(), pairs.platform.begin(), pairs.platform.end());
    cells.module.insert(cells.module.end(), pairs.module.begin(), pairs.module.end());
    cells.mean.resize(cells.platform.size(), 0.0);
    cells.count.resize(cells.platform.size(), 1.0);
}

}  // namespace

std::shared_ptr<const PreparedTables> prepare_tables(const KernelState& state, const Side& platforms,
                                                     const Side& modules, core::Team& team) {
    const GridDistances distances = last_distances(state, platforms, modules, team);
    auto prepared = std::make_shared<PreparedTables>();
    if (knows_co_runners(state)) {
        prepared->tables = beside_tables(state, distances, team);
    } else {
        const Layout layout(distances.platforms, distances.modules);
        prepared->tables.alone = make_tables(layout, last_hyper(state), distances.platforms, distances.modules, team);
    }
    prepared->platform_spread = platform_spread(prepared->tables.alone);
    prepared->module_spread = spread_of_modules(prepared->tables.alone);
    return prepared;
}

std::vector<std::int64_t> nearest_cells(const PreparedTables& prepared, const Cells& cells, const Pairs& pairs,
                                        std::int64_t most) {
    return nearest(prepared, cells, pairs, most, [](std::int64_t /*number*/) { return true; });
}

std::vector<std::int64_t> nearest_runs(const PreparedTables& prepared, const Runs& runs, const Pairs& pairs,
                                       std::int64_t most) {
    return nearest(prepared, runs.cells, pairs, most,
                   [&](std::int64_t number) { return runs.kind(static_cast<std::size_t>(number)) == 0; });
}

std::optional<Conditioned> condition(const Tables& tables, const Cells& given, const Pairs& pairs, bool weights,
                                     core::Team& team) {
    Cells all = given;
    append_pairs(pairs, all);
    Matrix<double> joint(std::ssize(all.mean), std::ssize(all.mean));
    fill_covariance(tables, all, joint.view(), team);
    const std::int64_t known = std::ssize(given.mean);
    for (std::int64_t n = 0; n < known; ++n) {
        const auto at = static_cast<std::size_t>(n);
        joint(n, n) += tables.noise_of(given.platform[at]) / given.count[at];
    }
    return last_given_first(joint, known, weights, team);
}

std::optional<Conditioned> condition(const BesideTables& tables, const Runs& given, const Pairs& pairs, bool weights,
                                     core::Team& team) {
    Runs all = given;
    append_pairs(pairs, all.cells);
    all.co_runner.resize(all.size() * all.width, -1);
    Matrix<double> joint(std::ssize(all.cells.mean), std::ssize(all.cells.mean));
    fill_covariance(tables, all, joint.view(), team);
    const std::int64_t known = std::ssize(given.cells.mean);
    for (std::int64_t u = known; u < joint.rows(); ++u) {
        joint(u, u) -= tables.noise_of(all, static_cast<std::size_t>(u));
    }
    return last_given_first(joint, known, weights, team);
}

Result<ConditionedNear> condition_near(const KernelState& state, const PreparedTables& prepared, const Pairs& pairs,
                                       bool weights, core::Team& team) {
    ConditionedNear result;
    std::optional<Conditioned> given;
    if (knows_co_runners(state)) {
        result.near = nearest_runs(prepared, state.beside.runs, pairs, kPosteriorCells);
        given = condition(prepared.tables, subset_of(state.beside.runs, result.near), pairs, weights, team);
    } else {
        result.near = nearest_cells(prepared, state.cells, pairs, kPosteriorCells);
        given = condition(prepared.tables.alone, subset_of(state.cells, result.near), pairs, weights, team);
    }
    if (!given) {
        return fail(ErrorCode::kInput, "the covariance matrix of the observations is not positive definite");
    }
    result.given = std::move(*given);
    return result;
}

}  // namespace pitot::models::kernel
