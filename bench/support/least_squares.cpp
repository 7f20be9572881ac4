#include "bench/support/least_squares.hpp"

#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include <Eigen/Cholesky>

namespace pitot::bench {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

// A pair with the mean of its runs.
struct Cell {
    Eigen::Index platform;
    Eigen::Index module;
    double y;
};

std::vector<Cell> cells_of(const ObservationView& runs) {
    std::map<std::pair<std::int32_t, std::int32_t>, std::pair<double, double>> sums;
    for (std::size_t n = 0; n < runs.runtime_us.size(); ++n) {
        auto& [sum, count] = sums[{runs.platform[n], runs.module[n]}];
        sum += std::log(runs.runtime_us[n]);
        count += 1.0;
    }
    std::vector<Cell> cells;
    cells.reserve(sums.size());
    for (const auto& [pair, sum] : sums) {
        cells.push_back({pair.first, pair.second, sum.first / sum.second});
    }
    return cells;
}

// A side's rows (term, then factors), given those of the other side.
struct Solver {
    std::vector<std::vector<std::pair<Eigen::Index, double>>> cells;  // of a row: of the other side, y - c

    void solve(const MatrixXd& other, const LeastSquares& settings, MatrixXd& rows) const {
        const Eigen::Index width = rows.cols();
        VectorXd penalty = VectorXd::Constant(width, settings.ridge);
        penalty[0] = settings.least_ridge;
        for (std::size_t i = 0; i < cells.size(); ++i) {
            MatrixXd gram = penalty.asDiagonal();
            VectorXd right = VectorXd::Zero(width);
            for (const auto& [j, y] : cells[i]) {
                VectorXd x = other.row(j).transpose();
                const double rest = y - x[0];
                x[0] = 1.0;
                gram.selfadjointView<Eigen::Lower>().rankUpdate(x);
                right += rest * x;
            }
            rows.row(static_cast<Eigen::Index>(i)) = gram.selfadjointView<Eigen::Lower>().ldlt().solve(right);
        }
    }
};

Matrix<double> fit_cells(std::span<const Cell> cells, std::int64_t platforms, std::int64_t modules,
                         const LeastSquares& settings, core::Key key) {
    double centre = 0.0;
    for (const Cell& cell : cells) {
        centre += cell.y / static_cast<double>(cells.size());
    }
    Solver of_platforms{std::vector<std::vector<std::pair<Eigen::Index, double>>>(static_cast<std::size_t>(platforms))};
    Solver of_modules{std::vector<std::vector<std::pair<Eigen::Index, double>>>(static_cast<std::size_t>(modules))};
    for (const Cell& cell : cells) {
        of_platforms.cells[static_cast<std::size_t>(cell.platform)].emplace_back(cell.module, cell.y - centre);
        of_modules.cells[static_cast<std::size_t>(cell.module)].emplace_back(cell.platform, cell.y - centre);
    }
    MatrixXd p = MatrixXd::Zero(platforms, settings.rank + 1);
    MatrixXd m = MatrixXd::Zero(modules, settings.rank + 1);
    core::Stream stream(key.fold("start"));
    for (Eigen::Index j = 0; j < m.rows(); ++j) {
        for (Eigen::Index q = 1; q < m.cols(); ++q) {
            m(j, q) = 0.3 * stream.normal();
        }
    }
    for (int sweep = 0; sweep < settings.sweeps; ++sweep) {
        of_platforms.solve(m, settings, p);
        of_modules.solve(p, settings, m);
    }
    Matrix<double> y(platforms, modules);
    for (std::int64_t i = 0; i < platforms; ++i) {
        for (std::int64_t j = 0; j < modules; ++j) {
            y(i, j) = centre + p(i, 0) + m(j, 0) + p.row(i).tail(settings.rank).dot(m.row(j).tail(settings.rank));
        }
    }
    return y;
}

}  // namespace

Matrix<double> fit_least_squares(const ObservationView& runs, std::int64_t platforms, std::int64_t modules,
                                 const LeastSquares& settings, core::Key key) {
    return fit_cells(cells_of(runs), platforms, modules, settings, key);
}

Matrix<double> validated_least_squares(const ObservationView& runs, std::int64_t platforms, std::int64_t modules,
                                       core::Key key, LeastSquares* chosen) {
    constexpr std::array<std::int64_t, 6> ranks{0, 1, 2, 3, 5, 8};
    constexpr std::array<double, 4> ridges{0.003, 0.03, 0.3, 3.0};
    std::vector<Cell> cells = cells_of(runs);
    core::shuffle(key.fold("validation"), std::span(cells));
    const std::span<const Cell> all(cells);
    const std::size_t held = all.size() / 5;
    LeastSquares best;
    double least = std::numeric_limits<double>::infinity();
    for (const std::int64_t rank : ranks) {
        for (const double ridge : ridges) {
            LeastSquares settings;
            settings.rank = rank;
            settings.ridge = ridge;
            const Matrix<double> y = fit_cells(all.subspan(held), platforms, modules, settings, key);
            double error = 0.0;
            for (const Cell& cell : all.first(held)) {
                error += std::abs(y(cell.platform, cell.module) - cell.y);
            }
            if (error < least) {
                least = error;
                best = settings;
            }
            if (rank == 0) {
                break;  // without factors there is no ridge
            }
        }
    }
    if (chosen != nullptr) {
        *chosen = best;
    }
    return fit_cells(all, platforms, modules, best, key);
}

}  // namespace pitot::bench
