// A process that learns on, and what it knows of pairs together: against dense algebra and against fits of all at once.
#include "models/kernel/observe.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>
#include <vector>

#include "backend/dense_algebra.hpp"
#include "models/kernel/deviation.hpp"
#include "models/kernel/explain.hpp"
#include "models/kernel/likelihood.hpp"
#include "models/kernel/posterior.hpp"
#include "models/kernel/solve.hpp"
#include "support/explanations.hpp"
#include "support/synthetic.hpp"

namespace pitot::models::kernel {
namespace {

namespace dense = backend::dense;

// One-pass state of some of a fleet's rows, at the hyper-parameters where learning starts.
struct Start {
    explicit Start(const test::SyntheticOptions& options, std::int64_t every)
        : dataset(test::synthetic_dataset(options)) {
        const ObservationView alone = dataset.pool(kAlone);
        std::vector<std::int64_t> rows;
        for (std::int64_t n = 0; n < alone.size(); ++n) {
            if (n % every != 0) {
                rows.push_back(n);
                continue;
            }
            const auto at = static_cast<std::size_t>(n);
            platform.push_back(alone.platform[at]);
            module.push_back(alone.module[at]);
            target.push_back(std::log(alone.runtime_us[at] / 25'000.0));
        }
        state.reference_platforms = dataset.platforms.size();
        state.reference_modules = dataset.modules.size();
        state.cells = gather_cells(alone, rows);
        state.constant = -0.3;
        const GridDistances distances = feature_distances(state, dataset.platforms, dataset.modules);
        state.first_hyper = kernel::Layout(distances.platforms, distances.modules).start(core::Key(4));
        state.first_alpha = Matrix<double>(dataset.platforms.size(), dataset.modules.size());
        tables = prepare_tables(state, dataset.platforms, dataset.modules, team);
        settle(state);
        auto made = answer_all(state, dataset.platforms, dataset.modules, team);
        EXPECT_TRUE(made);
        answers = std::move(*made);
    }

    // α by a dense factor.
    void settle(KernelState& of) {
        std::vector<double> y;
        for (const double mean : of.cells.mean) {
            y.push_back(mean - of.constant);
        }
        SolveOptions all;
        all.dense_cells = 100'000;
        of.alpha = solve(tables->tables.alone, of.cells, y, all, team)->alpha;
    }

    [[nodiscard]] NewRuns runs() const { return {platform, module, target}; }

    Dataset dataset;
    core::Team team{2};
    KernelState state;
    std::shared_ptr<const PreparedTables> tables;
    KernelAnswers answers;
    std::vector<std::int32_t> platform, module;  // of rows that the state does not know
    std::vector<double> target;
};

double largest_difference(const Matrix<double>& a, const Matrix<double>& b) {
    double most = a.flat().size() == b.flat().size() ? 0.0 : 1.0;
    for (std::size_t n = 0; n < std::min(a.flat().size(), b.flat().size()); ++n) {
        most = std::max(most, std::abs(a.flat()[n] - b.flat()[n]));
    }
    return most;
}

// What a fit of all cells says, with the same hyper-parameters.
void expect_refit(Start& start, const FoldedIn& folded) {
    KernelState all = clone_state(folded.state);
    start.settle(all);
    const auto refit = answer_all(all, start.dataset.platforms, start.dataset.modules, start.team);
    ASSERT_TRUE(refit);
    EXPECT_LT(largest_difference(folded.answers.mean, refit->mean), 1e-6);
    EXPECT_LT(largest_difference(folded.answers.deviation, refit->deviation), 1e-12);
}

TEST(KernelObserve, MergesRunsAsIfTheyHadBeenGatheredTogether) {
    Dataset dataset = test::synthetic_dataset({.platforms = 4, .modules = 5, .density = 0.6});
    ObservationTable rows;
    const ObservationView some = dataset.pool(kAlone);
    for (std::size_t n = 0; n < some.runtime_us.size(); ++n) {
        for (std::size_t run = 0; run <= n % 3; ++run) {
            rows.platform.push_back(some.platform[n]);
            rows.module.push_back(some.module[n]);
            rows.runtime_us.push_back(some.runtime_us[n] * (1.0 + 0.1 * static_cast<double>(run)));
        }
    }
    dataset.set_observations(std::move(rows));
    const ObservationView alone = dataset.pool(kAlone);
    std::vector<std::int64_t> all(static_cast<std::size_t>(alone.size()));
    std::iota(all.begin(), all.end(), 0);
    std::vector<std::int64_t> first;
    std::vector<std::int32_t> platform, module;
    std::vector<double> target;
    for (const std::int64_t n : all) {
        const auto at = static_cast<std::size_t>(n);
        if (n % 2 == 0) {
            first.push_back(n);
        } else {
            platform.push_back(alone.platform[at]);
            module.push_back(alone.module[at]);
            target.push_back(std::log(alone.runtime_us[at] / 25'000.0));
        }
    }
    const Cells merged = cells_of(merge_runs(runs_of(gather_cells(alone, first)), {platform, module, target}).runs);
    const Cells whole = gather_cells(alone, all);
    EXPECT_EQ(merged.platform, whole.platform);
    EXPECT_EQ(merged.module, whole.module);
    EXPECT_EQ(merged.count, whole.count);
    for (std::size_t n = 0; n < whole.size(); ++n) {
        EXPECT_NEAR(merged.mean[n], whole.mean[n], 1e-12);
    }
    EXPECT_NEAR(merged.within_squares, whole.within_squares, 1e-12);
    EXPECT_EQ(merged.within_freedom, whole.within_freedom);
}

TEST(KernelObserve, IsARefitWithTheSameHyperParameters) {
    Start start({.platforms = 14, .modules = 15, .density = 0.7}, 9);
    // Some runs of known pairs, too.
    for (std::size_t n = 0; n < 3; ++n) {
        start.platform.push_back(start.state.cells.platform[20 * n]);
        start.module.push_back(start.state.cells.module[20 * n]);
        start.target.push_back(start.state.cells.mean[20 * n] + 0.2);
    }
    const auto by_factor = fold_in(start.state, start.answers, *start.tables, start.runs(), start.team);
    ASSERT_TRUE(by_factor) << by_factor.error().message();
    expect_refit(start, *by_factor);
    SolveOptions iterative = kFoldInOptions;
    iterative.dense_cells = 0;
    iterative.neighbour_cells = 40;
    const auto by_steps = fold_in(start.state, start.answers, *start.tables, start.runs(), start.team, iterative);
    ASSERT_TRUE(by_steps) << by_steps.error().message();
    expect_refit(start, *by_steps);
    EXPECT_GT(by_steps->state.residual, 0.0);
}

// Deviations of platforms far from what was measured stay as they were, and those that change are computed.
TEST(KernelObserve, DeviationsFollowOneRun) {
    Start start({.platforms = 60, .modules = 50, .density = 0.9}, 500);
    ASSERT_GT(start.state.cells.size(), 2000U);
    const NewRuns one{std::span(start.platform).first(1), std::span(start.module).first(1),
                      std::span(start.target).first(1)};
    const auto folded = fold_in(start.state, start.answers, *start.tables, one, start.team);
    ASSERT_TRUE(folded) << folded.error().message();
    expect_refit(start, *folded);
    EXPECT_LT(folded->answers.deviation(start.platform[0], start.module[0]),
              start.answers.deviation(start.platform[0], start.module[0]));
}

TEST(KernelPosterior, AgreesWithTheInverseWrittenOut) {
    Start start({.platforms = 8, .modules = 9, .density = 0.6}, 1000);
    const Pairs pairs{{2, 2, 5, 0}, {1, 3, 1, 8}};
    const auto given = condition(start.tables->tables.alone, start.state.cells, pairs, true, start.team);
    ASSERT_TRUE(given);
    // The same from one inverse: the block of pairs of (K of all + D)⁻¹ is the inverse of covariance plus its own
    // noise.
    Cells all = start.state.cells;
    for (std::size_t n = 0; n < pairs.size(); ++n) {
        all.platform.push_back(pairs.platform[n]);
        all.module.push_back(pairs.module[n]);
        all.mean.push_back(0.0);
        all.count.push_back(1.0);
    }
    const std::int64_t size = std::ssize(all.mean);
    const std::int64_t known = std::ssize(start.state.cells.mean);
    Matrix<double> inverse(size, size);
    fill_covariance(start.tables->tables.alone, all, inverse.view(), start.team);
    for (std::int64_t n = 0; n < size; ++n) {
        inverse(n, n) += start.tables->tables.alone.noise;
    }
    ASSERT_FALSE(dense::cholesky(inverse.view(), 1));
    dense::inverse_from_cholesky(inverse.view(), 1);
    dense::mirror_lower(inverse.view());
    for (std::int64_t u = 0; u < 4; ++u) {
        for (std::int64_t v = 0; v < 4; ++v) {
            double product = 0.0;
            for (std::int64_t k = 0; k < 4; ++k) {
                const double noise = v == k ? start.tables->tables.alone.noise : 0.0;
                product += inverse(known + u, known + k) * (given->covariance(k, v) + noise);
            }
            EXPECT_NEAR(product, u == v ? 1.0 : 0.0, 1e-8);
        }
    }
    for (std::int64_t u = 0; u < 4; ++u) {
        double mean = start.state.constant;
        for (std::int64_t n = 0; n < known; ++n) {
            mean += given->weight(u, n) * (start.state.cells.mean[static_cast<std::size_t>(n)] - start.state.constant);
        }
        const auto at = static_cast<std::size_t>(u);
        EXPECT_NEAR(mean, start.answers.mean(pairs.platform[at], pairs.module[at]), 1e-9);
    }
}

TEST(KernelPosterior, NearestCellsAreThoseOfThePairsRowsFirst) {
    Start start({.platforms = 10, .modules = 6, .density = 1.0}, 1000);
    const auto row = nearest_cells(*start.tables, start.state.cells, {{3, 3}, {0, 5}}, 20);
    EXPECT_EQ(row.size(), 20U);  // of three platforms, and some of a fourth
    EXPECT_TRUE(std::ranges::is_sorted(row));
    EXPECT_EQ(std::ranges::count_if(
                  row, [&](std::int64_t n) { return start.state.cells.platform[static_cast<std::size_t>(n)] == 3; }),
              6);
    const auto column = nearest_cells(*start.tables, start.state.cells, {{0, 9, 4}, {2, 2, 2}}, 25);
    EXPECT_EQ(column.size(), 25U);  // of two modules, and some of a third
    EXPECT_EQ(std::ranges::count_if(
                  column, [&](std::int64_t n) { return start.state.cells.module[static_cast<std::size_t>(n)] == 2; }),
              10);
    EXPECT_EQ(nearest_cells(*start.tables, start.state.cells, {{3}, {2}}, 1000).size(), start.state.cells.size());
}

TEST(KernelExplain, TermsWeightsAndPartsSumUp) {
    Start start({.platforms = 9, .modules = 8, .density = 0.7}, 7);
    for (std::size_t n = 0; n < start.platform.size(); ++n) {
        const auto told =
            explain_pair(start.state, start.answers, *start.tables, start.platform[n], start.module[n], 5, start.team);
        ASSERT_TRUE(told);
        EXPECT_EQ(told->near.size(), 5U);
        EXPECT_EQ(told->weighed, told->learned_from);
        EXPECT_NEAR(told->near_answer, told->answer, 1e-8);
        test::expect_sums(*told, 1e-10);
        for (std::size_t k = 1; k < told->near.size(); ++k) {
            EXPECT_GE(std::abs(told->near[k - 1].weight), std::abs(told->near[k].weight));
        }
    }
}

}  // namespace
}  // namespace pitot::models::kernel
