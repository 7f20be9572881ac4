#include "predict/combination_set.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <tuple>
#include <vector>

#include "../../support/synthetic.hpp"

namespace pitot::predict {
namespace {

using Indices = std::vector<std::int32_t>;

// On platform 0: module 3 beside 1 and 2 (twice, in both orders), beside 1 alone and beside 1 twice; on platform 2:
// module 0 beside 4. Nothing on platforms 1 and 3.
struct Few {
    Indices platform{0, 2, 0, 0, 0};
    Indices module{3, 0, 3, 3, 3};
    Indices co_runner{1, 2, 4, -1, 2, 1, -1, 1, 1, 1};
    std::vector<double> runtime_us = std::vector<double>(5, 1.0);

    [[nodiscard]] CombinationSet set() const {
        return make_combination_set({platform, module, co_runner, 2, runtime_us}, 4);
    }
};

bool has(const CombinationSet& set, std::int32_t platform, std::int32_t module, const Indices& beside) {
    return set.find(platform, module, beside).has_value();
}

TEST(CombinationSet, KnowsNoOrderButHowOften) {
    const CombinationSet set = Few().set();
    EXPECT_EQ(set.size(), 4);
    EXPECT_EQ(set.offsets, (std::vector<std::int64_t>{0, 3, 3, 4, 4}));
    EXPECT_TRUE(has(set, 0, 3, {1, 2}) && has(set, 0, 3, {2, 1}) && has(set, 0, 3, {-1, 2, -1, 1}));
    EXPECT_TRUE(has(set, 0, 3, {1}) && has(set, 0, 3, {1, 1}) && has(set, 2, 0, {4}));
    EXPECT_FALSE(has(set, 0, 3, {2})) << "half of a combination";
    EXPECT_FALSE(has(set, 0, 3, {2, 2})) << "another module twice";
    EXPECT_FALSE(has(set, 0, 3, {1, 1, 1})) << "more than a row has room for";
    EXPECT_FALSE(has(set, 0, 3, {})) << "alone";
    EXPECT_FALSE(has(set, 0, 1, {3, 2})) << "the co-runner's own runtime";
    EXPECT_FALSE(has(set, 1, 3, {1})) << "another platform";
    EXPECT_FALSE(has(set, 7, 3, {1})) << "a platform added later";
}

TEST(CombinationSet, KnowsPairsBesideWhateverOthers) {
    const CombinationSet set = Few().set();
    const auto count = [&](std::int32_t platform, std::int32_t module) {
        const auto [first, last] = set.of_pair(platform, module);
        return last - first;
    };
    EXPECT_EQ(count(0, 3), 3);
    EXPECT_EQ(count(2, 0), 1);
    EXPECT_EQ(count(0, 0) + count(1, 3) + count(9, 3) + count(-1, 3) + count(0, -1), 0);
}

TEST(CombinationSet, HasTheObservationsAndNoOthers) {
    const Dataset dataset = test::synthetic_dataset({.platforms = 5, .modules = 6, .together = 150, .width = 2});
    const ObservationView rows = dataset.pool(kAlone + 1);
    using Combination = std::tuple<std::int32_t, std::int32_t, std::int32_t, std::int32_t>;
    std::set<Combination> truth;
    for (std::size_t n = 0; n < rows.module.size(); ++n) {
        const auto [low, high] = std::minmax(rows.co_runner[2 * n], rows.co_runner[2 * n + 1]);
        truth.emplace(rows.platform[n], rows.module[n], low, high);
    }
    const CombinationSet set = make_combination_set(rows, 5);
    EXPECT_TRUE(set.valid(6));
    EXPECT_EQ(set.size(), static_cast<std::int64_t>(truth.size()));
    for (std::int32_t i = 0; i < 5; ++i) {
        for (std::int32_t j = 0; j < 6; ++j) {
            for (std::int32_t a = 0; a < 6; ++a) {
                for (std::int32_t b = a; b < 6; ++b) {
                    ASSERT_EQ(has(set, i, j, {b, a}), truth.contains({i, j, a, b})) << i << j << a << b;
                }
            }
        }
    }
}

TEST(CombinationSet, OfNothingIsEmpty) {
    const CombinationSet set = make_combination_set({}, 2);
    EXPECT_TRUE(set.valid(3));
    EXPECT_EQ(set.size(), 0);
    EXPECT_FALSE(has(set, 0, 0, {1}));
}

TEST(CombinationSet, IsNotValidOutOfRangeOrOrder) {
    const auto broken = [](auto change) {
        CombinationSet set = Few().set();
        change(set);
        return !set.valid(5);
    };
    EXPECT_FALSE(broken([](CombinationSet&) {}));
    EXPECT_TRUE(broken([](CombinationSet& s) { s.offsets = {}; }));
    EXPECT_TRUE(broken([](CombinationSet& s) { s.offsets[0] = 1; }));
    EXPECT_TRUE(broken([](CombinationSet& s) { s.offsets[1] = 4; }));
    EXPECT_TRUE(broken([](CombinationSet& s) { s.offsets.back() = 5; }));
    EXPECT_TRUE(broken([](CombinationSet& s) { s.modules[3] = 5; }));
    EXPECT_TRUE(broken([](CombinationSet& s) { s.modules[3] = -1; }));
    EXPECT_TRUE(broken([](CombinationSet& s) { s.modules[0] = 4; }));
    EXPECT_TRUE(broken([](CombinationSet& s) { s.co_runners[6] = 5; }));
    EXPECT_TRUE(broken([](CombinationSet& s) { std::swap(s.co_runners[0], s.co_runners[1]); }));
    EXPECT_TRUE(broken([](CombinationSet& s) { s.co_runners[2] = s.co_runners[3] = 2; }));
    EXPECT_TRUE(broken([](CombinationSet& s) { s.co_runners.pop_back(); }));
    EXPECT_TRUE(broken([](CombinationSet& s) { s.width = -1; }));
}

}  // namespace
}  // namespace pitot::predict
