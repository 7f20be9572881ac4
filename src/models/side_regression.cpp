#include "models/side_regression.hpp"

#include <cmath>
#include <limits>

#include <Eigen/Eigenvalues>

#include "core/check.hpp"

namespace pitot::models {
namespace {

using Eigen::ArrayXd;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Penalties tried, in multiples of the number of rows: quarter decades.
constexpr int kFirstPenalty = -16;
constexpr int kLastPenalty = 12;

// Standardises the columns in place and returns their deviations; 0 (and a zero column) for one that does not vary.
VectorXd standardise(MatrixXd& x, const VectorXd& centre) {
    x.rowwise() -= centre.transpose();
    VectorXd deviation = (x.colwise().squaredNorm() / static_cast<double>(x.rows())).cwiseSqrt().transpose();
    for (Eigen::Index c = 0; c < x.cols(); ++c) {
        // Rounding leaves a constant column with a deviation of a few units in the last place of its mean.
        if (deviation[c] <= 1e-12 * (1.0 + std::abs(centre[c]))) {
            deviation[c] = 0.0;
            x.col(c).setZero();
        } else {
            x.col(c) /= deviation[c];
        }
    }
    return deviation;
}

// Mean squared leave-one-out error of a linear smoother with these residuals and leverages.
double leave_one_out(const ArrayXd& residual, const ArrayXd& leverage) {
    const ArrayXd rest = 1.0 - leverage;
    return (rest < 1e-9).any() ? kInfinity : (residual / rest).square().mean();
}

}  // namespace

SideRegression::SideRegression(MatrixView<const double> known, std::span<const double> terms) : error_(kInfinity) {
    PITOT_CHECK(known.rows == static_cast<std::int64_t>(terms.size()));
    const Eigen::Index n = known.rows;
    if (n == 0) {
        return;
    }
    const Eigen::Map<const VectorXd> y(terms.data(), n);
    mean_term_ = y.mean();
    if (n < 2) {
        return;
    }
    const ArrayXd centred = y.array() - mean_term_;
    const ArrayXd at_mean = ArrayXd::Constant(n, 1.0 / static_cast<double>(n));
    double best = leave_one_out(centred, at_mean);
    error_ = std::sqrt(best);
    if (known.cols == 0) {
        return;
    }
    MatrixXd x(n, known.cols);
    for (Eigen::Index i = 0; i < n; ++i) {
        for (Eigen::Index c = 0; c < known.cols; ++c) {
            x(i, c) = known(i, c);
        }
    }
    const VectorXd centre = x.colwise().mean().transpose();
    const VectorXd deviation = standardise(x, centre);
    // The columns' principal axes turn every penalty's fit into a division.
    const Eigen::SelfAdjointEigenSolver<MatrixXd> axes(x.transpose() * x);
    const ArrayXd variance = axes.eigenvalues().array().max(0.0);
    const MatrixXd scores = x * axes.eigenvectors();
    const ArrayXd projected = (scores.transpose() * centred.matrix()).array();
    ArrayXd best_weights;
    for (int step = kFirstPenalty; step <= kLastPenalty; ++step) {
        const double penalty = static_cast<double>(n) * std::pow(10.0, step / 4.0);
        const ArrayXd shrinkage = 1.0 / (variance + penalty);
        const ArrayXd residual = centred - (scores * (shrinkage * projected).matrix()).array();
        const ArrayXd leverage = at_mean + (scores.array().square().matrix() * shrinkage.matrix()).array();
        const double error = leave_one_out(residual, leverage);
        if (error < best) {
            best = error;
            best_weights = shrinkage * projected;
        }
    }
    error_ = std::sqrt(best);
    if (best_weights.size() == 0) {
        return;
    }
    const VectorXd standard = axes.eigenvectors() * best_weights.matrix();
    for (Eigen::Index c = 0; c < known.cols; ++c) {
        centre_.push_back(centre[c]);
        weights_.push_back(deviation[c] > 0.0 ? standard[c] / deviation[c] : 0.0);
    }
}

double SideRegression::operator()(std::span<const double> features) const {
    double term = mean_term_;
    for (std::size_t c = 0; c < weights_.size(); ++c) {
        term += weights_[c] * (features[c] - centre_[c]);
    }
    return term;
}

}  // namespace pitot::models
