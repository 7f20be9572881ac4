#include "core/row_numbers.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <iterator>
#include <ranges>
#include <vector>

namespace pitot::core {
namespace {

static_assert(std::ranges::random_access_range<RowNumbers>);
static_assert(std::ranges::sized_range<RowNumbers>);

std::vector<std::int64_t> listed(RowNumbers rows) { return {rows.begin(), rows.end()}; }

RC_GTEST_PROP(RowNumbersProperty, PiecesAndGapsAreThoseOfAList, ()) {
    const auto list = *rc::gen::container<std::vector<std::int64_t>>(rc::gen::inRange<std::int64_t>(0, 4'000'000'000));
    const std::vector<std::uint32_t> narrow(list.begin(), list.end());
    const auto at = *rc::gen::inRange<std::size_t>(0, list.size() + 1);
    const auto count = *rc::gen::inRange<std::size_t>(0, list.size() - at + 1);
    auto kept = list;
    kept.erase(kept.begin() + static_cast<std::ptrdiff_t>(at), kept.begin() + static_cast<std::ptrdiff_t>(at + count));
    const auto from = *rc::gen::inRange<std::size_t>(0, kept.size() + 1);
    const auto size = *rc::gen::inRange<std::size_t>(0, kept.size() - from + 1);
    const auto first = kept.begin() + static_cast<std::ptrdiff_t>(from);
    const std::vector<std::int64_t> wanted(first, first + static_cast<std::ptrdiff_t>(size));
    for (const RowNumbers rows : {RowNumbers(list), RowNumbers(std::span<const std::uint32_t>(narrow))}) {
        RC_ASSERT(listed(rows) == list);
        RC_ASSERT(listed(rows.without(at, count)) == kept);
        RC_ASSERT(listed(rows.without(at, count).piece(from, size)) == wanted);
        RC_ASSERT(rows.without(at, count).piece(from, size) == RowNumbers(wanted));
    }
}

TEST(RowNumbers, AreReadFromAnywhere) {
    const std::vector<std::int64_t> list{7, 1, 5, 9, 3};
    const RowNumbers rows = RowNumbers(list).without(1, 2);
    const auto first = rows.begin();
    EXPECT_EQ(first[2], 3);
    EXPECT_EQ(*(first + 1), 9);
    EXPECT_EQ(rows.end() - first, 3);
    EXPECT_LT(first, rows.end());
    auto i = first;
    EXPECT_EQ(*i++, 7);
    EXPECT_EQ(*i--, 9);
    EXPECT_EQ(i, first);
    EXPECT_TRUE(RowNumbers().empty());
    EXPECT_NE(rows, RowNumbers(list));
}

TEST(RowOrder, ShufflesTheRestInPlaceAndAlikeInBothWidths) {
    for (const std::int64_t from : {0, 400, 1000}) {
        RowOrder narrow(1000);
        RowOrder wide(1000, 999);
        narrow.shuffle_from(from, Key(5));
        wide.shuffle_from(from, Key(5));
        EXPECT_EQ(narrow.view(), wide.view());
        std::vector<std::int64_t> numbers = listed(narrow.view());
        for (std::int64_t i = 0; i < from; ++i) {
            ASSERT_EQ(numbers[static_cast<std::size_t>(i)], i);
        }
        EXPECT_EQ(std::ranges::is_sorted(numbers), from == 1000);
        std::ranges::sort(numbers);
        EXPECT_EQ(numbers, listed(RowOrder(1000).view()));
    }
}

}  // namespace
}  // namespace pitot::core
