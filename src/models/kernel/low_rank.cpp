#include "models/kernel/low_rank.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <utility>

#include "backend/dense_algebra.hpp"

namespace pitot::models::kernel {
namespace {

namespace dense = backend::dense;

constexpr double kOwn = 0.3;  // share of a factor's variance that features do not tell

Matrix<double> prior_of(const SideDistances& side) {
    Matrix<double> covariance(side.rows, side.rows);
    for (std::int64_t i = 0; i < side.rows; ++i) {
        for (std::int64_t k = 0; k < side.rows; ++k) {
            double sum = 0.0;
            for (std::int64_t g = 0; g < side.features; ++g) {
                sum += side.groups[static_cast<std::size_t>(g)](i, k);
            }
            covariance(i, k) = side.features > 0 ? (1.0 - kOwn) * std::exp(-std::sqrt(sum)) : 0.0;
        }
        covariance(i, i) = 1.0;
    }
    return covariance;
}

// A matrix that is positive definite by its make: kOwn or more of every diagonal element is its own.
Matrix<double> inverse_of(Matrix<double> matrix, core::Team& team) {
    (void)dense::cholesky(matrix.view(), team);
    dense::inverse_from_cholesky(matrix.view(), team);
    dense::mirror_lower(matrix.view());
    return matrix;
}

// Moments of symmetric matrices are kept as their lower triangles, row by row, off-diagonal elements once.
class Triangle {
public:
    explicit Triangle(std::int64_t rank) : rank_(static_cast<std::size_t>(rank)) {}
    [[nodiscard]] std::size_t size() const { return rank_ * (rank_ + 1) / 2; }
    [[nodiscard]] static std::size_t at(std::size_t row, std::size_t col) { return row * (row + 1) / 2 + col; }

private:
    std::size_t rank_;
};

// One side of the factorization: means and second moments of its rows.
struct Factors {
    Matrix<double> mean;                                              // rows × rank
    Matrix<double> moment;                                            // rows × triangle: E[x xᵀ]
    Matrix<double> spread;                                            // rows × rank: variances
    std::vector<double> precision;                                    // of each column's process
    Matrix<double> inverse;                                           // of the process's covariance
    std::vector<std::vector<std::pair<std::int64_t, double>>> cells;  // of each row: the other side's row, and residual

    Factors(const SideDistances& side, std::int64_t rank, core::Team& team)
        : mean(side.rows, rank),
          moment(side.rows, static_cast<std::int64_t>(Triangle(rank).size())),
          spread(side.rows, rank),
          precision(static_cast<std::size_t>(rank), 1.0),
          inverse(inverse_of(prior_of(side), team)),
          cells(static_cast<std::size_t>(side.rows)) {}
};

void set_moment(Factors& side, std::int64_t row, MatrixView<const double> covariance) {
    const auto x = side.mean.view().row(row);
    const auto moment = side.moment.view().row(row);
    for (std::size_t q = 0; q < x.size(); ++q) {
        for (std::size_t p = 0; p <= q; ++p) {
            moment[Triangle::at(q, p)] =
                x[q] * x[p] + covariance(static_cast<std::int64_t>(q), static_cast<std::int64_t>(p));
        }
    }
}

// Rows' posteriors given the other side's, in order: a row's prior depends on the means of those before it.
void update_rows(Factors& side, const Factors& other, double noise, core::Team& team) {
    const std::int64_t rows = side.mean.rows();
    const std::int64_t rank = side.mean.cols();
    std::vector<Matrix<double>> covariance(static_cast<std::size_t>(rows));
    Matrix<double> pull(rows, rank);
    dense::Workers(team).each(rows, [&](std::int64_t row) {
        std::vector<double> sum(Triangle(rank).size(), 0.0);
        const auto to = pull.view().row(row);
        for (const auto& [place, residual] : side.cells[static_cast<std::size_t>(row)]) {
            const auto moment = other.moment.view().row(place);
            for (std::size_t n = 0; n < sum.size(); ++n) {
                sum[n] += moment[n];
            }
            const auto mean = other.mean.view().row(place);
            for (std::size_t q = 0; q < to.size(); ++q) {
                to[q] += mean[q] * residual / noise;
            }
        }
        Matrix<double> matrix(rank, rank);
        for (std::int64_t q = 0; q < rank; ++q) {
            for (std::int64_t p = 0; p <= q; ++p) {
                matrix(q, p) = sum[Triangle::at(static_cast<std::size_t>(q), static_cast<std::size_t>(p))] / noise;
            }
            matrix(q, q) += side.precision[static_cast<std::size_t>(q)] * side.inverse(row, row);
        }
        core::Team alone(1);
        covariance[static_cast<std::size_t>(row)] = inverse_of(std::move(matrix), alone);
    });
    for (std::int64_t row = 0; row < rows; ++row) {
        std::vector<double> prior(static_cast<std::size_t>(rank), 0.0);
        for (std::int64_t k = 0; k < rows; ++k) {
            const double weight = k == row ? 0.0 : side.inverse(row, k);
            const auto mean = side.mean.view().row(k);
            for (std::size_t q = 0; q < prior.size(); ++q) {
                prior[q] += weight * mean[q];
            }
        }
        const Matrix<double>& of_row = covariance[static_cast<std::size_t>(row)];
        for (std::int64_t q = 0; q < rank; ++q) {
            double sum = 0.0;
            for (std::int64_t p = 0; p < rank; ++p) {
                const auto at = static_cast<std::size_t>(p);
                sum += of_row(q, p) * (pull(row, p) - side.precision[at] * prior[at]);
            }
            side.mean(row, q) = sum;
            side.spread(row, q) = of_row(q, q);
        }
        set_moment(side, row, of_row.view());
    }
}

void update_precision(Factors& side) {
    const std::int64_t rows = side.mean.rows();
    for (std::int64_t q = 0; q < side.mean.cols(); ++q) {
        double square = 0.0;
        for (std::int64_t i = 0; i < rows; ++i) {
            double product = 0.0;
            for (std::int64_t k = 0; k < rows; ++k) {
                product += side.inverse(i, k) * side.mean(k, q);
            }
            square += side.mean(i, q) * product + side.inverse(i, i) * side.spread(i, q);
        }
        side.precision[static_cast<std::size_t>(q)] = static_cast<double>(rows) / square;
    }
}

// The mean of (residual - u · v)² over the posterior.
double expected_noise(const Factors& platforms, const Factors& modules, core::Team& team) {
    std::vector<double> of_row(platforms.cells.size(), 0.0);
    dense::Workers(team).each(std::ssize(of_row), [&](std::int64_t i) {
        const auto u = platforms.mean.view().row(i);
        const auto second = platforms.moment.view().row(i);
        for (const auto& [place, residual] : platforms.cells[static_cast<std::size_t>(i)]) {
            const auto v = modules.mean.view().row(place);
            const auto other = modules.moment.view().row(place);
            double product = 0.0;
            double moment = 0.0;
            for (std::size_t q = 0; q < u.size(); ++q) {
                product += u[q] * v[q];
                moment -= second[Triangle::at(q, q)] * other[Triangle::at(q, q)];
            }
            for (std::size_t n = 0; n < second.size(); ++n) {
                moment += 2.0 * second[n] * other[n];
            }
            of_row[static_cast<std::size_t>(i)] += residual * residual - 2.0 * residual * product + moment;
        }
    });
    double sum = 0.0;
    double count = 0.0;
    for (std::size_t i = 0; i < of_row.size(); ++i) {
        sum += of_row[i];
        count += static_cast<double>(platforms.cells[i].size());
    }
    return sum / count;
}

void start(Factors& side, core::Key key) {
    constexpr double kSize = 1.0;
    constexpr double kVariance = 0.01;
    core::Stream draws(key);
    const std::int64_t rank = side.mean.cols();
    Matrix<double> covariance(rank, rank);
    for (std::int64_t q = 0; q < rank; ++q) {
        covariance(q, q) = kVariance;
    }
    for (std::int64_t i = 0; i < side.mean.rows(); ++i) {
        for (std::int64_t q = 0; q < rank; ++q) {
            side.mean(i, q) = kSize * draws.normal();
        }
        set_moment(side, i, covariance.view());
    }
}

// Root mean square of each column.
std::vector<double> sizes_of(const Matrix<double>& mean) {
    std::vector<double> size(static_cast<std::size_t>(mean.cols()), 0.0);
    for (std::int64_t i = 0; i < mean.rows(); ++i) {
        for (std::int64_t q = 0; q < mean.cols(); ++q) {
            size[static_cast<std::size_t>(q)] += mean(i, q) * mean(i, q) / static_cast<double>(mean.rows());
        }
    }
    std::ranges::transform(size, size.begin(), [](double square) { return std::sqrt(square); });
    return size;
}

void scale_columns(Matrix<double>& mean, const std::vector<double>& size) {
    for (std::int64_t i = 0; i < mean.rows(); ++i) {
        for (std::int64_t q = 0; q < mean.cols(); ++q) {
            mean(i, q) *= size[static_cast<std::size_t>(q)];
        }
    }
}

}  // namespace

LowRank fit_low_rank(const SideDistances& platforms, const SideDistances& modules, const Cells& cells,
                     const std::vector<double>& residual, const LowRankOptions& options, core::Key key,
                     core::Team& team) {
    // Columns are only given up once all had the time to find what they can tell.
    constexpr std::int64_t kWarmUpSweeps = 30;
    constexpr double kStartingNoise = 0.05;
    constexpr double kLeastNoise = 1e-6;
    constexpr double kSettled = 1e-3;
    double square = 0.0;
    for (const double r : residual) {
        square += r * r / static_cast<double>(residual.size());
    }
    if (!(square > 0.0)) {
        return {};
    }
    const std::int64_t rank = std::min({options.rank, platforms.rows, modules.rows});
    Factors u(platforms, rank, team);
    Factors v(modules, rank, team);
    for (std::size_t n = 0; n < residual.size(); ++n) {
        const double value = residual[n] / std::sqrt(square);
        u.cells[static_cast<std::size_t>(cells.platform[n])].emplace_back(cells.module[n], value);
        v.cells[static_cast<std::size_t>(cells.module[n])].emplace_back(cells.platform[n], value);
    }
    start(u, key.fold("platforms"));
    start(v, key.fold("modules"));
    double noise = kStartingNoise;
    for (std::int64_t sweep = 0; sweep < options.sweeps; ++sweep) {
        update_rows(u, v, noise, team);
        update_rows(v, u, noise, team);
        if (sweep < kWarmUpSweeps) {
            continue;
        }
        update_precision(u);
        update_precision(v);
        const double before = noise;
        noise = std::max(expected_noise(u, v, team), kLeastNoise);
        if (std::abs(noise - before) < kSettled * noise && sweep > 2 * kWarmUpSweeps) {
            break;
        }
    }
    LowRank found{{}, {}, Matrix<double>(platforms.rows, modules.rows)};
    dense::multiply_by_rows<double>(u.mean.view(), v.mean.view(), found.product.view(), {std::sqrt(square), 0.0}, team);
    const std::vector<double> of_u = sizes_of(u.mean);
    const std::vector<double> of_v = sizes_of(v.mean);
    scale_columns(u.mean, of_v);
    scale_columns(v.mean, of_u);
    found.platform = std::move(u.mean);
    found.module = std::move(v.mean);
    return found;
}

Matrix<double> extend_factors(const Matrix<double>& factors, const std::vector<bool>& held_out,
                              const SideDistances& side, core::Team& team) {
    std::vector<std::int64_t> known, unknown;
    for (std::int64_t i = 0; i < side.rows; ++i) {
        const bool out = i >= factors.rows() || (!held_out.empty() && held_out[static_cast<std::size_t>(i)]);
        (out ? unknown : known).push_back(i);
    }
    Matrix<double> all(side.rows, factors.cols());
    Matrix<double> of_known(std::ssize(known), factors.cols());
    for (std::int64_t k = 0; k < of_known.rows(); ++k) {
        const auto from = factors.view().row(known[static_cast<std::size_t>(k)]);
        std::ranges::copy(from, all.view().row(known[static_cast<std::size_t>(k)]).begin());
        std::ranges::copy(from, of_known.view().row(k).begin());
    }
    if (known.empty() || unknown.empty() || side.features == 0) {
        return all;
    }
    const Matrix<double> prior = prior_of(side);
    Matrix<double> among_known(of_known.rows(), of_known.rows());
    for (std::int64_t k = 0; k < among_known.rows(); ++k) {
        for (std::int64_t l = 0; l < among_known.rows(); ++l) {
            among_known(k, l) = prior(known[static_cast<std::size_t>(k)], known[static_cast<std::size_t>(l)]);
        }
    }
    const Matrix<double> inverse = inverse_of(std::move(among_known), team);
    Matrix<double> weights(of_known.rows(), factors.cols());
    dense::multiply<double>(inverse.view(), of_known.view(), weights.view(), {}, team);
    for (const std::int64_t i : unknown) {
        for (std::int64_t k = 0; k < of_known.rows(); ++k) {
            for (std::int64_t q = 0; q < factors.cols(); ++q) {
                all(i, q) += prior(i, known[static_cast<std::size_t>(k)]) * weights(k, q);
            }
        }
    }
    return all;
}

void add_factors(const Matrix<double>& factors, std::int64_t reference, SideDistances& side) {
    add_product_distances(factors.view(), reference, side);
    side.gram = Matrix<double>(side.rows, side.rows);
    double trace = 0.0;
    for (std::int64_t i = 0; i < side.rows; ++i) {
        for (std::int64_t k = 0; k <= i; ++k) {
            double sum = 0.0;
            for (std::int64_t q = 0; q < factors.cols(); ++q) {
                sum += factors(i, q) * factors(k, q);
            }
            side.gram(i, k) = side.gram(k, i) = sum;
        }
        trace += i < reference ? side.gram(i, i) : 0.0;
    }
    for (double& product : side.gram.flat()) {
        product *= trace > kLeastSquares ? static_cast<double>(reference) / trace : 0.0;
    }
}

}  // namespace pitot::models::kernel
