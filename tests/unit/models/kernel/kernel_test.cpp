// The Gaussian process: gradients against differences, solvers against dense algebra, and whole fits.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <string_view>
#include <utility>
#include <vector>

#include "backend/dense_algebra.hpp"
#include "core/key.hpp"
#include "core/team.hpp"
#include "models/kernel/deviation.hpp"
#include "models/kernel/grid.hpp"
#include "models/kernel/kernel_family.hpp"
#include "models/kernel/kernel_model.hpp"
#include "models/kernel/likelihood.hpp"
#include "models/kernel/solve.hpp"
#include "pitot/fit.hpp"
#include "pitot/observe.hpp"
#include "support/gradient_check.hpp"
#include "support/synthetic.hpp"
#include "train/row_draw.hpp"

namespace pitot::models::kernel {
namespace {

namespace dense = backend::dense;

// A synthetic fleet, its cells and its distances by features.
struct Grid {
    explicit Grid(const test::SyntheticOptions& options = {}) : dataset(test::synthetic_dataset(options)) {
        const ObservationView alone = dataset.pool(kAlone);
        std::vector<std::int64_t> rows(static_cast<std::size_t>(alone.size()));
        std::iota(rows.begin(), rows.end(), 0);
        cells = gather_cells(alone, rows);
        for (const double mean : cells.mean) {
            target.push_back(mean + 1.0);
        }
        platforms = platform_distances(dataset.platforms, dataset.platforms.size(), true);
        modules = module_distances(dataset.modules, dataset.modules.size(), true);
    }

    Dataset dataset;
    Cells cells;
    std::vector<double> target;
    SideDistances platforms, modules;
};

TEST(KernelLikelihood, GradientAgreesWithDifferences) {
    Grid grid;
    grid.cells.within_squares = 0.3;  // as if some cells had several runs
    grid.cells.within_freedom = 7.0;
    grid.cells.count[3] = 4.0;
    core::Team team(1);
    const Layout layout(grid.platforms, grid.modules);
    test::expect_gradient_of(
        [&](const std::vector<double>& values) {
            return likelihood(layout, values, grid.platforms, grid.modules, grid.cells, grid.target,
                              static_cast<double>(grid.cells.size()), team);
        },
        layout.start(core::Key(5)));
}

TEST(KernelLikelihood, GradientIsTheSameToTheBitForAnyNumberOfThreads) {
    const Grid grid;
    const Layout layout(grid.platforms, grid.modules);
    const std::vector<double> at = layout.start(core::Key(5));
    core::Team one(1);
    core::Team three(3);
    const auto a = likelihood(layout, at, grid.platforms, grid.modules, grid.cells, grid.target, 1.0, one);
    const auto b = likelihood(layout, at, grid.platforms, grid.modules, grid.cells, grid.target, 1.0, three);
    ASSERT_TRUE(a && b);
    EXPECT_EQ(a->value, b->value);
    EXPECT_EQ(a->gradient, b->gradient);
}

TEST(KernelTables, CovariancesArePositiveSemiDefinite) {
    for (const std::uint64_t seed : {1U, 2U, 3U}) {
        const Grid grid({.platforms = 9, .modules = 7, .seed = seed});
        core::Team team(1);
        const Layout layout(grid.platforms, grid.modules);
        const Tables tables = make_tables(layout, layout.start(core::Key(seed)), grid.platforms, grid.modules, team);
        const auto definite = [](const Matrix<double>& table) {
            Matrix<double> copy = table.clone();
            for (std::int64_t i = 0; i < copy.rows(); ++i) {
                copy(i, i) += 1e-9;
            }
            return !dense::cholesky(copy.view(), 1);
        };
        for (std::size_t q = 0; q < kTerms; ++q) {
            EXPECT_TRUE(definite(tables.platform[q].value)) << q;
            EXPECT_TRUE(definite(tables.module[q].value)) << q;
        }
        EXPECT_TRUE(definite(tables.platform_effect));
        EXPECT_TRUE(definite(tables.module_effect));
    }
}

TEST(KernelGrid, ProductsAgreeWithTheMatrixWrittenOut) {
    const Grid grid({.density = 1.0});
    core::Team team(2);
    const Layout layout(grid.platforms, grid.modules);
    const Tables tables = make_tables(layout, layout.start(core::Key(1)), grid.platforms, grid.modules, team);
    const std::int64_t n = std::ssize(grid.cells.mean);
    Matrix<double> matrix(n, n);
    fill_covariance(tables, grid.cells, matrix.view(), team);
    dense::mirror_lower(matrix.view());
    Matrix<double> alpha(grid.platforms.rows, grid.modules.rows);
    ASSERT_EQ(n, grid.platforms.rows * grid.modules.rows);
    for (std::size_t k = 0; k < alpha.flat().size(); ++k) {
        alpha.flat()[k] = std::sin(static_cast<double>(k));
    }
    const Matrix<double> product = covariance_product(tables, alpha.view(), team);
    for (std::int64_t u = 0; u < n; ++u) {
        double sum = -tables.white * alpha.flat()[static_cast<std::size_t>(u)];
        for (std::int64_t v = 0; v < n; ++v) {
            sum += matrix(u, v) * alpha.flat()[static_cast<std::size_t>(v)];
        }
        EXPECT_NEAR(product.flat()[static_cast<std::size_t>(u)], sum, 1e-9);
    }
}

TEST(KernelSolve, ConjugateGradientsAgreeWithADenseFactor) {
    const Grid grid({.platforms = 25, .modules = 30, .density = 0.6});
    core::Team team(2);
    const Layout layout(grid.platforms, grid.modules);
    const Tables tables = make_tables(layout, layout.start(core::Key(1)), grid.platforms, grid.modules, team);
    const auto exact = solve(tables, grid.cells, grid.target, {}, team);
    SolveOptions options;
    options.dense_cells = 0;
    options.neighbour_cells = 60;
    options.tolerance = 1e-11;
    const auto iterative = solve(tables, grid.cells, grid.target, options, team);
    ASSERT_TRUE(exact && iterative) << (iterative ? "" : iterative.error().message());
    EXPECT_EQ(exact->iterations, 0);
    EXPECT_GT(iterative->iterations, 0);
    EXPECT_LE(iterative->residual, options.tolerance);
    for (std::size_t n = 0; n < exact->alpha.size(); ++n) {
        EXPECT_NEAR(iterative->alpha[n], exact->alpha[n], 1e-6 * (1.0 + std::abs(exact->alpha[n])));
    }
    options.iterations = 1;
    const auto early = solve(tables, grid.cells, grid.target, options, team);
    ASSERT_FALSE(early);
    EXPECT_NE(early.error().message().find("did not converge"), std::string::npos);
}

TEST(KernelDeviation, IsThePosteriorsWhereAllCellsAreNear) {
    const Grid grid({.platforms = 6, .modules = 8, .density = 0.7});
    core::Team team(2);
    const Layout layout(grid.platforms, grid.modules);
    const Tables tables = make_tables(layout, layout.start(core::Key(1)), grid.platforms, grid.modules, team);
    const auto local = local_uncertainty(tables, grid.cells, 1 << 20, team);
    ASSERT_TRUE(local);
    const std::int64_t n = std::ssize(grid.cells.mean);
    Matrix<double> inverse(n, n);
    fill_covariance(tables, grid.cells, inverse.view(), team);
    for (std::int64_t u = 0; u < n; ++u) {
        inverse(u, u) += tables.noise;
    }
    ASSERT_FALSE(dense::cholesky(inverse.view(), 1));
    dense::inverse_from_cholesky(inverse.view(), 1);
    for (std::int64_t u = 0; u < n; ++u) {
        const auto at = static_cast<std::size_t>(u);
        EXPECT_NEAR(local->precision[at], inverse(u, u), 1e-8 * inverse(u, u));
        const double variance = tables.noise - tables.noise * tables.noise * inverse(u, u) + tables.noise;
        EXPECT_NEAR(local->deviation(grid.cells.platform[at], grid.cells.module[at]), std::sqrt(variance), 1e-8);
    }
    const auto near = local_uncertainty(tables, grid.cells, 10, team);
    ASSERT_TRUE(near);
    for (std::size_t k = 0; k < local->deviation.flat().size(); ++k) {
        EXPECT_GE(near->deviation.flat()[k], local->deviation.flat()[k] - 1e-12);
    }
}

TEST(KernelCells, RunsOfOneCombinationAreOneObservation) {
    Dataset dataset = test::synthetic_dataset({.platforms = 2, .modules = 2, .density = 1.0});
    const std::vector<std::int32_t> platform{0, 1, 0};
    const std::vector<std::int32_t> module{1, 0, 1};
    const std::vector<double> runtime{25'000.0, 100.0, 25'000.0 * std::exp(0.2)};
    const ObservationView table{platform, module, {}, 0, runtime};
    const Cells cells = gather_cells(table, std::vector<std::int64_t>{0, 1, 2});
    ASSERT_EQ(cells.size(), 2U);
    EXPECT_NEAR(cells.mean[0], 0.1, 1e-12);
    EXPECT_EQ(cells.count, (std::vector<double>{2.0, 1.0}));
    EXPECT_NEAR(cells.within_squares, 0.02, 1e-12);
    EXPECT_EQ(cells.within_freedom, 1.0);
}

FitConfig kernel_preset() {
    auto config = preset("kernel");
    EXPECT_TRUE(config);
    return *config;
}

// Few cells a row take one pass, more take two.
TEST(KernelFit, IsTheSameToTheBitForAnyNumberOfThreadsAndFromItsFile) {
    for (const auto& [platforms, modules] : {std::pair{8, 9}, std::pair{12, 20}}) {
        const Dataset dataset = test::synthetic_dataset({.platforms = platforms, .modules = modules});
        Context one;
        one.threads = 1;
        Context two;
        two.threads = 2;
        const auto a = fit(dataset, kernel_preset(), one);
        const auto b = fit(dataset, kernel_preset(), two);
        ASSERT_TRUE(a && b);
        const auto bytes = a->to_bytes();
        ASSERT_TRUE(bytes);
        EXPECT_EQ(*bytes, *b->to_bytes());
        const auto again = Predictor::from_bytes(*bytes);
        ASSERT_TRUE(again) << again.error().message();
        EXPECT_EQ(*again->to_bytes(), *bytes);
        EXPECT_EQ(again->predict_pair(3, 4)->runtime_us, a->predict_pair(3, 4)->runtime_us);
    }
}

TEST(KernelFit, LearnsWhatLinearScalingCannot) {
    const test::SyntheticOptions options{.platforms = 20, .modules = 30, .density = 0.5, .interaction = 0.5};
    const Dataset dataset = test::synthetic_dataset(options);
    const Dataset whole = test::synthetic_dataset({.platforms = 20, .modules = 30, .density = 1.0, .interaction = 0.5});
    const auto error = [&](const char* name) {
        const auto made = fit(dataset, *preset(name));
        EXPECT_TRUE(made);
        double sum = 0.0;
        const ObservationView all = whole.pool(kAlone);
        for (std::size_t n = 0; n < all.runtime_us.size(); ++n) {
            const double t = made->predict_pair(all.platform[n], all.module[n])->runtime_us;
            sum += std::abs(t / all.runtime_us[n] - 1.0);
        }
        return sum / static_cast<double>(all.size());
    };
    EXPECT_LT(error("kernel"), 0.6 * error("baseline/linear_scaling"));
}

// What few observations, or none of a side's features, leave to say: finite answers.
TEST(KernelFit, AnswersForSmallFleets) {
    const std::vector<test::SyntheticOptions> fleets{
        {.platforms = 1, .modules = 6, .density = 1.0}, {.platforms = 6, .modules = 1, .density = 1.0},
        {.platforms = 2, .modules = 1, .density = 1.0}, {.platforms = 5, .modules = 6, .features = 0, .density = 0.6},
        {.platforms = 5, .modules = 6, .density = 1.0},
    };
    for (const test::SyntheticOptions& options : fleets) {
        const Dataset dataset = test::synthetic_dataset(options);
        const auto made = fit(dataset, kernel_preset());
        ASSERT_TRUE(made) << made.error().message();
        for (std::int32_t i = 0; i < options.platforms; ++i) {
            for (std::int32_t j = 0; j < options.modules; ++j) {
                const double t = made->predict_pair(i, j)->runtime_us;
                EXPECT_TRUE(std::isfinite(t) && t > 0.0) << options.platforms << " × " << options.modules;
            }
        }
    }
}

TEST(KernelFit, NewRowsAreAnsweredFromFeatures) {
    const Dataset dataset = test::synthetic_dataset({.platforms = 8, .modules = 9});
    const auto made = fit(dataset, kernel_preset());
    ASSERT_TRUE(made);
    // A new platform with the features of a known one is predicted near it.
    Side more;
    more.names = {"twin"};
    more.feature_names = dataset.platforms.feature_names;
    more.features = Matrix<double>(1, dataset.platforms.features.cols());
    std::ranges::copy(dataset.platforms.features.view().row(2), more.features.flat().begin());
    const auto with = made->with_rows(more, {});
    ASSERT_TRUE(with) << with.error().message();
    for (std::int32_t j = 0; j < 9; ++j) {
        EXPECT_NEAR(std::log(with->predict_pair(8, j)->runtime_us), std::log(made->predict_pair(2, j)->runtime_us),
                    0.5);
        EXPECT_NEAR(std::log(with->predict_pair(2, j)->runtime_us), std::log(made->predict_pair(2, j)->runtime_us),
                    1e-9);
    }
}

// Runtimes that are exactly a product of rank 2 and no features: a factorization of what the first pass leaves to
// products is found worth its while, and kept.
TEST(KernelFit, FactorsOfAProductAreFound) {
    Dataset dataset = test::synthetic_dataset({.platforms = 20, .modules = 25, .features = 0, .density = 0.6});
    const ObservationView alone = dataset.pool(kAlone);
    ObservationTable table;
    const auto truth = [](std::int32_t i, std::int32_t j) {
        return std::sin(1.7 * i) * std::cos(2.3 * j) + std::sin(5.1 * i) * std::sin(0.9 * j);
    };
    for (std::int64_t n = 0; n < alone.size(); ++n) {
        const auto at = static_cast<std::size_t>(n);
        table.platform.push_back(alone.platform[at]);
        table.module.push_back(alone.module[at]);
        table.runtime_us.push_back(1000.0 * std::exp(truth(alone.platform[at], alone.module[at])));
    }
    dataset.set_observations(std::move(table));
    const auto made = fit(dataset, kernel_preset());
    ASSERT_TRUE(made) << made.error().message();
    const auto bytes = made->to_bytes();
    ASSERT_TRUE(bytes);
    constexpr std::string_view kName = "kernel_platform_factors";
    const auto same = [](std::byte b, char c) { return static_cast<char>(b) == c; };
    EXPECT_NE(std::search(bytes->begin(), bytes->end(), kName.begin(), kName.end(), same), bytes->end());
    const auto again = Predictor::from_bytes(*bytes);
    ASSERT_TRUE(again) << again.error().message();
    EXPECT_EQ(*again->to_bytes(), *bytes);
    double sum = 0.0;
    for (std::int32_t i = 0; i < 20; ++i) {
        for (std::int32_t j = 0; j < 25; ++j) {
            sum += std::abs(std::log(again->predict_pair(i, j)->runtime_us / 1000.0) - truth(i, j)) / 500.0;
        }
    }
    EXPECT_LT(sum, 0.05) << "mean error of ln t, products of size 0.7";
}

// The same with rows beside another module, which slows all others down by a quarter: what is known of runs alone is
// not lost, whatever is learned with it.
TEST(KernelFit, FactorsOfAProductAreKnownBesideOthersToo) {
    constexpr std::int32_t platforms = 20, modules = 25;
    Dataset dataset = test::synthetic_dataset({.platforms = platforms, .modules = modules, .features = 0});
    const auto truth = [](std::int32_t i, std::int32_t j) {
        return std::sin(1.7 * i) * std::cos(2.3 * j) + std::sin(5.1 * i) * std::sin(0.9 * j);
    };
    ObservationTable alone, beside;
    beside.width = 1;
    for (std::int32_t i = 0; i < platforms; ++i) {
        for (std::int32_t j = 0; j < modules; ++j) {
            const double runtime_us = 1000.0 * std::exp(truth(i, j));
            if ((3 * i + 7 * j) % 5 < 3) {
                alone.platform.push_back(i);
                alone.module.push_back(j);
                alone.runtime_us.push_back(runtime_us);
                if ((i + j) % 3 == 0) {
                    beside.platform.push_back(i);
                    beside.module.push_back(j);
                    beside.co_runner.push_back((i + 2 * j) % modules);
                    beside.runtime_us.push_back(1.25 * runtime_us);
                }
            }
        }
    }
    dataset.set_observations(std::move(alone), std::move(beside));
    const auto made = fit(dataset, kernel_preset());
    ASSERT_TRUE(made) << made.error().message();
    const auto again = Predictor::from_bytes(*made->to_bytes());
    ASSERT_TRUE(again) << again.error().message();
    EXPECT_EQ(*again->to_bytes(), *made->to_bytes());
    const auto error = [&](const Predictor& predictor, std::vector<std::int32_t> with, double slower) {
        double sum = 0.0;
        for (std::int32_t i = 0; i < platforms; ++i) {
            for (std::int32_t j = 0; j < modules; ++j) {
                const double runtime_us = predictor.predict_pair(i, j, {}, with)->runtime_us;
                sum += std::abs(std::log(runtime_us / (1000.0 * slower)) - truth(i, j));
            }
        }
        return sum / (platforms * modules);
    };
    EXPECT_LT(error(*again, {}, 1.0), 0.05);
    EXPECT_LT(error(*again, {3}, 1.25), 0.1);
    Dataset more = test::synthetic_dataset({.platforms = platforms, .modules = modules, .features = 0});
    ObservationTable run;
    run.platform.push_back(4);
    run.module.push_back(11);
    run.runtime_us.push_back(1000.0 * std::exp(truth(4, 11)));
    more.set_observations(std::move(run));
    auto learned = again->observe(more);
    ASSERT_TRUE(learned) << learned.error().message();
    EXPECT_LT(error(learned->predictor, {}, 1.0), 0.05);
}

TEST(KernelFit, EmbeddingsAreOneMoreDistanceASide) {
    const Dataset dataset = test::synthetic_dataset({.platforms = 12, .modules = 20});
    const auto config = preset("kernel/+embeddings");
    ASSERT_TRUE(config);
    const auto made = fit(dataset, *config);
    ASSERT_TRUE(made) << made.error().message();
    const auto bytes = made->to_bytes();
    ASSERT_TRUE(bytes);
    EXPECT_NE(*bytes, *fit(dataset, kernel_preset())->to_bytes());
    const auto again = Predictor::from_bytes(*bytes);
    ASSERT_TRUE(again) << again.error().message();
    EXPECT_EQ(*again->to_bytes(), *bytes);
    // A new row has the embedding of the row nearest it, and those that were there keep their answers.
    Side more;
    more.names = {"twin"};
    more.feature_names = dataset.modules.feature_names;
    more.features = Matrix<double>(1, dataset.modules.features.cols());
    std::ranges::copy(dataset.modules.features.view().row(4), more.features.flat().begin());
    const auto with = again->with_rows({}, more);
    ASSERT_TRUE(with) << with.error().message();
    for (std::int32_t i = 0; i < 12; ++i) {
        const auto log_time = [&](const Predictor& predictor, std::int32_t j) {
            return std::log(predictor.predict_pair(i, j)->runtime_us);
        };
        EXPECT_NEAR(log_time(*with, 4), log_time(*made, 4), 1e-9);
        EXPECT_NEAR(log_time(*with, 20), log_time(*made, 4), 0.5);
    }
}

// Replicates on machines side by side, as on several cards.
struct Replicates {
    std::vector<std::int64_t> order;
    std::vector<double> answers;
};
Result<Replicates> replicates_on(const std::vector<Machine>& machines, const Dataset& dataset,
                                 std::int64_t refused = -1) {
    FitConfig config = preset("kernel").value();
    config.model.kernel_steps = 8;
    const auto rows = [&](std::int64_t replicate) { return train::draw_rows(dataset, config, 0.7, 0.0, replicate); };
    Replicates out;
    const auto ok = fit_kernels(
        {.dataset = dataset, .config = config, .share = 0.7, .replicates = 5, .context = {}, .rows = rows}, machines,
        [&](Fitted&& fitted) -> Result<void> {
            if (fitted.replicate == refused) {
                return fail(ErrorCode::kEnvironment, "not this one");
            }
            out.order.push_back(fitted.replicate);
            const auto kept = fitted.model->keep(
                dataset, fitted.rows, 1, [&](const std::string&, const std::vector<float>& values, const auto&) {
                    out.answers.insert(out.answers.end(), values.begin(), values.end());
                    return Result<void>();
                });
            return kept;
        });
    return ok.map([&] { return out; });
}

TEST(KernelMachines, FitTheSameReplicatesSideBySide) {
    const Dataset dataset = test::synthetic_dataset({.platforms = 9, .modules = 12, .density = 0.9});
    core::Team one(1);
    core::Team two(1);
    core::Team three(2);
    const auto alone = replicates_on({Machine(one)}, dataset);
    ASSERT_TRUE(alone);
    EXPECT_EQ(alone->order, (std::vector<std::int64_t>{0, 1, 2, 3, 4}));
    const auto together = replicates_on({Machine(one), Machine(two), Machine(three)}, dataset);
    ASSERT_TRUE(together);
    EXPECT_EQ(together->order, alone->order);
    EXPECT_EQ(together->answers, alone->answers);
    EXPECT_GT(alone->answers.size(), 100U);
}

TEST(KernelMachines, EndWhereAReplicateIsNotTaken) {
    const Dataset dataset = test::synthetic_dataset({.platforms = 9, .modules = 12, .density = 0.9});
    core::Team one(1);
    core::Team two(1);
    const auto ended = replicates_on({Machine(one), Machine(two)}, dataset, 1);
    ASSERT_FALSE(ended);
    EXPECT_EQ(ended.error().message(), "not this one");
}

}  // namespace
}  // namespace pitot::models::kernel
