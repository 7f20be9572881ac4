#include "models/kernel/posterior.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <set>

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

// The cells of some rows of a side and of the rows nearest them.
std::vector<std::int64_t> near_rows(const Matrix<double>& spread, std::span<const std::int32_t> row_of_cell,
                                    const std::set<std::int32_t>& wanted, std::int64_t most) {
    std::vector<std::vector<std::int64_t>> cells_of(static_cast<std::size_t>(spread.rows()));
    for (std::size_t n = 0; n < row_of_cell.size(); ++n) {
        cells_of[static_cast<std::size_t>(row_of_cell[n])].push_back(static_cast<std::int64_t>(n));
    }
    std::vector<double> distance(cells_of.size(), 0.0);
    for (std::size_t row = 0; row < cells_of.size(); ++row) {
        const auto at = static_cast<std::int32_t>(row);
        for (const std::int32_t of : wanted) {
            const double d = spread(of, at);
            distance[row] = of == *wanted.begin() ? d : std::min(distance[row], d);
        }
        distance[row] = wanted.contains(at) ? -1.0 : distance[row];
    }
    std::vector<std::size_t> order(cells_of.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, {}, [&](std::size_t row) { return distance[row]; });
    std::vector<std::int64_t> near;
    for (const std::size_t row : order) {
        const bool own = wanted.contains(static_cast<std::int32_t>(row));
        if (!own && std::ssize(near) + std::ssize(cells_of[row]) > most) {
            break;
        }
        near.insert(near.end(), cells_of[row].begin(), cells_of[row].end());
    }
    std::ranges::sort(near);
    return near;
}

}  // namespace

std::shared_ptr<const PreparedTables> prepare_tables(const KernelState& state, const Side& platforms,
                                                     const Side& modules, core::Team& team) {
    GridDistances distances = feature_distances(state, platforms, modules);
    if (has_second_pass(state)) {
        add_first_pass(state, distances, team);
    }
    const Layout layout(distances.platforms, distances.modules);
    auto prepared = std::make_shared<PreparedTables>();
    prepared->tables = make_tables(layout, has_second_pass(state) ? state.hyper : state.first_hyper,
                                   distances.platforms, distances.modules, team);
    prepared->platform_spread = platform_spread(prepared->tables);
    prepared->module_spread = spread_of_modules(prepared->tables);
    return prepared;
}

std::vector<std::int64_t> nearest_cells(const PreparedTables& prepared, const Cells& cells, const Pairs& pairs,
                                        std::int64_t most) {
    const std::set<std::int32_t> platforms(pairs.platform.begin(), pairs.platform.end());
    const std::set<std::int32_t> modules(pairs.module.begin(), pairs.module.end());
    return platforms.size() <= modules.size() ? near_rows(prepared.platform_spread, cells.platform, platforms, most)
                                              : near_rows(prepared.module_spread, cells.module, modules, most);
}

std::optional<Conditioned> condition(const Tables& tables, const Cells& given, const Pairs& pairs, bool weights,
                                     core::Team& team) {
    Cells all = given;
    all.platform.insert(all.platform.end(), pairs.platform.begin(), pairs.platform.end());
    all.module.insert(all.module.end(), pairs.module.begin(), pairs.module.end());
    all.mean.resize(all.platform.size(), 0.0);
    all.count.resize(all.platform.size(), 1.0);
    const std::int64_t known = std::ssize(given.mean);
    const std::int64_t wanted = std::ssize(pairs.platform);
    Matrix<double> joint(known + wanted, known + wanted);
    fill_covariance(tables, all, joint.view(), team);
    for (std::int64_t n = 0; n < known; ++n) {
        joint(n, n) += tables.noise / given.count[static_cast<std::size_t>(n)];
    }
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

}  // namespace pitot::models::kernel
