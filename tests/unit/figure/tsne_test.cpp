#include "figure/tsne.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace pitot::figure {
namespace {

// `groups` clouds of points around random centres in `dims` dimensions.
Matrix<double> clouds(std::int64_t groups, std::int64_t each, std::int64_t dims) {
    Matrix<double> points(groups * each, dims);
    core::Stream stream(core::Key(7));
    for (std::int64_t g = 0; g < groups; ++g) {
        std::vector<double> centre;
        for (std::int64_t d = 0; d < dims; ++d) {
            centre.push_back(4.0 * stream.normal());
        }
        for (std::int64_t i = 0; i < each; ++i) {
            for (std::int64_t d = 0; d < dims; ++d) {
                points(g * each + i, d) = centre[static_cast<std::size_t>(d)] + stream.normal();
            }
        }
    }
    return points;
}

TEST(Tsne, KeepsNeighboursBetterThanPrincipalComponents) {
    const Matrix<double> points = clouds(12, 15, 30);
    const double by_tsne = trustworthiness(points, tsne(points, core::Key(42)), 10);
    const double by_pca = trustworthiness(points, principal_components(points, 2), 10);
    EXPECT_GT(by_tsne, by_pca + 0.05);
    EXPECT_GT(by_tsne, 0.95);
}

TEST(Tsne, IsTheSameForTheSameSeed) {
    const Matrix<double> points = clouds(4, 10, 8);
    const Matrix<double> a = tsne(points, core::Key(1));
    const Matrix<double> b = tsne(points, core::Key(1));
    const Matrix<double> c = tsne(points, core::Key(2));
    EXPECT_TRUE(std::ranges::equal(a.flat(), b.flat()));
    EXPECT_FALSE(std::ranges::equal(a.flat(), c.flat()));
}

TEST(Tsne, FewOrEqualPointsDoNoHarm) {
    for (const std::int64_t n : {1, 2, 3, 5}) {
        const Matrix<double> same(n, 4);
        const Matrix<double> plane = tsne(same, core::Key(1));
        EXPECT_EQ(plane.rows(), n);
        for (const double x : plane.flat()) {
            EXPECT_TRUE(std::isfinite(x));
        }
    }
}

TEST(PrincipalComponents, FindTheDirectionOfLargestVariance) {
    Matrix<double> points(50, 3);
    core::Stream stream(core::Key(3));
    for (std::int64_t i = 0; i < 50; ++i) {
        const double t = 10.0 * stream.normal();
        points(i, 0) = 3.0 + t;
        points(i, 1) = -t;
        points(i, 2) = 0.1 * stream.normal();
    }
    const Matrix<double> components = principal_components(points, 2);
    double first = 0.0, second = 0.0;
    for (std::int64_t i = 0; i < 50; ++i) {
        first += components(i, 0) * components(i, 0);
        second += components(i, 1) * components(i, 1);
    }
    EXPECT_GT(first, 1000.0 * second);
    // Distances along the line are kept: it has direction (1, -1, 0).
    const double apart = std::hypot(points(0, 0) - points(1, 0), points(0, 1) - points(1, 1));
    EXPECT_NEAR(std::abs(components(0, 0) - components(1, 0)), apart, 0.1);
}

TEST(Trustworthiness, IsOneForTheIdentityAndLowForAShuffle) {
    const Matrix<double> points = clouds(5, 8, 2);
    EXPECT_DOUBLE_EQ(trustworthiness(points, points, 5), 1.0);
    Matrix<double> shuffled(points.rows(), 2);
    core::Stream stream(core::Key(9));
    for (double& x : shuffled.flat()) {
        x = stream.normal();
    }
    EXPECT_LT(trustworthiness(points, shuffled, 5), 0.7);
}

TEST(Standardised, HasMeanZeroAndDeviationOne) {
    Matrix<double> points(4, 2);
    for (std::int64_t i = 0; i < 4; ++i) {
        points(i, 0) = static_cast<double>(i);
        points(i, 1) = 5.0;
    }
    const Matrix<double> out = standardised(points);
    EXPECT_NEAR(out(0, 0), -1.3416407865, 1e-9);
    EXPECT_NEAR(out(3, 0), 1.3416407865, 1e-9);
    EXPECT_EQ(out(2, 1), 0.0);
}

}  // namespace
}  // namespace pitot::figure
