#include "models/kernel/beside_distances.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "backend/dense_algebra.hpp"

namespace pitot::models::kernel {
namespace {

namespace dense = backend::dense;

// Products of a matrix's rows with one another, as a whole.
Matrix<double> gram(const Matrix<double>& rows, core::Team& team) {
    Matrix<double> products(rows.rows(), rows.rows());
    dense::multiply_by_itself<double>(rows.view(), products.view(), {1.0, 0.0}, dense::Workers(team));
    dense::mirror_lower(products.view());
    return products;
}

// 2 - 2 correlation of rows less the column means, and their squared Euclidean distance over its mean.
void add_groups(Matrix<double> rows, std::int64_t reference, SideDistances& side, core::Team& team) {
    const std::int64_t count = rows.rows();
    const auto n = static_cast<double>(std::max<std::int64_t>(reference, 1));
    Matrix<double> euclidean(count, count);
    Matrix<double> products = gram(rows, team);
    double sum = 0.0;
    for (std::int64_t i = 0; i < count; ++i) {
        for (std::int64_t j = 0; j < count; ++j) {
            euclidean(i, j) = i == j ? 0.0 : std::max(products(i, i) + products(j, j) - 2.0 * products(i, j), 0.0);
            sum += i < reference && j < reference ? euclidean(i, j) : 0.0;
        }
    }
    for (double& d : euclidean.flat()) {
        d = sum > kLeastSquares ? d * n * n / sum : 0.0;
    }
    std::vector<double> mean(static_cast<std::size_t>(rows.cols()), 0.0);
    for (std::int64_t i = 0; i < reference; ++i) {
        const auto row = rows.view().row(i);
        std::ranges::transform(row, mean, mean.begin(), [&](double v, double m) { return m + v / n; });
    }
    for (std::int64_t i = 0; i < count; ++i) {
        const auto row = rows.view().row(i);
        std::ranges::transform(row, mean, row.begin(), [](double v, double m) { return v - m; });
    }
    products = gram(rows, team);
    Matrix<double> correlation(count, count);
    for (std::int64_t i = 0; i < count; ++i) {
        for (std::int64_t j = 0; j < count; ++j) {
            // A row without any deviation is like no other.
            const double squares = products(i, i) * products(j, j);
            const double like = squares > 0.0 ? products(i, j) / std::sqrt(squares) : 0.5;
            correlation(i, j) = i == j ? 0.0 : std::max(2.0 - 2.0 * like, 0.0);
        }
    }
    side.groups.push_back(std::move(correlation));
    side.groups.push_back(std::move(euclidean));
}

}  // namespace

void add_beside_distances(const BesideGrid& grid, std::int64_t reference_platforms, std::int64_t reference_modules,
                          SideDistances& platforms, SideDistances& modules, core::Team& team) {
    const auto h = [&](std::int64_t i, std::int64_t j, std::int64_t k) {
        return static_cast<double>(grid.one(i * grid.one.cols() + k, j));
    };
    Matrix<double> rows(platforms.rows, reference_modules * reference_modules);
    for (std::int64_t i = 0; i < rows.rows(); ++i) {
        for (std::int64_t c = 0; c < rows.cols(); ++c) {
            rows(i, c) = h(i, c % reference_modules, c / reference_modules);
        }
    }
    add_groups(std::move(rows), reference_platforms, platforms, team);
    for (const bool beside : {false, true}) {
        Matrix<double> of_modules(modules.rows, reference_platforms * reference_modules);
        for (std::int64_t j = 0; j < of_modules.rows(); ++j) {
            for (std::int64_t c = 0; c < of_modules.cols(); ++c) {
                const std::int64_t other = c % reference_modules;
                of_modules(j, c) = h(c / reference_modules, beside ? other : j, beside ? j : other);
            }
        }
        add_groups(std::move(of_modules), reference_modules, modules, team);
    }
}

}  // namespace pitot::models::kernel
