#include "data/split.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>

namespace pitot {
namespace {

std::vector<std::int64_t> listed(RowNumbers rows) { return {rows.begin(), rows.end()}; }

std::vector<std::int64_t> sorted(std::vector<std::int64_t> values) {
    std::ranges::sort(values);
    return values;
}

RC_GTEST_PROP(SplitProperty, EveryRowStandsInExactlyOnePart, ()) {
    const auto n = *rc::gen::inRange<std::int64_t>(0, 400);
    const double share = *rc::gen::inRange(1, 1001) / 1000.0;
    const double calibration_share = *rc::gen::inRange(0, 1000) / 1000.0;
    const auto folds = *rc::gen::inRange<std::int64_t>(1, 12);
    const Split split =
        make_split(n, share, calibration_share, folds, Key(static_cast<std::uint64_t>(*rc::gen::arbitrary<int>())));
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
std::vector<std::int64_t> permutation(Key key, std::size_t n) {
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
    const Key key(static_cast<std::uint64_t>(*rc::gen::arbitrary<int>()));
    const auto order = permutation(key.fold("rows"), static_cast<std::size_t>(n));
    const auto test = static_cast<std::ptrdiff_t>(static_cast<double>(n) * (1.0 - share));
    const auto left = test + static_cast<std::ptrdiff_t>(static_cast<double>(n - test) * calibration_share);
    std::vector<std::int64_t> rest;
    for (const std::int64_t place : permutation(key.fold("folds"), order.size() - static_cast<std::size_t>(left))) {
        rest.push_back(order[static_cast<std::size_t>(left + place)]);
    }
    for (const std::int64_t narrow_rows : {kNarrowRows, std::int64_t{0}}) {  // numbers of 4 bytes, then of 8
        const Split split = make_split(n, share, calibration_share, folds, key, narrow_rows);
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
        const Split split = make_split(1000, 0.5, 0.1, 4, Key(7));
        copy = split;
        EXPECT_EQ(copy.order, split.order);
    }
    EXPECT_EQ(copy.rest, make_split(1000, 0.5, 0.1, 4, Key(7)).rest);  // the order outlives the split it was drawn for
}

TEST(Split, CutsAsPythonDoes) {
    // Python: int(n * (1 - share)); the products lie on either side of a whole number by rounding.
    const auto test_rows = [](std::int64_t n, double share) { return make_split(n, share, 0, 1, Key(1)).test.size(); };
    EXPECT_EQ(test_rows(30062, 0.9), 3006);
    EXPECT_EQ(test_rows(30062, 0.1), 27055);
    EXPECT_EQ(test_rows(100, 0.9), 9);  // 1 - 0.9 is a little less than 0.1
    EXPECT_EQ(test_rows(10, 0.7), 3);   // 1 - 0.7 is a little more than 0.3
    EXPECT_EQ(test_rows(1000, 0.4), 600);
    EXPECT_EQ(test_rows(50, 1.0), 0);
}

TEST(Split, IsDecidedByTheKeyAlone) {
    const Split a = make_split(1000, 0.5, 0.1, 10, Key(7));
    const Split b = make_split(1000, 0.5, 0.1, 10, Key(7));
    EXPECT_EQ(a.test, b.test);
    EXPECT_EQ(a.rest, b.rest);
    const Split c = make_split(1000, 0.5, 0.1, 10, Key(8));
    EXPECT_NE(a.test, c.test);
    // setting rows aside for calibration leaves the test rows as they were
    EXPECT_EQ(a.test, make_split(1000, 0.5, 0.0, 10, Key(7)).test);
}

TEST(Split, TestRowsAreUniform) {
    // Over 2 000 draws each of 20 rows is tested half of the time: 1 000 ± 5 standard deviations (22.4).
    std::vector<int> tested(20, 0);
    for (std::uint64_t seed = 0; seed < 2000; ++seed) {
        const Split split = make_split(20, 0.5, 0, 1, Key(seed));
        for (const std::int64_t row : split.test) {
            ++tested[static_cast<std::size_t>(row)];
        }
    }
    for (const int count : tested) {
        EXPECT_NEAR(count, 1000, 112);
    }
}

}  // namespace
}  // namespace pitot
