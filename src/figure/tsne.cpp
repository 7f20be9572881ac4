#include "figure/tsne.hpp"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "core/check.hpp"

namespace pitot::figure {
namespace {

using RowMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

Eigen::Map<const RowMatrix> mapped(const Matrix<double>& m) { return {m.flat().data(), m.rows(), m.cols()}; }

RowMatrix squared_distances(const RowMatrix& x) {
    const Eigen::VectorXd norms = x.rowwise().squaredNorm();
    RowMatrix d = -2.0 * x * x.transpose();
    d.colwise() += norms;
    d.rowwise() += norms.transpose();
    d = d.cwiseMax(0.0);
    d.diagonal().setZero();
    return d;
}

// Row i of the conditional probabilities p(j | i) whose entropy is ln(perplexity), by bisection of the precision.
void fill_conditional(const RowMatrix& distances, Eigen::Index i, double perplexity, RowMatrix& p) {
    const double wanted = std::log(perplexity);
    const Eigen::Index n = distances.cols();
    double nearest = INFINITY;
    for (Eigen::Index j = 0; j < n; ++j) {
        nearest = j == i ? nearest : std::min(nearest, distances(i, j));
    }
    double precision = 1.0, least = 0.0, most = INFINITY;
    for (int step = 0; step < 200; ++step) {
        double sum = 0.0, weighted = 0.0;
        for (Eigen::Index j = 0; j < n; ++j) {
            const double d = distances(i, j) - nearest;  // the nearest has weight 1: nothing underflows to 0 / 0
            const double w = j == i ? 0.0 : std::exp(-precision * d);
            p(i, j) = w;
            sum += w;
            weighted += w * d;
        }
        const double entropy = std::log(sum) + precision * weighted / sum;
        p.row(i) /= sum;
        if (std::abs(entropy - wanted) < 1e-7) {
            return;
        }
        if (entropy > wanted) {
            least = precision;
            precision = std::isinf(most) ? precision * 2.0 : (precision + most) / 2.0;
        } else {
            most = precision;
            precision = (precision + least) / 2.0;
        }
    }
}

RowMatrix joint_probabilities(const RowMatrix& x, double perplexity) {
    const RowMatrix distances = squared_distances(x);
    const double scale = std::max(distances.mean(), 1e-300);  // bisection starts near where it ends
    const RowMatrix scaled = distances / scale;
    RowMatrix p(x.rows(), x.rows());
    for (Eigen::Index i = 0; i < x.rows(); ++i) {
        fill_conditional(scaled, i, perplexity, p);
    }
    const RowMatrix symmetric = (p + p.transpose()) / (2.0 * static_cast<double>(x.rows()));
    return symmetric.cwiseMax(1e-12);
}

}  // namespace

Matrix<double> standardised(const Matrix<double>& points) {
    Matrix<double> out(points.rows(), points.cols());
    const auto n = static_cast<double>(points.rows());
    for (std::int64_t j = 0; j < points.cols(); ++j) {
        double sum = 0.0, squares = 0.0;
        for (std::int64_t i = 0; i < points.rows(); ++i) {
            sum += points(i, j);
        }
        const double mean = sum / n;
        for (std::int64_t i = 0; i < points.rows(); ++i) {
            squares += (points(i, j) - mean) * (points(i, j) - mean);
        }
        const double deviation = std::sqrt(squares / n);
        for (std::int64_t i = 0; i < points.rows(); ++i) {
            out(i, j) = deviation > 0.0 ? (points(i, j) - mean) / deviation : 0.0;
        }
    }
    return out;
}

Matrix<double> principal_components(const Matrix<double>& points, std::int64_t k) {
    const RowMatrix x = mapped(points).rowwise() - mapped(points).colwise().mean();
    const Eigen::Index keep = std::min<Eigen::Index>({k, x.rows(), x.cols()});
    // Of the n × n Gram matrix, for embeddings have far more columns than rows.
    const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(x * x.transpose());
    Matrix<double> out(x.rows(), keep);
    for (Eigen::Index c = 0; c < keep; ++c) {
        const Eigen::Index from = x.rows() - 1 - c;  // eigenvalues rise
        Eigen::VectorXd coordinate =
            solver.eigenvectors().col(from) * std::sqrt(std::max(solver.eigenvalues()(from), 0.0));
        Eigen::Index largest = 0;
        coordinate.cwiseAbs().maxCoeff(&largest);
        coordinate *= coordinate(largest) < 0.0 ? -1.0 : 1.0;
        for (Eigen::Index i = 0; i < x.rows(); ++i) {
            out(i, c) = coordinate(i);
        }
    }
    return out;
}

Matrix<double> tsne(const Matrix<double>& points, core::Key key, const TsneOptions& options) {
    const std::int64_t n = points.rows();
    Matrix<double> out(n, 2);
    if (n < 3) {
        for (std::int64_t i = 0; i < n; ++i) {
            out(i, 0) = static_cast<double>(i);
        }
        return out;
    }
    const double perplexity = std::max(1.0, std::min(options.perplexity, static_cast<double>(n - 1) / 3.0));
    const RowMatrix p = joint_probabilities(mapped(points), perplexity);
    const Matrix<double> start = principal_components(points, 2);
    RowMatrix y = RowMatrix::Zero(n, 2);
    y.leftCols(start.cols()) = mapped(start);
    const double spread = std::sqrt(y.col(0).squaredNorm() / static_cast<double>(n));
    y *= spread > 0.0 ? 1e-4 / spread : 0.0;
    core::Stream noise(key.fold("tsne"));
    for (Eigen::Index i = 0; i < y.rows(); ++i) {
        y(i, 0) += 1e-5 * noise.normal();
        y(i, 1) += 1e-5 * noise.normal();
    }
    const double rate = std::max(static_cast<double>(n) / options.exaggeration / 4.0, 50.0);
    RowMatrix speed = RowMatrix::Zero(n, 2), gain = RowMatrix::Ones(n, 2);
    for (std::int64_t step = 0; step < options.iterations; ++step) {
        const bool early = step < options.exaggerated;
        const double attraction = early ? options.exaggeration : 1.0;
        RowMatrix w = (1.0 + squared_distances(y).array()).inverse();
        w.diagonal().setZero();
        const double sum = w.sum();
        // dC/dy_i = 4 Σ_j (p_ij - q_ij) w_ij (y_i - y_j)
        const RowMatrix force = (attraction * p - w / sum).cwiseProduct(w);
        const Eigen::VectorXd total = force.rowwise().sum();
        const RowMatrix gradient = 4.0 * (total.asDiagonal() * y - force * y);
        for (Eigen::Index i = 0; i < y.size(); ++i) {
            double& g = gain.data()[i];
            const bool turned = (gradient.data()[i] > 0.0) != (speed.data()[i] > 0.0);
            g = std::max(turned ? g + 0.2 : g * 0.8, 0.01);
            speed.data()[i] = (early ? 0.5 : 0.8) * speed.data()[i] - rate * g * gradient.data()[i];
            y.data()[i] += speed.data()[i];
        }
        const Eigen::RowVector2d centre = y.colwise().mean();
        y.rowwise() -= centre;
    }
    for (std::int64_t i = 0; i < n; ++i) {
        out(i, 0) = y(i, 0);
        out(i, 1) = y(i, 1);
    }
    return out;
}

double trustworthiness(const Matrix<double>& space, const Matrix<double>& plane, std::int64_t k) {
    const std::int64_t n = space.rows();
    PITOT_CHECK(plane.rows() == n && k >= 1 && 2 * k < n);
    const RowMatrix far = squared_distances(mapped(space));
    const RowMatrix near = squared_distances(mapped(plane));
    // i's neighbours, nearest first; i itself is left out.
    const auto neighbours = [n](const RowMatrix& distances, std::int64_t i) {
        std::vector<std::int64_t> order;
        for (std::int64_t j = 0; j < n; ++j) {
            if (j != i) {
                order.push_back(j);
            }
        }
        std::ranges::stable_sort(order, {}, [&](std::int64_t j) { return distances(i, j); });
        return order;
    };
    double penalty = 0.0;
    std::vector<double> rank(static_cast<std::size_t>(n));
    for (std::int64_t i = 0; i < n; ++i) {
        const auto in_space = neighbours(far, i);
        for (std::size_t r = 0; r < in_space.size(); ++r) {
            rank[static_cast<std::size_t>(in_space[r])] = static_cast<double>(r + 1);
        }
        const auto on_plane = neighbours(near, i);
        for (std::int64_t r = 0; r < k; ++r) {
            const auto j = static_cast<std::size_t>(on_plane[static_cast<std::size_t>(r)]);
            penalty += std::max(0.0, rank[j] - static_cast<double>(k));
        }
    }
    const auto size = static_cast<double>(n);
    const auto few = static_cast<double>(k);
    return 1.0 - 2.0 / (size * few * (2.0 * size - 3.0 * few - 1.0)) * penalty;
}

}  // namespace pitot::figure
