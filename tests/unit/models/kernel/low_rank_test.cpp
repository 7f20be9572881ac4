// The Bayesian factorization: what it finds, what it leaves out, and what it says of rows appended.
#include "models/kernel/low_rank.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "backend/dense_algebra.hpp"
#include "core/key.hpp"
#include "core/team.hpp"
#include "models/kernel/hyper.hpp"
#include "models/kernel/kernel_state.hpp"
#include "models/kernel/likelihood.hpp"
#include "models/kernel/low_rank_choice.hpp"
#include "support/gradient_check.hpp"

namespace pitot::models::kernel {
namespace {

constexpr std::int64_t kPlatforms = 24;
constexpr std::int64_t kModules = 30;

// Points on a line as features: rows near each other are alike.
SideDistances line(std::int64_t rows) {
    SideDistances side;
    side.rows = rows;
    side.features = 1;
    Matrix<double> distances(rows, rows);
    for (std::int64_t i = 0; i < rows; ++i) {
        for (std::int64_t k = 0; k < rows; ++k) {
            const double apart = 0.3 * static_cast<double>(i - k);
            distances(i, k) = apart * apart;
        }
    }
    side.groups.push_back(std::move(distances));
    return side;
}

SideDistances without_features(std::int64_t rows) {
    SideDistances side;
    side.rows = rows;
    return side;
}

struct Observed {
    Cells cells;
    std::vector<double> residual;
};

// Half of the cells of a product of rank 2, with noise.
struct Product {
    Matrix<double> truth{kPlatforms, kModules};
    Observed observed;

    explicit Product(double size, double noise) {
        core::Stream draws(core::Key(3));
        Matrix<double> u(kPlatforms, 2);
        Matrix<double> v(kModules, 2);
        for (Matrix<double>* factors : {&u, &v}) {
            for (double& x : factors->flat()) {
                x = draws.normal();
            }
        }
        for (std::int64_t i = 0; i < kPlatforms; ++i) {
            for (std::int64_t j = 0; j < kModules; ++j) {
                truth(i, j) = size * (u(i, 0) * v(j, 0) + u(i, 1) * v(j, 1));
                if (draws.uniform() < 0.5) {
                    observed.cells.platform.push_back(static_cast<std::int32_t>(i));
                    observed.cells.module.push_back(static_cast<std::int32_t>(j));
                    observed.cells.mean.push_back(truth(i, j));
                    observed.cells.count.push_back(1.0);
                    observed.residual.push_back(truth(i, j) + noise * draws.normal());
                }
            }
        }
    }
};

LowRank fitted(const Product& product, int threads = 1) {
    core::Team team(threads);
    return fit_low_rank(without_features(kPlatforms), without_features(kModules), product.observed.cells,
                        product.observed.residual, {}, core::Key(1), team);
}

double root_mean_square(std::span<const double> values) {
    double sum = 0.0;
    for (const double x : values) {
        sum += x * x / static_cast<double>(values.size());
    }
    return std::sqrt(sum);
}

TEST(LowRankFactors, FindAProductOfRankTwoAndNoMore) {
    const Product product(0.5, 0.02);
    const LowRank found = fitted(product);
    ASSERT_EQ(found.platform.rows(), kPlatforms);
    std::vector<double> errors;
    for (std::size_t n = 0; n < product.truth.flat().size(); ++n) {
        errors.push_back(found.product.flat()[n] - product.truth.flat()[n]);
    }
    EXPECT_LT(root_mean_square(errors), 0.02) << "of every cell, half of which were observed with a noise of 0.02";
    int large = 0;
    for (std::int64_t q = 0; q < found.platform.cols(); ++q) {
        std::vector<double> column;
        for (std::int64_t i = 0; i < kPlatforms; ++i) {
            column.push_back(found.platform(i, q));
        }
        large += root_mean_square(column) > 0.05 ? 1 : 0;
    }
    EXPECT_EQ(large, 2);
}

TEST(LowRankFactors, AreTheSameToTheBitForAnyNumberOfThreads) {
    const Product product(0.5, 0.1);
    const LowRank a = fitted(product, 1);
    const LowRank b = fitted(product, 3);
    EXPECT_TRUE(std::ranges::equal(a.platform.flat(), b.platform.flat()));
    EXPECT_TRUE(std::ranges::equal(a.product.flat(), b.product.flat()));
}

// A factorization of a product is much better than distances that say nothing, but not a hundred times.
TEST(LowRankFactors, HelpWhereTheyAreAsMuchBetterAsIsAskedFor) {
    const Product product(0.5, 0.02);
    const GridDistances distances{line(kPlatforms), line(kModules)};
    KernelState state;
    state.cells = product.observed.cells;
    state.first_hyper = Layout(distances.platforms, distances.modules).start(core::Key(2));
    state.first_alpha = Matrix<double>(kPlatforms, kModules);
    core::Team team(1);
    const Machine machine(team);
    const auto help = [&](double most) {
        return factors_help(distances, product.observed.residual, most, 1e-4, core::Key(5), machine, state,
                            [] { return true; })
            .value();
    };
    EXPECT_TRUE(help(1.0));
    EXPECT_TRUE(help(0.8));
    EXPECT_FALSE(help(0.01));
}

TEST(LowRankFactors, AreNoneWhereNothingIsLeft) {
    Product product(0.5, 0.0);
    product.observed.residual.assign(product.observed.residual.size(), 0.0);
    EXPECT_EQ(fitted(product).platform.rows(), 0);
}

TEST(LowRankFactors, OfAppendedRowsFollowFromFeatures) {
    core::Team team(1);
    Matrix<double> factors(10, 2);
    for (std::int64_t i = 0; i < 10; ++i) {
        factors(i, 0) = 1.0 + 0.1 * static_cast<double>(i);
        factors(i, 1) = i < 5 ? -1.0 : 1.0;
    }
    const Matrix<double> all = extend_factors(factors, {}, line(11), team);
    for (std::int64_t i = 0; i < 10; ++i) {
        EXPECT_EQ(all(i, 0), factors(i, 0));
    }
    EXPECT_GT(all(10, 0), 0.2);
    EXPECT_LT(all(10, 0), 2.0);
    EXPECT_GT(all(10, 1), 0.0) << "its neighbours'";
    std::vector<bool> held_out(10, false);
    held_out[4] = true;
    const Matrix<double> without = extend_factors(factors, held_out, line(11), team);
    EXPECT_NE(without(4, 0), factors(4, 0));
    EXPECT_NEAR(without(4, 0), factors(4, 0), 0.8) << "what its neighbours say";
    EXPECT_EQ(without(3, 0), factors(3, 0));
    const Matrix<double> unknown = extend_factors(factors, {}, without_features(11), team);
    EXPECT_EQ(unknown(10, 0), 0.0);
    EXPECT_EQ(unknown(3, 1), factors(3, 1));
}

// Sides of which both features and factors are known.
struct Known {
    SideDistances platforms = line(kPlatforms);
    SideDistances modules = line(kModules);
    Product product{0.5, 0.1};

    Known() {
        const LowRank factors = fitted(product);
        add_factors(factors.platform, kPlatforms, platforms);
        add_factors(factors.module, kModules, modules);
    }
};

TEST(LowRankFactors, GramMatricesAreProductsOverTheirMeanSquare) {
    const Known known;
    double trace = 0.0;
    for (std::int64_t i = 0; i < kPlatforms; ++i) {
        trace += known.platforms.gram(i, i) / static_cast<double>(kPlatforms);
        EXPECT_NEAR(known.platforms.gram(i, 0), known.platforms.gram(0, i), 1e-15);
    }
    EXPECT_NEAR(trace, 1.0, 1e-12);
    EXPECT_EQ(known.platforms.groups.size(), 3U);
    Matrix<double> copy = known.modules.gram.clone();
    for (std::int64_t j = 0; j < kModules; ++j) {
        copy(j, j) += 1e-9;
    }
    EXPECT_FALSE(backend::dense::cholesky(copy.view(), 1)) << "positive semi-definite";
}

// Squares of factors that shrank to nothing are nothing, and nothing is divided by them.
TEST(LowRankFactors, ThatVanishedGiveFiniteTables) {
    for (const double size : {0.0, 1e-161, 1e-120, 1e-20}) {
        Matrix<double> factors(3, 2);
        factors(0, 0) = size;
        factors(2, 1) = -2.0 * size;
        SideDistances side;
        side.rows = 3;
        add_factors(factors, 3, side);
        ASSERT_EQ(side.groups.size(), 2U);
        for (const Matrix<double>* table : {&side.gram, side.groups.data(), &side.groups[1]}) {
            for (const double value : table->flat()) {
                EXPECT_TRUE(std::isfinite(value)) << size;
            }
        }
        EXPECT_NEAR(side.gram(2, 2), size < 1e-100 ? 0.0 : 2.4, 1e-12);
    }
}

TEST(LowRankFactors, LikelihoodsGradientAgreesWithDifferences) {
    const Known known;
    core::Team team(1);
    const Layout layout(known.platforms, known.modules);
    ASSERT_EQ(layout.terms(), kMostTerms);
    const Observed& seen = known.product.observed;
    test::expect_gradient_of(
        [&](const std::vector<double>& at) {
            return likelihood(layout, at, known.platforms, known.modules, seen.cells, seen.residual, 1.0, team);
        },
        layout.start(core::Key(5)));
}

}  // namespace
}  // namespace pitot::models::kernel
