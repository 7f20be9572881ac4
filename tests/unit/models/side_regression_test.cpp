#include "models/side_regression.hpp"

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <cmath>
#include <limits>

#include "core/key.hpp"

namespace pitot::models {
namespace {

struct Problem {
    Matrix<double> x;
    std::vector<double> y;
};

Problem make_problem(std::int64_t rows, std::int64_t cols, double signal, double noise) {
    Problem p{Matrix<double>(rows, cols), {}};
    core::Stream stream(core::Key(3).fold("regression"));
    for (std::int64_t i = 0; i < rows; ++i) {
        double y = 5.0;
        for (std::int64_t c = 0; c < cols; ++c) {
            p.x(i, c) = 100.0 * static_cast<double>(c) + (1.0 + static_cast<double>(c)) * stream.normal();
            y += signal * (p.x(i, c) - 100.0 * static_cast<double>(c)) / (1.0 + static_cast<double>(c));
        }
        p.y.push_back(y + noise * stream.normal());
    }
    return p;
}

std::span<const double> row(const Matrix<double>& x, std::int64_t i) { return x.view().row(i); }

TEST(SideRegression, FindsALinearRelation) {
    const Problem p = make_problem(60, 6, 1.0, 0.01);
    const SideRegression regression(p.x.view(), p.y);
    EXPECT_TRUE(regression.uses_features());
    EXPECT_LT(regression.leave_one_out_error(), 0.02);
    const std::vector<double> fresh{1.0, 102.0, 200.0, 296.0, 400.0, 506.0};  // in deviations: 1, 1, 0, -1, 0, 1
    EXPECT_NEAR(regression(fresh), 5.0 + 2.0, 0.05);
}

TEST(SideRegression, FallsBackToTheMeanWhereFeaturesTellNothing) {
    const Problem p = make_problem(12, 30, 0.0, 1.0);
    const SideRegression regression(p.x.view(), p.y);
    double mean = 0.0;
    double squares = 0.0;
    for (const double y : p.y) {
        mean += y / 12.0;
    }
    for (const double y : p.y) {
        squares += (y - mean) * (y - mean);
    }
    // Leaving a row out of a mean scales its residual by n / (n - 1).
    EXPECT_LE(regression.leave_one_out_error(), std::sqrt(squares / 12.0) * 12.0 / 11.0 + 1e-12);
    EXPECT_NEAR(regression(row(p.x, 0)), mean, 0.7);
}

TEST(SideRegression, LeavesOutFeaturesThatDoNotVary) {
    Problem p = make_problem(30, 3, 1.0, 0.01);
    for (std::int64_t i = 0; i < 30; ++i) {
        p.x(i, 1) = 0.1;
    }
    const SideRegression regression(p.x.view(), p.y);
    std::vector<double> fresh(row(p.x, 4).begin(), row(p.x, 4).end());
    const double before = regression(fresh);
    fresh[1] = 1e6;
    EXPECT_EQ(regression(fresh), before);
}

TEST(SideRegression, HandlesFewRows) {
    const Matrix<double> none(0, 2);
    const std::vector<double> features{1.0, 2.0};
    EXPECT_EQ(SideRegression(none.view(), {})(features), 0.0);
    const Matrix<double> one(1, 2);
    EXPECT_EQ(SideRegression(one.view(), std::vector<double>{3.5})(features), 3.5);
    const Matrix<double> without(4, 0);
    EXPECT_DOUBLE_EQ(SideRegression(without.view(), std::vector<double>{1, 2, 3, 4})({}), 2.5);
    const Problem two = make_problem(2, 3, 1.0, 0.0);
    EXPECT_TRUE(std::isfinite(SideRegression(two.x.view(), two.y)(row(two.x, 1))));
}

// The shortcut e / (1 - h) against fitting n times without a row, intercept unpenalised, on the same standardised
// columns.
TEST(SideRegression, LeaveOneOutErrorIsThatOfFittingNTimes) {
    const std::int64_t n = 14;
    const std::int64_t cols = 5;
    const Problem p = make_problem(n, cols, 0.5, 0.5);
    Eigen::MatrixXd x(n, cols + 1);
    for (std::int64_t c = 0; c < cols; ++c) {
        double mean = 0.0;
        double squares = 0.0;
        for (std::int64_t i = 0; i < n; ++i) {
            mean += p.x(i, c) / static_cast<double>(n);
        }
        for (std::int64_t i = 0; i < n; ++i) {
            squares += (p.x(i, c) - mean) * (p.x(i, c) - mean) / static_cast<double>(n);
        }
        for (std::int64_t i = 0; i < n; ++i) {
            x(i, c) = (p.x(i, c) - mean) / std::sqrt(squares);
        }
    }
    x.col(cols).setOnes();
    const Eigen::Map<const Eigen::VectorXd> y(p.y.data(), n);
    double best = std::numeric_limits<double>::infinity();
    for (int step = -16; step <= 12; ++step) {
        Eigen::VectorXd penalty = Eigen::VectorXd::Constant(cols + 1, n * std::pow(10.0, step / 4.0));
        penalty[cols] = 0.0;
        double squares = 0.0;
        for (std::int64_t out = 0; out < n; ++out) {
            Eigen::MatrixXd kept = x;
            Eigen::VectorXd target = y;
            kept.row(out).setZero();
            target[out] = 0.0;
            const Eigen::MatrixXd normal = kept.transpose() * kept + Eigen::MatrixXd(penalty.asDiagonal());
            const Eigen::VectorXd weights = normal.ldlt().solve(kept.transpose() * target);
            squares += std::pow(y[out] - x.row(out).dot(weights), 2) / static_cast<double>(n);
        }
        best = std::min(best, std::sqrt(squares));
    }
    EXPECT_NEAR(SideRegression(p.x.view(), p.y).leave_one_out_error(), best, 1e-9);
}

}  // namespace
}  // namespace pitot::models
