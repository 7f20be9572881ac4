// A process that knows co-runners learns on, and what it knows of pairs together: against dense algebra and against
// solves of all at once.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <numeric>
#include <utility>
#include <vector>

#include "backend/dense_algebra.hpp"
#include "models/kernel/beside_solve.hpp"
#include "models/kernel/explain.hpp"
#include "models/kernel/held_out.hpp"
#include "models/kernel/observe.hpp"
#include "models/kernel/posterior.hpp"
#include "models/kernel/solve.hpp"
#include "support/explanations.hpp"
#include "support/synthetic.hpp"

namespace pitot::models::kernel {
namespace {

namespace dense = backend::dense;

std::vector<double> less(const std::vector<double>& values, double constant) {
    std::vector<double> result;
    for (const double v : values) {
        result.push_back(v - constant);
    }
    return result;
}

// α of a state's runs by a dense factor.
std::vector<double> dense_alpha(const KernelState& state, const BesideTables& tables, core::Team& team) {
    SolveOptions all;
    all.dense_cells = 100'000;
    return solve(tables, state.beside.runs, less(state.beside.runs.cells.mean, state.constant), all, team,
                 [] { return true; })
        ->alpha;
}

// A state of all passes at the hyper-parameters where learning starts, of some of a fleet's rows.
struct BesideStart {
    BesideStart(const test::SyntheticOptions& options, std::int64_t every) : dataset(test::synthetic_dataset(options)) {
        std::vector<std::vector<std::int64_t>> kept(dataset.pools.size());
        for (std::size_t p = 0; p < dataset.pools.size(); ++p) {
            const ObservationView table = dataset.pool(p);
            for (std::int64_t n = 0; n < table.size(); ++n) {
                n % every == 0 ? add(table, static_cast<std::size_t>(n)) : kept[p].push_back(n);
            }
        }
        state.reference_platforms = dataset.platforms.size();
        state.reference_modules = dataset.modules.size();
        state.constant = -0.3;
        state.beside.runs = gather_runs(dataset, std::vector<core::RowNumbers>(kept.begin(), kept.end()));
        state.beside.alpha.assign(state.beside.runs.size(), 0.0);
        take_alone(state);
        learn_passes();
        tables = prepare_tables(state, dataset.platforms, dataset.modules, team);
        settle(state);
        answers = answer_all(state, dataset.platforms, dataset.modules, team).value();
    }

    void settle(KernelState& of) {
        of.beside.alpha = dense_alpha(of, tables->tables, team);
        take_alone(of);
    }
    [[nodiscard]] NewRuns more() const { return {platform, module, target, co_runner, width}; }

    void add(std::int32_t i, std::int32_t j, double y, std::vector<std::int32_t> with) {
        platform.push_back(i);
        module.push_back(j);
        target.push_back(y);
        with.resize(static_cast<std::size_t>(width), -1);
        co_runner.insert(co_runner.end(), with.begin(), with.end());
    }

    Dataset dataset;
    core::Team team{2};
    KernelState state;
    std::shared_ptr<const PreparedTables> tables;
    KernelAnswers answers;
    std::vector<std::int32_t> platform, module, co_runner;  // of rows that the state does not know
    std::int32_t width = 3;                                 // one more than the state's
    std::vector<double> target;

private:
    void add(const ObservationView& table, std::size_t n) {
        const auto beside =
            table.co_runner.subspan(n * static_cast<std::size_t>(table.width), static_cast<std::size_t>(table.width));
        add(table.platform[n], table.module[n], std::log(table.runtime_us[n] / 25'000.0),
            {beside.begin(), beside.end()});
    }
    void learn_passes() {
        GridDistances distances = feature_distances(state, dataset.platforms, dataset.modules);
        const kernel::Layout layout(distances.platforms, distances.modules);
        state.first_hyper = layout.start(core::Key(4));
        const Tables first = make_tables(layout, state.first_hyper, distances.platforms, distances.modules, team);
        const auto solved = solve(first, state.cells, less(state.cells.mean, state.constant), {}, team);
        state.first_alpha = on_grid(state.cells, solved->alpha, state.reference_platforms, state.reference_modules);
        add_first_pass(state, distances, team);
        const BesideLayout before(distances.platforms, distances.modules);
        state.hyper = before.alone().start(core::Key(5));
        state.beside.first_hyper = before.start(core::Key(6));
        state.beside.first_alpha = dense_alpha(
            state, make_tables(before, state.beside.first_hyper, distances.platforms, distances.modules, team), team);
        add_beside_pass(state, distances, team);
        state.beside.hyper = BesideLayout(distances.platforms, distances.modules).start(core::Key(7));
        state.beside.hyper[BesideLayout(distances.platforms, distances.modules).number(2)] = -0.3;
    }
};

const test::SyntheticOptions kSmallBeside{.platforms = 7, .modules = 9, .density = 0.6, .together = 120, .width = 2};

template <typename T>
double largest_gap(const Matrix<T>& a, const Matrix<T>& b) {
    double most = a.flat().size() == b.flat().size() ? 0.0 : 1.0;
    for (std::size_t n = 0; n < std::min(a.flat().size(), b.flat().size()); ++n) {
        most = std::max(most, static_cast<double>(std::abs(a.flat()[n] - b.flat()[n])));
    }
    return most;
}

// What a solve of all runs says, computed afresh from the state.
void expect_solved_again(BesideStart& start, const FoldedIn& folded, const Side& platforms, const Side& modules) {
    KernelState all = clone_state(folded.state);
    start.settle(all);
    const auto again = answer_all(all, platforms, modules, start.team);
    ASSERT_TRUE(again);
    EXPECT_LT(largest_gap(folded.answers.mean, again->mean), 1e-6);
    EXPECT_LT(largest_gap(folded.answers.beside.one, again->beside.one), 2e-6);  // single precision
    EXPECT_LT(largest_gap(folded.answers.deviation, again->deviation), 1e-12);
    EXPECT_LT(largest_gap(folded.answers.beside_deviation, again->beside_deviation), 1e-12);
    EXPECT_EQ(folded.answers.noise, again->noise);
    EXPECT_EQ(folded.answers.beside.number, again->beside.number);
}

TEST(KernelBesideObserve, MergesRunsAsIfTheyHadBeenGatheredTogether) {
    BesideStart start(kSmallBeside, 3);
    start.add(start.platform[0], start.module[0], 0.7, {});
    start.add(1, 2, 0.1, {5, 0});
    start.add(1, 2, 0.4, {0, 5});
    const MergedRuns merged = merge_runs(start.state.beside.runs, start.more());
    // Gathered at once, from a table that has all of them.
    Dataset all;
    all.platforms.names = start.dataset.platforms.names;
    all.modules.names = start.dataset.modules.names;
    ObservationTable rows{start.platform, start.module, {}, start.width, {}};
    std::vector<std::int32_t> with = start.co_runner;
    for (const double y : start.target) {
        rows.runtime_us.push_back(25'000.0 * std::exp(y));
    }
    const Runs& before = start.state.beside.runs;
    for (std::size_t n = 0; n < before.size(); ++n) {
        for (int run = 0; run < static_cast<int>(before.cells.count[n]); ++run) {
            rows.platform.push_back(before.cells.platform[n]);
            rows.module.push_back(before.cells.module[n]);
            rows.runtime_us.push_back(25'000.0 * std::exp(before.cells.mean[n]));
            const auto set = before.set(n);
            with.insert(with.end(), set.begin(), set.end());
            with.resize(rows.runtime_us.size() * 3, -1);
        }
    }
    rows.co_runner = std::move(with);
    std::vector<std::int64_t> numbers(rows.runtime_us.size());
    std::iota(numbers.begin(), numbers.end(), 0);
    all.set_observations({}, std::move(rows));
    const Runs whole = gather_runs(all, std::vector<core::RowNumbers>{{}, numbers});
    EXPECT_EQ(merged.runs.cells.platform, whole.cells.platform);
    EXPECT_EQ(merged.runs.cells.module, whole.cells.module);
    EXPECT_EQ(merged.runs.co_runner, whole.co_runner);
    EXPECT_EQ(merged.runs.cells.count, whole.cells.count);
    for (std::size_t n = 0; n < whole.size(); ++n) {
        EXPECT_NEAR(merged.runs.cells.mean[n], whole.cells.mean[n], 1e-12);
        EXPECT_EQ(merged.from[n] < 0 ||
                      merged.runs.cells.count[n] >
                          before.cells.count[static_cast<std::size_t>(std::max<std::int64_t>(merged.from[n], 0))],
                  merged.changed[n]);
    }
    for (std::size_t kind = 0; kind < kKinds; ++kind) {
        // What runs within combinations told before was not written out above.
        EXPECT_NEAR(merged.runs.within_squares[kind] - before.within_squares[kind], whole.within_squares[kind], 1e-12);
        EXPECT_EQ(merged.runs.within_freedom[kind], whole.within_freedom[kind]);
    }
}

TEST(KernelBesideObserve, IsASolveOfAllRunsWithTheSameHyperParameters) {
    BesideStart start(kSmallBeside, 6);
    const Runs& known = start.state.beside.runs;
    for (std::size_t n = 0; n < known.size(); n += 40) {  // known ones again
        const auto set = known.set(n);
        start.add(known.cells.platform[n], known.cells.module[n], known.cells.mean[n] + 0.2, {set.begin(), set.end()});
    }
    start.add(3, 4, 0.9, {1, 1, 8});  // more co-runners than any run before
    const auto by_factor = fold_in(start.state, start.answers, *start.tables, start.more(), start.team);
    ASSERT_TRUE(by_factor) << by_factor.error().message();
    EXPECT_EQ(by_factor->state.beside.runs.width, 3U);
    expect_solved_again(start, *by_factor, start.dataset.platforms, start.dataset.modules);
    SolveOptions iterative = kFoldInOptions;
    iterative.dense_cells = 0;
    iterative.neighbour_cells = 40;
    const auto by_steps = fold_in(start.state, start.answers, *start.tables, start.more(), start.team, iterative);
    ASSERT_TRUE(by_steps) << by_steps.error().message();
    EXPECT_GT(by_steps->state.residual, 0.0);
    expect_solved_again(start, *by_steps, start.dataset.platforms, start.dataset.modules);
    // The other way round, or one after another, is the same.
    core::Team one(1);
    const auto alone = fold_in(start.state, start.answers, *start.tables, start.more(), one, iterative);
    EXPECT_EQ(alone->state.beside.alpha, by_steps->state.beside.alpha);
    EXPECT_TRUE(std::ranges::equal(alone->answers.beside_deviation.flat(), by_steps->answers.beside_deviation.flat()));
}

TEST(KernelBesideObserve, DeviationsFollowOneRunWherePlatformsAreMany) {
    BesideStart one({.platforms = 40, .modules = 16, .density = 0.9, .together = 1800, .width = 2}, 1000);
    ASSERT_GT(one.state.beside.runs.size(), 2000U);
    one.platform.clear();
    one.module.clear();
    one.target.clear();
    one.co_runner.clear();
    one.add(5, 3, 0.2, {7});
    const auto folded = fold_in(one.state, one.answers, *one.tables, one.more(), one.team);
    ASSERT_TRUE(folded) << folded.error().message();
    expect_solved_again(one, *folded, one.dataset.platforms, one.dataset.modules);
    EXPECT_LT(folded->answers.beside_deviation(5, 3), one.answers.beside_deviation(5, 3));
}

TEST(KernelBesideObserve, NewPlatformsAndModulesAndThoseThatOnlyRanBesideOthers) {
    BesideStart start(kSmallBeside, 1000);
    Side platforms = test::synthetic_side("platform", kSmallBeside.platforms + 1, kSmallBeside.features, core::Key(9));
    Side modules = test::synthetic_side("module", kSmallBeside.modules + 2, kSmallBeside.features, core::Key(10));
    std::ranges::copy(start.dataset.platforms.features.flat(), platforms.features.flat().begin());
    std::ranges::copy(start.dataset.modules.features.flat(), modules.features.flat().begin());
    start.add(7, 9, 0.5, {});
    start.add(7, 2, 0.5, {10, 4});
    start.add(2, 3, 1.5, {10});
    start.tables = prepare_tables(start.state, platforms, modules, start.team);
    const auto folded = fold_in(start.state, start.answers, *start.tables, start.more(), start.team);
    ASSERT_TRUE(folded) << folded.error().message();
    EXPECT_EQ(folded->answers.mean.rows(), 8);
    EXPECT_EQ(folded->answers.mean.cols(), 11);
    expect_solved_again(start, *folded, platforms, modules);
    const std::array<std::int32_t, 1> ten{10};
    EXPECT_NEAR(mean_beside(folded->answers, 2, 3, ten), 1.5, 0.1);
}

// The posterior of pairs alone by the inverse of one joint covariance, written out.
TEST(KernelBesidePosterior, AgreesWithTheInverseWrittenOut) {
    BesideStart start(kSmallBeside, 1000);
    const Pairs pairs{{2, 2, 5, 0}, {1, 3, 1, 8}};
    const Runs& runs = start.state.beside.runs;
    const auto given = condition(start.tables->tables, runs, pairs, true, start.team);
    ASSERT_TRUE(given);
    Runs all = runs;
    for (std::size_t n = 0; n < pairs.size(); ++n) {
        all.cells.platform.push_back(pairs.platform[n]);
        all.cells.module.push_back(pairs.module[n]);
        all.cells.mean.push_back(0.0);
        all.cells.count.push_back(1.0);
        all.co_runner.resize(all.size() * all.width, -1);
    }
    const auto size = static_cast<std::int64_t>(all.size());
    const auto known = static_cast<std::int64_t>(runs.size());
    Matrix<double> inverse(size, size);
    fill_covariance(start.tables->tables, all, inverse.view(), start.team);
    ASSERT_FALSE(dense::cholesky(inverse.view(), 1));
    dense::inverse_from_cholesky(inverse.view(), 1);
    dense::mirror_lower(inverse.view());
    for (std::int64_t u = 0; u < 4; ++u) {
        for (std::int64_t v = 0; v < 4; ++v) {
            double product = 0.0;
            for (std::int64_t k = 0; k < 4; ++k) {
                const double noise = v == k ? start.tables->tables.noise[0] : 0.0;
                product += inverse(known + u, known + k) * (given->covariance(k, v) + noise);
            }
            EXPECT_NEAR(product, u == v ? 1.0 : 0.0, 1e-7);
        }
        double mean = start.state.constant;
        for (std::size_t n = 0; n < runs.size(); ++n) {
            mean += given->weight(u, static_cast<std::int64_t>(n)) * (runs.cells.mean[n] - start.state.constant);
        }
        const auto at = static_cast<std::size_t>(u);
        EXPECT_NEAR(mean, start.answers.mean(pairs.platform[at], pairs.module[at]), 1e-8);
        const double deviation = start.answers.deviation(pairs.platform[at], pairs.module[at]);
        EXPECT_NEAR(given->covariance(u, u) + start.tables->tables.noise[0], deviation * deviation, 1e-9);
    }
    // Positive semi-definite, of all pairs of a platform at once: with next to nothing added it has a factor.
    Pairs line;
    for (std::int32_t j = 0; j < 9; ++j) {
        line.platform.push_back(4);
        line.module.push_back(j);
    }
    auto near = condition_near(start.state, *start.tables, line, false, start.team);
    ASSERT_TRUE(near);
    EXPECT_EQ(std::ssize(near->near), known);
    Matrix<double>& covariance = near->given.covariance;
    for (std::int64_t n = 0; n < covariance.rows(); ++n) {
        covariance(n, n) += 1e-12;
    }
    EXPECT_FALSE(dense::cholesky(covariance.view(), 1));
}

TEST(KernelBesidePosterior, RunsAloneComeBeforeThoseBesideOthers) {
    BesideStart start(kSmallBeside, 1000);
    const Runs& runs = start.state.beside.runs;
    const auto of = [&](std::int64_t n) { return runs.cells.platform[static_cast<std::size_t>(n)]; };
    const auto alone = [&](std::int64_t n) { return runs.kind(static_cast<std::size_t>(n)) == 0; };
    const auto few = nearest_runs(*start.tables, runs, {{3, 3}, {0, 5}}, 1);
    EXPECT_GT(few.size(), 1U);
    EXPECT_TRUE(std::ranges::all_of(few, [&](std::int64_t n) { return of(n) == 3 && alone(n); }));
    const auto more = nearest_runs(*start.tables, runs, {{3, 3}, {0, 5}}, 4 * std::ssize(few));
    EXPECT_EQ(std::ssize(more), 4 * std::ssize(few));
    EXPECT_TRUE(std::ranges::includes(more, few));
    EXPECT_TRUE(std::ranges::any_of(more, [&](std::int64_t n) { return of(n) != 3 && alone(n); }));
    EXPECT_TRUE(std::ranges::any_of(more, [&](std::int64_t n) { return of(n) == 3 && !alone(n); }));
    EXPECT_EQ(nearest_runs(*start.tables, runs, {{3}, {0}}, 10'000).size(), runs.size());
}

TEST(KernelBesideExplain, TermsWeightsAndPartsSumUp) {
    BesideStart start(kSmallBeside, 5);
    bool beside = false;
    for (std::size_t n = 0; n < start.platform.size(); ++n) {
        const auto told = explain_pair(start.state, start.answers, *start.tables, start.platform[n], start.module[n],
                                       1000, start.team);
        ASSERT_TRUE(told);
        EXPECT_EQ(told->learned_from, static_cast<std::int64_t>(start.state.beside.runs.size()));
        EXPECT_EQ(told->weighed, told->learned_from);
        EXPECT_EQ(std::ssize(told->near), told->learned_from);
        EXPECT_NEAR(told->near_answer, told->answer, 1e-7);
        test::expect_sums(*told, 1e-9);
        double weighed = start.state.constant;
        for (const auto& near : told->near) {
            weighed += near.weight * (near.mean - start.state.constant);
            beside = beside || !near.co_runners.empty();
        }
        EXPECT_NEAR(weighed, told->answer, 1e-7);
    }
    EXPECT_TRUE(beside);
}

// Runs held out are answered by what the others say, in which neither their platform nor their module occurs.
TEST(KernelBesideHeldOut, DoNotKnowWhatIsHeldOut) {
    BesideStart start(kSmallBeside, 1000);
    const auto held_out = hold_out(start.state, start.dataset.platforms, start.dataset.modules, 4, start.team, {});
    ASSERT_TRUE(held_out) << held_out.error().message();
    EXPECT_EQ(held_out->module.width, 2);
    // Other runtimes of a module and of those that it ran beside change nothing of its own answers.
    constexpr std::int32_t changed = 4;
    KernelState other = clone_state(start.state);
    Runs& runs = other.beside.runs;
    for (std::size_t n = 0; n < runs.size(); ++n) {
        if (runs.cells.module[n] == changed || std::ranges::find(runs.set(n), changed) != runs.set(n).end()) {
            runs.cells.mean[n] += 1.0 + 0.01 * static_cast<double>(n);
        }
    }
    const auto again = hold_out(other, start.dataset.platforms, start.dataset.modules, 4, start.team, {});
    ASSERT_TRUE(again);
    std::size_t alone = 0, beside = 0, others = 0;
    ASSERT_EQ(again->module.size(), held_out->module.size());
    for (std::size_t n = 0; n < held_out->module.mean.size(); ++n) {
        const double off = std::abs(again->module.mean[n] - held_out->module.mean[n]);
        if (held_out->module.module[n] != changed) {
            others += off > 1e-6 ? 1 : 0;
            continue;
        }
        EXPECT_LT(off, 1e-9);
        (held_out->module.co_runner[2 * n] < 0 ? alone : beside) += 1;
        EXPECT_GT(held_out->module.deviation[n], 0.0);
    }
    EXPECT_GT(alone, 0U);
    EXPECT_GT(beside, 0U);
    EXPECT_GT(others, 0U);
    EXPECT_FALSE(held_out->platform.mean.empty());
    EXPECT_FALSE(held_out->both.mean.empty());
}

// With many runs, pairs alone are answered by what ran alone, about as well.
TEST(KernelBesideHeldOut, ManyRunsAreAnsweredAloneInFewerParts) {
    BesideStart start({.platforms = 90, .modules = 95, .density = 0.12, .together = 200}, 1000);
    const auto all = hold_out(start.state, start.dataset.platforms, start.dataset.modules, 2, start.team, {});
    const auto few = hold_out(start.state, start.dataset.platforms, start.dataset.modules, 2, start.team, {}, 100);
    ASSERT_TRUE(all && few) << (few ? "" : few.error().message());
    EXPECT_EQ(few->module.width, all->module.width);
    ASSERT_GT(few->module.size(), 50);
    EXPECT_LT(few->module.size(), all->module.size() / 2 + 150);
    EXPECT_TRUE(std::ranges::all_of(few->module.co_runner, [](std::int32_t k) { return k < 0; }));
    // Of the first part, the same runs alone: answers are near one another and deviations the same.
    std::size_t same = 0;
    for (std::size_t n = 0, m = 0; n < few->module.mean.size(); ++n) {
        while (m < all->module.mean.size() &&
               (all->module.platform[m] != few->module.platform[n] || all->module.module[m] != few->module.module[n] ||
                all->module.co_runner[m] >= 0)) {
            ++m;
        }
        ASSERT_LT(m, all->module.mean.size());
        EXPECT_NEAR(few->module.mean[n], all->module.mean[m], 0.2);
        EXPECT_NEAR(few->module.deviation[n], all->module.deviation[m], 0.05 * all->module.deviation[m]);
        ++same;
    }
    EXPECT_GT(same, 50U);
}

}  // namespace
}  // namespace pitot::models::kernel
