#include "bench/support/least_squares.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "bench/support/study_fleets.hpp"

namespace pitot::bench {
namespace {

// A product of rank 2 without noise, with some pairs left out.
struct Product {
    Matrix<double> y{20, 25};
    ObservationTable runs;

    Product() {
        core::Stream stream(core::Key(3));
        Matrix<double> u(20, 3), v(25, 3);
        for (Matrix<double>* factors : {&u, &v}) {
            for (double& x : factors->flat()) {
                x = stream.normal();
            }
        }
        for (std::int64_t i = 0; i < 20; ++i) {
            for (std::int64_t j = 0; j < 25; ++j) {
                y(i, j) = 5.0 + u(i, 0) + v(j, 0) + u(i, 1) * v(j, 1) + u(i, 2) * v(j, 2);
                if (stream.uniform() < 0.7) {
                    runs.platform.push_back(static_cast<std::int32_t>(i));
                    runs.module.push_back(static_cast<std::int32_t>(j));
                    runs.runtime_us.push_back(std::exp(y(i, j)));
                }
            }
        }
    }
    [[nodiscard]] double worst(const Matrix<double>& other) const {
        double most = 0.0;
        for (std::int64_t i = 0; i < y.rows(); ++i) {
            for (std::int64_t j = 0; j < y.cols(); ++j) {
                most = std::max(most, std::abs(y(i, j) - other(i, j)));
            }
        }
        return most;
    }
};

TEST(LeastSquares, FindsAProduct) {
    const Product product;
    LeastSquares settings{.rank = 2, .ridge = 1e-6, .least_ridge = 1e-6, .sweeps = 2000};
    EXPECT_LT(product.worst(fit_least_squares(product.runs.view(), 20, 25, settings, core::Key(1))), 0.05);
    settings.rank = 1;
    EXPECT_GT(product.worst(fit_least_squares(product.runs.view(), 20, 25, settings, core::Key(1))), 0.5);
}

TEST(LeastSquares, MinimisesWhatItSays) {
    // One row, one column, two runs: c is their mean, and nothing is left.
    ObservationTable runs{{0, 0}, {0, 0}, {}, 0, {std::exp(1.0), std::exp(3.0)}};
    const Matrix<double> y = fit_least_squares(runs.view(), 1, 2, {.rank = 1}, core::Key(1));
    EXPECT_NEAR(y(0, 0), 2.0, 1e-12);
    EXPECT_NEAR(y(0, 1), 2.0, 1e-12);  // a module without runs
}

TEST(LeastSquares, ChoosesTheRankThatPredicts) {
    const StudyFleet fleet = study_fleet("rank3", 1).value();
    LeastSquares chosen;
    const Matrix<double> y = validated_least_squares(fleet.dataset.pool(kAlone), 100, 100, core::Key(1), &chosen);
    EXPECT_EQ(chosen.rank, 3);
    double sum = 0.0;
    for (std::int64_t i = 0; i < 100; ++i) {
        for (std::int64_t j = 0; j < 100; ++j) {
            sum += std::abs(y(i, j) - fleet.truth(i, j)) / 1e4;
        }
    }
    EXPECT_LT(sum, 0.02);  // of noise 0.05, that 700 parameters average over 10 000 runs
}

}  // namespace
}  // namespace pitot::bench
