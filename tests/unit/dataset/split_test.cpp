#include "dataset/split.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <utility>

namespace pitot::dataset {
namespace {

std::vector<std::int64_t> listed(core::RowNumbers rows) { return {rows.begin(), rows.end()}; }

Split split_rows(std::int64_t n, double share, double calibration_share, std::int64_t folds, core::Key key,
                 std::int64_t narrow_rows = core::kNarrowRows) {
    return make_split({n, nullptr, share, calibration_share, folds, true, {}, narrow_rows}, key);
}

std::vector<std::int64_t> sorted(std::vector<std::int64_t> values) {
    std::ranges::sort(values);
    return values;
}

RC_GTEST_PROP(SplitProperty, EveryRowStandsInExactlyOnePart, ()) {
    const auto n = *rc::gen::inRange<std::int64_t>(0, 400);
    const double share = *rc::gen::inRange(1, 1001) / 1000.0;
    const double calibration_share = *rc::gen::inRange(0, 1000) / 1000.0;
    const auto folds = *rc::gen::inRange<std::int64_t>(1, 12);
    const Split split = split_rows(n, share, calibration_share, folds,
                                   core::Key(static_cast<std::uint64_t>(*rc::gen::arbitrary<int>())));
    std::vector<std::int64_t> all = listed(split.test);
    all.insert(all.end(), split.calibration.begin(), split.calibration.end());
    all.insert(all.end(), split.rest.begin(), split.rest.end());
    std::vector<std::int64_t> wanted(static_cast<std::size_t>(n));
    std::iota(wanted.begin(), wanted.end(), 0);
    RC_ASSERT(sorted(all) == wanted);
    RC_ASSERT(split.test.size() == static_cast<std::size_t>(static_cast<double>(n) * (1 - share)));
    RC_ASSERT(split.calibration.size() ==
              static_cast<std::size_t>(static_cast<double>(n - std::ssize(listed(split.test))) * calibration_share));
    std::multiset<std::int64_t> validated;
    for (std::int64_t fold = 0; fold < folds; ++fold) {
        const auto validation = split.validation(fold);
        RC_ASSERT(validation.size() == (folds == 1 ? 0 : split.rest.size() / static_cast<std::size_t>(folds)));
        auto both = listed(split.training(fold));
        RC_ASSERT(both.size() + validation.size() == split.rest.size());
        both.insert(both.end(), validation.begin(), validation.end());
        RC_ASSERT(sorted(both) == sorted(listed(split.rest)));
        validated.insert(validation.begin(), validation.end());
    }
    RC_ASSERT(validated.size() == std::set<std::int64_t>(validated.begin(), validated.end()).size());
}

// The definition: one permutation cut into test, calibration and what is left, and a second one that reorders that.
std::vector<std::int64_t> permutation(core::Key key, std::size_t n) {
    std::vector<std::int64_t> order(n);
    std::iota(order.begin(), order.end(), std::int64_t{0});
    for (std::size_t i = n; i-- > 1;) {
        std::swap(order[i], order[key.below(i, i + 1)]);
    }
    return order;
}

RC_GTEST_PROP(SplitProperty, IsTheCompositionOfTwoPermutations, ()) {
    const auto n = *rc::gen::inRange<std::int64_t>(0, 400);
    const double share = *rc::gen::inRange(1, 1001) / 1000.0;
    const double calibration_share = *rc::gen::inRange(0, 1000) / 1000.0;
    const auto folds = *rc::gen::inRange<std::int64_t>(1, 12);
    const core::Key key(static_cast<std::uint64_t>(*rc::gen::arbitrary<int>()));
    const auto order = permutation(key.fold("rows"), static_cast<std::size_t>(n));
    const auto test = static_cast<std::ptrdiff_t>(static_cast<double>(n) * (1.0 - share));
    const auto left = test + static_cast<std::ptrdiff_t>(static_cast<double>(n - test) * calibration_share);
    std::vector<std::int64_t> rest;
    for (const std::int64_t place : permutation(key.fold("folds"), order.size() - static_cast<std::size_t>(left))) {
        rest.push_back(order[static_cast<std::size_t>(left + place)]);
    }
    for (const std::int64_t narrow_rows : {core::kNarrowRows, std::int64_t{0}}) {  // numbers of 4 bytes, then of 8
        const Split split = split_rows(n, share, calibration_share, folds, key, narrow_rows);
        RC_ASSERT(listed(split.test) == std::vector<std::int64_t>(order.begin(), order.begin() + test));
        RC_ASSERT(listed(split.calibration) == std::vector<std::int64_t>(order.begin() + test, order.begin() + left));
        RC_ASSERT(listed(split.rest) == rest);
        for (std::int64_t fold = 0; fold < folds; ++fold) {
            const auto size = folds == 1 ? std::ptrdiff_t{0} : std::ssize(rest) / folds;
            const auto first = rest.begin() + fold * size;
            std::vector<std::int64_t> training(rest.begin(), first);
            training.insert(training.end(), first + size, rest.end());
            RC_ASSERT(listed(split.validation(fold)) == std::vector<std::int64_t>(first, first + size));
            RC_ASSERT(listed(split.training(fold)) == training);
        }
    }
}

TEST(Split, CopiesShareTheOrder) {
    Split copy;
    {
        const Split split = split_rows(1000, 0.5, 0.1, 4, core::Key(7));
        copy = split;
        EXPECT_EQ(copy.order, split.order);
    }
    EXPECT_EQ(copy.rest,
              split_rows(1000, 0.5, 0.1, 4, core::Key(7)).rest);  // the order outlives the split it was drawn for
}

TEST(Split, CutsAsPythonDoes) {
    // Python: int(n * (1 - share)); the products lie on either side of a whole number by rounding.
    const auto test_rows = [](std::int64_t n, double share) {
        return split_rows(n, share, 0, 1, core::Key(1)).test.size();
    };
    EXPECT_EQ(test_rows(30062, 0.9), 3006);
    EXPECT_EQ(test_rows(30062, 0.1), 27055);
    EXPECT_EQ(test_rows(100, 0.9), 9);  // 1 - 0.9 is a little less than 0.1
    EXPECT_EQ(test_rows(10, 0.7), 3);   // 1 - 0.7 is a little more than 0.3
    EXPECT_EQ(test_rows(1000, 0.4), 600);
    EXPECT_EQ(test_rows(50, 1.0), 0);
}

TEST(Split, IsDecidedByTheKeyAlone) {
    const Split a = split_rows(1000, 0.5, 0.1, 10, core::Key(7));
    const Split b = split_rows(1000, 0.5, 0.1, 10, core::Key(7));
    EXPECT_EQ(a.test, b.test);
    EXPECT_EQ(a.rest, b.rest);
    const Split c = split_rows(1000, 0.5, 0.1, 10, core::Key(8));
    EXPECT_NE(a.test, c.test);
    // setting rows aside for calibration leaves the test rows as they were
    EXPECT_EQ(a.test, split_rows(1000, 0.5, 0.0, 10, core::Key(7)).test);
}

TEST(Split, TestRowsAreUniform) {
    // Over 2 000 draws each of 20 rows is tested half of the time: 1 000 ± 5 standard deviations (22.4).
    std::vector<int> tested(20, 0);
    for (std::uint64_t seed = 0; seed < 2000; ++seed) {
        const Split split = split_rows(20, 0.5, 0, 1, core::Key(seed));
        for (const std::int64_t row : split.test) {
            ++tested[static_cast<std::size_t>(row)];
        }
    }
    for (const int count : tested) {
        EXPECT_NEAR(count, 1000, 112);
    }
}

// Rows of a few combinations, in any order and number.
struct FewRuns {
    std::vector<std::int32_t> platform, module;
    std::vector<double> runtime_us;

    [[nodiscard]] ObservationView view() const { return {platform, module, {}, 0, runtime_us}; }
    [[nodiscard]] std::pair<std::int32_t, std::int32_t> pair(std::int64_t row) const {
        return {platform[static_cast<std::size_t>(row)], module[static_cast<std::size_t>(row)]};
    }
};

FewRuns draw_runs(std::int32_t platforms, std::int32_t modules, std::size_t rows, core::Key key) {
    FewRuns runs;
    core::Stream stream(key);
    for (std::size_t n = 0; n < rows; ++n) {
        runs.platform.push_back(static_cast<std::int32_t>(stream.below(static_cast<std::uint64_t>(platforms))));
        runs.module.push_back(static_cast<std::int32_t>(stream.below(static_cast<std::uint64_t>(modules))));
        runs.runtime_us.push_back(1.0);
    }
    return runs;
}

RC_GTEST_PROP(SplitProperty, RunsOfACombinationStayTogether, ()) {
    const auto seed = static_cast<std::uint64_t>(*rc::gen::inRange(0, 1'000'000));
    const FewRuns runs = draw_runs(5, 6, static_cast<std::size_t>(*rc::gen::inRange(1, 120)), core::Key(seed));
    const RowGroups groups = group_rows(runs.view(), 5, 6);
    const auto rows = static_cast<std::int64_t>(runs.platform.size());
    const auto folds = *rc::gen::inRange<std::int64_t>(1, 6);
    const Split split = make_split({rows, &groups, 0.7, 0.3, folds}, core::Key(seed).fold("split"));
    std::map<std::pair<std::int32_t, std::int32_t>, std::set<int>> parts_of;
    std::vector<std::int64_t> all;
    const auto mark = [&](core::RowNumbers part, int name) {
        for (const std::int64_t row : part) {
            parts_of[runs.pair(row)].insert(name);
            all.push_back(row);
        }
    };
    mark(split.test, -1);
    mark(split.set_aside, -2);
    core::RowNumbers rest = split.rest;
    std::size_t validated = 0;
    for (std::int64_t fold = 0; fold < folds; ++fold) {
        mark(split.validation(fold), static_cast<int>(fold));
        validated += split.validation(fold).size();
        RC_ASSERT(split.validation(fold).size() + split.training(fold).size() == rest.size());
    }
    mark(rest.piece(validated, rest.size() - validated), 100);
    std::ranges::sort(all);
    std::vector<std::int64_t> wanted(static_cast<std::size_t>(rows));
    std::iota(wanted.begin(), wanted.end(), 0);
    RC_ASSERT(all == wanted);
    for (const auto& [pair, parts] : parts_of) {
        RC_ASSERT(parts.size() == 1U);
    }
    // One run of each combination set aside calibrates.
    std::set<std::pair<std::int32_t, std::int32_t>> calibrated, set_aside;
    for (const std::int64_t row : split.calibration) {
        RC_ASSERT(calibrated.insert(runs.pair(row)).second);
    }
    for (const std::int64_t row : split.set_aside) {
        set_aside.insert(runs.pair(row));
    }
    RC_ASSERT(calibrated == set_aside);
}

TEST(Split, WithoutRepeatsIsTheSplitOfRows) {
    FewRuns runs;
    for (std::int32_t n = 0; n < 60; ++n) {
        runs.platform.push_back(n % 6);
        runs.module.push_back(n / 6);
        runs.runtime_us.push_back(1.0);
    }
    const RowGroups groups = group_rows(runs.view(), 6, 10);
    EXPECT_FALSE(groups.repeated());
    const Split a = make_split({60, &groups, 0.5, 0.2, 4}, core::Key(3));
    const Split b = split_rows(60, 0.5, 0.2, 4, core::Key(3));
    EXPECT_EQ(a.test, b.test);
    EXPECT_EQ(a.calibration, b.calibration);
    EXPECT_EQ(a.set_aside, a.calibration);
    EXPECT_EQ(a.rest, b.rest);
    EXPECT_EQ(a.validation(2), b.validation(2));
}

TEST(Split, AnyRunOfACombinationMayCalibrate) {
    FewRuns runs;
    for (std::int32_t n = 0; n < 40; ++n) {
        runs.platform.push_back(n % 10);
        runs.module.push_back(0);
        runs.runtime_us.push_back(1.0);
    }
    const RowGroups groups = group_rows(runs.view(), 10, 1);
    std::set<std::int64_t> chosen;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        for (const std::int64_t row : make_split({40, &groups, 1.0, 0.3, 1}, core::Key(seed)).calibration) {
            chosen.insert(row);
        }
    }
    EXPECT_EQ(chosen.size(), 40U);
}

TEST(Split, SetsAsideWhatNeedNotTrain) {
    SplitPlan plan{100, nullptr, 1.0, 0.3, 1};
    std::vector<std::int64_t> asked;
    plan.must_train = [&](std::int64_t row) {
        asked.push_back(row);
        return row % 5 != 0;
    };
    const Split split = make_split(plan, core::Key(9));
    EXPECT_EQ(asked.size(), 100U) << "every row is asked for, once";
    EXPECT_EQ(split.calibration.size(), 20U) << "as many as may go, fewer than asked for";
    for (const std::int64_t row : split.calibration) {
        EXPECT_EQ(row % 5, 0);
    }
}

TEST(RowGroups, KnowNoOrderOfCoRunners) {
    const std::vector<std::int32_t> platform{1, 0, 1, 1, 1, 1};
    const std::vector<std::int32_t> module{2, 2, 2, 2, 2, 2};
    const std::vector<std::int32_t> beside{0, 3, 0, 3, 3, 0, 3, -1, -1, 3, 3, 3};
    const std::vector<double> runtime(6, 1.0);
    const RowGroups groups = group_rows({platform, module, beside, 2, runtime}, 2, 4);
    EXPECT_EQ(groups.offsets, (std::vector<std::int64_t>{0, 2, 3, 5, 6}));
    EXPECT_EQ(listed(groups.rows.view()), (std::vector<std::int64_t>{0, 2, 1, 3, 4, 5}));
}

TEST(RowGroups, FindRepeatsInLargeAndInSparseMatrices) {
    for (const std::int32_t modules : {40, 4'000'000}) {  // a bit a cell, then by sorting
        FewRuns runs = draw_runs(3, modules, 100, core::Key(1));
        std::set<std::pair<std::int32_t, std::int32_t>> pairs;
        for (std::int64_t row = 0; row < 100; ++row) {
            pairs.insert(runs.pair(row));
        }
        const RowGroups groups = group_rows(runs.view(), 3, modules);
        const std::size_t found = groups.repeated() ? groups.offsets.size() - 1 : 100;
        EXPECT_EQ(found, pairs.size()) << modules;
    }
}

}  // namespace
}  // namespace pitot::dataset
