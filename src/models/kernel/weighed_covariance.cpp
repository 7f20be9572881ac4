#include "models/kernel/weighed_covariance.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

#include "backend/dense_algebra.hpp"

namespace pitot::models::kernel {
namespace {

namespace dense = backend::dense;

constexpr double kMostSingleResidual = 1e-3;
constexpr std::int64_t kRowBlocks = 16;  // whatever the number of threads: sums are the same to the bit

template <typename T>
double sum_of_logarithms(MatrixView<const T> factor) {
    double sum = 0.0;
    for (std::int64_t u = 0; u < factor.rows; ++u) {
        sum += std::log(static_cast<double>(factor.row(u)[static_cast<std::size_t>(u)]));
    }
    return sum;
}

double product(std::span<const double> a, std::span<const double> b) {
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

// The same in lanes, which compilers make vectors of.
double long_product(const double* a, const double* b, std::int64_t count) {
    std::array<double, 8> lane{};
    std::int64_t n = 0;
    for (; n + std::ssize(lane) <= count; n += std::ssize(lane)) {
        for (std::size_t k = 0; k < lane.size(); ++k) {
            lane[k] += a[n + static_cast<std::int64_t>(k)] * b[n + static_cast<std::int64_t>(k)];
        }
    }
    double sum = std::accumulate(lane.begin(), lane.end(), 0.0);
    for (; n < count; ++n) {
        sum += a[n] * b[n];
    }
    return sum;
}

// y - Kα from the lower triangle of K.
std::vector<double> residual_of(MatrixView<const double> covariance, std::span<const double> target,
                                const std::vector<double>& alpha, core::Team& team) {
    const std::int64_t rows = covariance.rows;
    std::vector<double> residual(target.begin(), target.end());
    Matrix<double> above(kRowBlocks, rows);  // what rows of a block add to those before them
    dense::Workers(team).each(kRowBlocks, [&](std::int64_t block) {
        double* to = &above(block, 0);
        for (std::int64_t u = block; u < rows; u += kRowBlocks) {
            const double* row = covariance.data + u * covariance.stride;
            residual[static_cast<std::size_t>(u)] -= long_product(row, alpha.data(), u + 1);
            const double of_row = alpha[static_cast<std::size_t>(u)];
            for (std::int64_t v = 0; v < u; ++v) {
                to[v] += row[v] * of_row;
            }
        }
    });
    for (std::int64_t block = 0; block < kRowBlocks; ++block) {
        for (std::int64_t v = 0; v < rows; ++v) {
            residual[static_cast<std::size_t>(v)] -= above(block, v);
        }
    }
    return residual;
}

void solve_single(MatrixView<const float> factor, std::span<const double> right, std::vector<double>& sum) {
    std::vector<float> x(right.size());
    std::ranges::transform(right, x.begin(), [](double v) { return static_cast<float>(v); });
    dense::solve_lower<float>(factor, x);
    dense::solve_lower_transposed<float>(factor, x);
    for (std::size_t n = 0; n < sum.size(); ++n) {
        sum[n] += static_cast<double>(x[n]);
    }
}

// In place of the lower triangle of K its inverse, and α; nothing, and K as it was, if single precision will not do.
std::optional<GaussianTerms> invert_single(MatrixView<double> covariance, std::span<const double> target,
                                           std::vector<double>& alpha, core::Team& team) {
    const std::int64_t rows = covariance.rows;
    Matrix<float> single(rows, rows);
    const dense::Workers workers(team);
    workers.each(rows, [&](std::int64_t u) {
        const double* from = covariance.data + u * covariance.stride;
        std::transform(from, from + u + 1, &single(u, 0), [](double v) { return static_cast<float>(v); });
    });
    if (dense::cholesky(single.view(), workers)) {
        return {};
    }
    alpha.assign(target.size(), 0.0);
    solve_single(std::as_const(single).view(), target, alpha);
    const std::vector<double> residual = residual_of(covariance, target, alpha, team);
    if (!(product(residual, residual) < kMostSingleResidual * kMostSingleResidual * product(target, target))) {
        return {};
    }
    solve_single(std::as_const(single).view(), residual, alpha);
    const GaussianTerms terms{sum_of_logarithms<float>(std::as_const(single).view()), product(target, alpha)};
    dense::inverse_from_cholesky(single.view(), workers);
    workers.each(rows, [&](std::int64_t u) {
        std::copy(&single(u, 0), &single(u, 0) + u + 1, covariance.data + u * covariance.stride);
    });
    return terms;
}

std::optional<GaussianTerms> invert(MatrixView<double> covariance, std::span<const double> target,
                                    std::vector<double>& alpha, core::Team& team) {
    if (dense::cholesky(covariance, team)) {
        return {};
    }
    alpha.assign(target.begin(), target.end());
    dense::solve_lower<double>(covariance, alpha);
    const GaussianTerms terms{sum_of_logarithms<double>(covariance), product(alpha, alpha)};
    dense::solve_lower_transposed<double>(covariance, alpha);
    dense::inverse_from_cholesky(covariance, team);
    return terms;
}

}  // namespace

std::optional<GaussianTerms> weigh_covariance(MatrixView<double> covariance, std::span<const double> target,
                                              core::Team& team) {
    std::vector<double> alpha;
    std::optional<GaussianTerms> terms;
    if (covariance.rows >= kSinglePrecisionRows) {
        terms = invert_single(covariance, target, alpha, team);
    }
    if (!terms) {
        terms = invert(covariance, target, alpha, team);
    }
    if (!terms) {
        return {};
    }
    dense::Workers(team).each(covariance.rows, [&](std::int64_t u) {
        double* row = covariance.data + u * covariance.stride;
        for (std::int64_t v = 0; v <= u; ++v) {
            row[v] = 0.5 * (row[v] - alpha[static_cast<std::size_t>(u)] * alpha[static_cast<std::size_t>(v)]);
        }
    });
    dense::mirror_lower(covariance);
    return terms;
}

}  // namespace pitot::models::kernel
