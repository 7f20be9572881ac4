#include "core/key.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace pitot::core {
namespace {

TEST(Key, SameSeedSameDrawsOtherSeedOtherDraws) {
    const Key a = Key(42).fold("split").fold(3);
    EXPECT_EQ(a.value(), Key(42).fold("split").fold(3).value());
    std::set<std::uint64_t> values;
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
        for (const char* name : {"split", "train", "init", ""}) {
            values.insert(Key(seed).fold(name).value());
        }
        for (std::uint64_t index = 0; index < 10; ++index) {
            values.insert(Key(seed).fold(index).value());
        }
    }
    EXPECT_EQ(values.size(), 10U * 14U);
}

// Random123's published known answer: Philox4x32-10 of key 0, counter 0 starts 6627e8d5 e169c58d bc57ac4c 9b00dbd8.
TEST(Key, DrawsArePhilox) {
    EXPECT_EQ(Key(0).bits(0), 0xe169c58d6627e8d5ULL);
    EXPECT_EQ(Key(0).bits(1), 0x9b00dbd8bc57ac4cULL);
}

TEST(Key, FillBelowAgreesWithBelowFromAnyPosition) {
    const Key key(7);
    for (const std::uint64_t first : {0ULL, 1ULL, 5ULL, 100ULL}) {
        for (const std::size_t n : {0U, 1U, 2U, 7U, 8U}) {
            std::vector<std::int64_t> drawn(n);
            key.fill_below(first, 1000, drawn);
            for (std::size_t i = 0; i < n; ++i) {
                EXPECT_EQ(drawn[i], static_cast<std::int64_t>(key.below(first + i, 1000))) << first << " + " << i;
            }
        }
    }
}

TEST(Key, BelowIsUniform) {
    constexpr std::uint64_t kBound = 7;
    constexpr int kDraws = 70'000;
    std::vector<int> count(kBound);
    for (std::uint64_t n = 0; n < kDraws; ++n) {
        const std::uint64_t x = Key(1).below(n, kBound);
        ASSERT_LT(x, kBound);
        ++count[x];
    }
    for (const int c : count) {
        EXPECT_NEAR(c, kDraws / 7.0, 5.0 * std::sqrt(kDraws / 7.0));
    }
    EXPECT_LT(Key(1).below(0, UINT64_MAX), UINT64_MAX);
}

TEST(Stream, TruncatedNormalHasTheMomentsOfItsDistribution) {
    Stream stream(Key(5).fold("normal"));
    constexpr int kDraws = 200'000;
    double sum = 0.0;
    double squares = 0.0;
    for (int n = 0; n < kDraws; ++n) {
        const double x = stream.truncated_normal(2.0);
        ASSERT_LE(std::abs(x), 2.0);
        sum += x;
        squares += x * x;
    }
    // Var of a standard normal truncated at +-2: 1 - 2 * 2 phi(2) / (2 Phi(2) - 1) = 0.7737.
    EXPECT_NEAR(sum / kDraws, 0.0, 0.01);
    EXPECT_NEAR(squares / kDraws, 0.7737, 0.01);
}

std::vector<std::int64_t> shuffled(Key key, std::int64_t n) {
    std::vector<std::int64_t> values(static_cast<std::size_t>(n));
    std::iota(values.begin(), values.end(), std::int64_t{0});
    shuffle(key, std::span(values));
    return values;
}

TEST(Shuffle, KeepsEveryNumberAndMovesThem) {
    for (const std::int64_t n : {0, 1, 2, 1000}) {
        std::vector<std::int64_t> p = shuffled(Key(9), n);
        const bool moved = !std::ranges::is_sorted(p);
        std::ranges::sort(p);
        for (std::int64_t i = 0; i < n; ++i) {
            ASSERT_EQ(p[static_cast<std::size_t>(i)], i);
        }
        EXPECT_TRUE(moved || n < 3);
    }
    EXPECT_NE(shuffled(Key(1), 100), shuffled(Key(2), 100));
}

}  // namespace
}  // namespace pitot::core
