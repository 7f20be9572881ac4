// Co-runners in the Gaussian process: gradients against differences, products and solves against dense algebra, and
// whole fits of rows beside others.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <span>
#include <vector>

#include "backend/dense_algebra.hpp"
#include "core/key.hpp"
#include "core/team.hpp"
#include "models/kernel/beside_fit.hpp"
#include "models/kernel/beside_solve.hpp"
#include "pitot/fit.hpp"
#include "support/gradient_check.hpp"
#include "support/synthetic.hpp"

namespace pitot::models::kernel {
namespace {

namespace dense = backend::dense;

// A synthetic fleet with rows beside others, its combinations and its distances by features.
struct Fleet {
    explicit Fleet(const test::SyntheticOptions& options) : dataset(test::synthetic_dataset(options)) {
        for (std::size_t p = 0; p < dataset.pools.size(); ++p) {
            numbers.emplace_back(static_cast<std::size_t>(dataset.pool(p).size()));
            std::iota(numbers.back().begin(), numbers.back().end(), 0);
        }
        const std::vector<core::RowNumbers> rows(numbers.begin(), numbers.end());
        runs = gather_runs(dataset, rows);
        for (const double mean : runs.cells.mean) {
            target.push_back(mean + 1.0);
        }
        platforms = platform_distances(dataset.platforms, dataset.platforms.size(), true);
        modules = module_distances(dataset.modules, dataset.modules.size(), true);
    }

    [[nodiscard]] BesideLayout layout() const { return {platforms, modules}; }
    [[nodiscard]] std::vector<double> start() const { return layout().start(core::Key(5)); }

    Dataset dataset;
    std::vector<std::vector<std::int64_t>> numbers;
    Runs runs;
    std::vector<double> target;
    SideDistances platforms, modules;
};

const test::SyntheticOptions kSmall{.platforms = 6, .modules = 8, .density = 0.6, .together = 60, .width = 3};

TEST(KernelBeside, GradientAgreesWithDifferences) {
    Fleet fleet(kSmall);
    fleet.runs.cells.count[3] = 4.0;
    fleet.runs.within_squares = {0.1, 0.2, 0.3, 0.4};  // as if some combinations had several runs
    fleet.runs.within_freedom = {3.0, 4.0, 5.0, 6.0};
    core::Team team(1);
    const BesideLayout layout = fleet.layout();
    std::vector<double> at = fleet.start();
    at[layout.number(2)] = -0.3;
    at[layout.number(3)] = 0.2;
    test::expect_gradient_of(
        [&](const std::vector<double>& values) {
            return likelihood(layout, values, fleet.platforms, fleet.modules, fleet.runs, fleet.target,
                              static_cast<double>(fleet.runs.size()), team);
        },
        at);
}

TEST(KernelBeside, GradientIsTheSameToTheBitForAnyNumberOfThreads) {
    const Fleet fleet(kSmall);
    core::Team one(1);
    core::Team three(3);
    const std::vector<double> at = fleet.start();
    const auto a = likelihood(fleet.layout(), at, fleet.platforms, fleet.modules, fleet.runs, fleet.target, 1.0, one);
    const auto b = likelihood(fleet.layout(), at, fleet.platforms, fleet.modules, fleet.runs, fleet.target, 1.0, three);
    ASSERT_TRUE(a && b);
    EXPECT_EQ(a->value, b->value);
    EXPECT_EQ(a->gradient, b->gradient);
}

TEST(KernelBeside, CombinationsAreJoinedWhateverTheOrderOfCoRunners) {
    Dataset dataset = test::synthetic_dataset({.platforms = 2, .modules = 4, .together = 4, .width = 3});
    ObservationTable together;
    together.width = 3;
    together.platform = std::vector<std::int32_t>{1, 1, 1, 1};
    together.module = std::vector<std::int32_t>{2, 2, 2, 2};
    together.co_runner = std::vector<std::int32_t>{3, 0, -1, -1, 0, 3, 3, 3, -1, -1, -1, -1};
    together.runtime_us = std::vector<double>{100.0, 100.0 * std::exp(0.2), 50.0, 10.0};
    dataset.set_observations({}, std::move(together));
    const std::vector<std::int64_t> all{0, 1, 2, 3};
    const std::vector<core::RowNumbers> rows{{}, all};
    const Runs runs = gather_runs(dataset, rows);
    ASSERT_EQ(runs.size(), 3U);
    std::vector<std::size_t> kinds;
    for (std::size_t n = 0; n < runs.size(); ++n) {
        kinds.push_back(runs.kind(n));
    }
    EXPECT_EQ(kinds, (std::vector<std::size_t>{0, 2, 2}));
    EXPECT_EQ(runs.cells.count, (std::vector<double>{1.0, 2.0, 1.0}));
    EXPECT_EQ((std::vector<std::int32_t>(runs.set(1).begin(), runs.set(1).end())), (std::vector<std::int32_t>{0, 3}));
    EXPECT_EQ((std::vector<std::int32_t>(runs.set(2).begin(), runs.set(2).end())), (std::vector<std::int32_t>{3, 3}));
    EXPECT_NEAR(runs.within_squares[2], 0.02, 1e-12);
}

// The covariance matrix as the definition has it, element by element.
Matrix<double> written_out(const BesideTables& tables, const Runs& runs) {
    const auto n = std::ssize(runs.cells.mean);
    Matrix<double> matrix(n, n);
    core::Team team(1);
    fill_covariance(tables.alone, runs.cells, matrix.view(), team);
    dense::mirror_lower(matrix.view());
    for (std::size_t u = 0; u < runs.size(); ++u) {
        for (std::size_t v = 0; v < runs.size(); ++v) {
            double& sum = matrix(static_cast<std::int64_t>(u), static_cast<std::int64_t>(v));
            for (const std::int32_t k : runs.set(u)) {
                for (const std::int32_t m : runs.set(v)) {
                    for (std::size_t t = 0; t < kBesideTerms; ++t) {
                        sum += tables.number[runs.kind(u)] * tables.number[runs.kind(v)] * tables.scale[t] *
                               tables.platform[t].value(runs.cells.platform[u], runs.cells.platform[v]) *
                               tables.module[t].value(runs.cells.module[u], runs.cells.module[v]) *
                               (t > 0 ? tables.co_runner[t].value(k, m) : 1.0);
                    }
                }
            }
        }
        const auto at = static_cast<std::int64_t>(u);
        matrix(at, at) += tables.noise[runs.kind(u)] / runs.cells.count[u];
    }
    return matrix;
}

BesideTables tables_of(const Fleet& fleet, core::Team& team) {
    const BesideLayout layout = fleet.layout();
    std::vector<double> at = fleet.start();
    at[layout.number(2)] = -0.3;
    at[layout.number(3)] = 0.2;
    return make_tables(layout, at, fleet.platforms, fleet.modules, team);
}

TEST(KernelBeside, CovarianceIsTheDefinitionsAndPositiveDefinite) {
    const Fleet fleet(kSmall);
    core::Team team(2);
    const BesideTables tables = tables_of(fleet, team);
    Matrix<double> expected = written_out(tables, fleet.runs);
    Matrix<double> filled(expected.rows(), expected.rows());
    fill_covariance(tables, fleet.runs, filled.view(), team);
    for (std::int64_t u = 0; u < expected.rows(); ++u) {
        for (std::int64_t v = 0; v <= u; ++v) {
            EXPECT_NEAR(filled(u, v), expected(u, v), 1e-12);
        }
    }
    EXPECT_FALSE(dense::cholesky(expected.view(), 1));
}

TEST(KernelBeside, ConjugateGradientsAndGridsAgreeWithADenseFactor) {
    const Fleet fleet({.platforms = 8, .modules = 10, .density = 0.6, .together = 300, .width = 2});
    core::Team team(2);
    const BesideTables tables = tables_of(fleet, team);
    const auto go_on = [] { return true; };
    const auto exact = solve(tables, fleet.runs, fleet.target, {}, team, go_on);
    SolveOptions options;
    options.dense_cells = 0;
    options.neighbour_cells = 60;
    options.tolerance = 1e-11;
    const auto iterative = solve(tables, fleet.runs, fleet.target, options, team, go_on);
    ASSERT_TRUE(exact && iterative) << (iterative ? "" : iterative.error().message());
    EXPECT_EQ(exact->iterations, 0);
    EXPECT_GT(iterative->iterations, 0);
    for (std::size_t n = 0; n < exact->alpha.size(); ++n) {
        EXPECT_NEAR(iterative->alpha[n], exact->alpha[n], 1e-6 * (1.0 + std::abs(exact->alpha[n])));
    }
    // What the grid says of each row beside others is the covariance of h times α.
    const BesideGrid grid = make_grid(tables, fleet.runs, exact->alpha, team);
    const Matrix<double> all = written_out(tables, fleet.runs);
    Matrix<double> of_alone(all.rows(), all.rows());
    fill_covariance(tables.alone, fleet.runs.cells, of_alone.view(), team);
    dense::mirror_lower(of_alone.view());
    for (std::size_t u = 0; u < fleet.runs.size(); ++u) {
        const auto at = static_cast<std::int64_t>(u);
        double expected = -tables.noise[fleet.runs.kind(u)] / fleet.runs.cells.count[u] * exact->alpha[u];
        for (std::size_t v = 0; v < fleet.runs.size(); ++v) {
            const auto other = static_cast<std::int64_t>(v);
            expected += (all(at, other) - of_alone(at, other)) * exact->alpha[v];
        }
        const double answer = grid(fleet.runs.cells.platform[u], fleet.runs.cells.module[u], fleet.runs.set(u));
        EXPECT_NEAR(answer, expected, 1e-5);
    }
    options.iterations = 1;
    const auto early = solve(tables, fleet.runs, fleet.target, options, team, go_on);
    ASSERT_FALSE(early);
    EXPECT_NE(early.error().message().find("did not converge"), std::string::npos);
}

TEST(KernelBeside, DeviationsAreThePosteriorsWhereAllRowsAreNear) {
    const Fleet fleet(kSmall);
    core::Team team(2);
    const BesideTables tables = tables_of(fleet, team);
    const auto local = local_uncertainty(tables, fleet.runs, 1 << 20, team);
    ASSERT_TRUE(local);
    // What is left of each run without itself, by the inverse written out.
    Matrix<double> known = written_out(tables, fleet.runs);
    ASSERT_FALSE(dense::cholesky(known.view(), 1));
    dense::inverse_from_cholesky(known.view(), 1);
    for (std::size_t n = 0; n < fleet.runs.size(); ++n) {
        const auto u = static_cast<std::int64_t>(n);
        EXPECT_NEAR(local->precision[n], known(u, u), 1e-8 * known(u, u));
    }
    // Of one pair alone, by a dense factor.
    Runs asked = fleet.runs;
    asked.cells.platform.push_back(2);
    asked.cells.module.push_back(5);
    asked.cells.mean.push_back(0.0);
    asked.cells.count.push_back(1.0);
    asked.co_runner.insert(asked.co_runner.end(), {-1, -1, -1});
    Matrix<double> joint = written_out(tables, asked);
    ASSERT_FALSE(dense::cholesky(joint.view(), 1));
    const std::int64_t last = joint.rows() - 1;
    EXPECT_NEAR(local->alone(2, 5), joint(last, last), 1e-9);
    for (std::size_t n = 0; n < local->alone.flat().size(); ++n) {
        EXPECT_GE(local->beside.flat()[n], std::sqrt(tables.noise[1]));
    }
}

FitConfig beside_preset() {
    auto config = preset("kernel");
    EXPECT_TRUE(config);
    config->model.kernel_steps = 20;
    return *config;
}

TEST(KernelBesideFit, IsTheSameToTheBitForAnyNumberOfThreadsAndFromItsFile) {
    const Dataset dataset = test::synthetic_dataset({.together = 400, .width = 2});
    Context one;
    one.threads = 1;
    Context two;
    two.threads = 2;
    const auto a = fit(dataset, beside_preset(), one);
    const auto b = fit(dataset, beside_preset(), two);
    ASSERT_TRUE(a && b) << a.error().message();
    const auto bytes = a->to_bytes();
    ASSERT_TRUE(bytes);
    EXPECT_EQ(*bytes, *b->to_bytes());
    const auto again = Predictor::from_bytes(*bytes);
    ASSERT_TRUE(again) << again.error().message();
    EXPECT_EQ(*again->to_bytes(), *bytes);
    const std::array<std::int32_t, 2> others{7, 2};
    const std::array<std::int32_t, 2> turned{2, 7};
    const double beside = a->predict_pair(3, 4, {}, others)->runtime_us;
    EXPECT_EQ(again->predict_pair(3, 4, {}, others)->runtime_us, beside);
    EXPECT_EQ(a->predict_pair(3, 4, {}, turned)->runtime_us, beside);
    EXPECT_NE(a->predict_pair(3, 4)->runtime_us, beside);
    // No co-runner is alone, and a module may run beside itself.
    const std::array<std::int32_t, 2> none{-1, -1};
    EXPECT_EQ(a->predict_pair(3, 4, {}, none)->runtime_us, a->predict_pair(3, 4)->runtime_us);
    const std::array<std::int32_t, 1> itself{4};
    EXPECT_GT(a->predict_pair(3, 4, {}, itself)->runtime_us, 0.0);
}

// Where every run beside others has two of them, one and three do what two of them let expect, no more.
TEST(KernelBesideFit, NumbersOfCoRunnersNeverSeenFollowThoseSeen) {
    Dataset dataset = test::synthetic_dataset({.density = 1.0});
    const ObservationView alone = dataset.pool(kAlone);
    ObservationTable by_itself, together;
    together.width = 2;
    for (ObservationTable* table : {&by_itself, &together}) {
        for (std::size_t n = 0; n < alone.runtime_us.size(); ++n) {
            table->platform.push_back(alone.platform[n]);
            table->module.push_back(alone.module[n]);
            table->runtime_us.push_back(alone.runtime_us[n] * (table == &together ? 1.5 : 1.0));
        }
    }
    for (std::size_t n = 0; n < alone.runtime_us.size(); ++n) {
        together.co_runner.push_back(2);
        together.co_runner.push_back(7);
    }
    dataset.set_observations(std::move(by_itself), std::move(together));
    const auto made = fit(dataset, *preset("kernel"));
    ASSERT_TRUE(made) << made.error().message();
    const double none = made->predict_pair(3, 4)->runtime_us;
    const auto slower = [&](std::span<const std::int32_t> others) {
        return made->predict_pair(3, 4, {}, others)->runtime_us / none;
    };
    EXPECT_NEAR(slower(std::array<std::int32_t, 2>{2, 7}), 1.5, 0.1);
    EXPECT_NEAR(slower(std::array<std::int32_t, 1>{2}), 1.22, 0.15);
    EXPECT_GT(slower(std::array<std::int32_t, 3>{2, 7, 5}), 1.4);
    EXPECT_LT(slower(std::array<std::int32_t, 3>{2, 7, 5}), 2.2);
}

TEST(KernelBesideFit, LearnsWhatCoRunnersDo) {
    const test::SyntheticOptions options{.together = 600, .width = 1};
    const Dataset dataset = test::synthetic_dataset(options);
    const test::SyntheticTruth truth(dataset, options);
    FitConfig ignoring = beside_preset();
    ignoring.train.objective("together").weight = 0.0;
    const auto error = [&](const FitConfig& config) {
        const auto made = fit(dataset, config);
        EXPECT_TRUE(made);
        double sum = 0.0;
        for (std::int32_t i = 0; i < 12; ++i) {
            for (std::int32_t k = 0; k < 20; ++k) {
                const std::int32_t j = (3 * k + i) % 20;
                const double expected = to_time(LogRuntime{truth(i, j) + truth.slowdown(i, k)}).value;
                sum +=
                    std::abs(made->predict_pair(i, j, {}, std::array<std::int32_t, 1>{k})->runtime_us / expected - 1.0);
            }
        }
        return sum / 240.0;
    };
    EXPECT_LT(error(beside_preset()), 0.25 * error(ignoring));
}

TEST(KernelBesideFit, NewModulesAreAnsweredAsCoRunnersFromFeatures) {
    const Dataset dataset = test::synthetic_dataset({.together = 400});
    const auto made = fit(dataset, beside_preset());
    ASSERT_TRUE(made);
    Side more;
    more.names = {"twin"};
    more.feature_names = dataset.modules.feature_names;
    more.features = Matrix<double>(1, dataset.modules.features.cols());
    std::ranges::copy(dataset.modules.features.view().row(2), more.features.flat().begin());
    const auto with = made->with_rows({}, more);
    ASSERT_TRUE(with) << with.error().message();
    for (std::int32_t i = 0; i < 12; ++i) {
        const auto log_time = [&](const Predictor& predictor, std::int32_t k) {
            return std::log(predictor.predict_pair(i, 5, {}, std::array<std::int32_t, 1>{k})->runtime_us);
        };
        EXPECT_NEAR(log_time(*with, 2), log_time(*made, 2), 1e-6);
        EXPECT_NEAR(log_time(*with, 20), log_time(*made, 2), 0.1);
    }
}

}  // namespace
}  // namespace pitot::models::kernel
