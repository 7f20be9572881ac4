#include "models/kernel/grid.hpp"

#include <cstddef>
#include <vector>

#include "backend/dense_algebra.hpp"

namespace pitot::models::kernel {

namespace dense = backend::dense;

Matrix<double> product_part(const Tables& tables, MatrixView<const double> grid, core::Team& team) {
    Matrix<double> sum(grid.rows, grid.cols);
    Matrix<double> half(grid.rows, grid.cols);
    const dense::Workers workers(team);
    for (std::int64_t i = 0; i < grid.rows; ++i) {
        for (std::int64_t j = 0; j < grid.cols; ++j) {
            sum(i, j) = -tables.white * grid(i, j);
        }
    }
    for (std::size_t q = 0; q < tables.terms; ++q) {
        dense::multiply(tables.platform[q].value.view(), grid, half.view(), {tables.scale[q], 0.0}, workers);
        dense::multiply<double>(half.view(), tables.module[q].value.view(), sum.view(), {1.0, 1.0}, workers);
    }
    return sum;
}

Matrix<double> covariance_product(const Tables& tables, MatrixView<const double> grid, core::Team& team) {
    Matrix<double> sum = product_part(tables, grid, team);
    std::vector<double> of_platform(static_cast<std::size_t>(grid.rows), 0.0);
    std::vector<double> of_module(static_cast<std::size_t>(grid.cols), 0.0);
    for (std::int64_t i = 0; i < grid.rows; ++i) {
        for (std::int64_t j = 0; j < grid.cols; ++j) {
            of_platform[static_cast<std::size_t>(i)] += grid(i, j);
            of_module[static_cast<std::size_t>(j)] += grid(i, j);
        }
    }
    const auto effects = [](const Matrix<double>& table, const std::vector<double>& sums) {
        std::vector<double> effect(sums.size(), 0.0);
        for (std::size_t i = 0; i < sums.size(); ++i) {
            const auto row = table.view().row(static_cast<std::int64_t>(i));
            for (std::size_t k = 0; k < sums.size(); ++k) {
                effect[i] += row[k] * sums[k];
            }
        }
        return effect;
    };
    const std::vector<double> a = effects(tables.platform_effect, of_platform);
    const std::vector<double> b = effects(tables.module_effect, of_module);
    for (std::int64_t i = 0; i < grid.rows; ++i) {
        for (std::int64_t j = 0; j < grid.cols; ++j) {
            sum(i, j) += a[static_cast<std::size_t>(i)] + b[static_cast<std::size_t>(j)];
        }
    }
    return sum;
}

}  // namespace pitot::models::kernel
