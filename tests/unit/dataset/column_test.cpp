#include "pitot/column.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

namespace pitot::dataset {
namespace {

TEST(Column, OwnsWhatItIsGiven) {
    Column<double> column(std::vector<double>{1, 2, 3});
    column.push_back(4);
    column.edit()[0] = 9;
    EXPECT_EQ(column, (std::vector<double>{9, 2, 3, 4}));
    EXPECT_EQ(column.size(), 4U);
    EXPECT_EQ(column.front(), 9);
    EXPECT_EQ(column.back(), 4);
    EXPECT_FALSE(column.shared());
    const Column<double> moved = std::move(column);
    EXPECT_EQ(moved[3], 4);
    EXPECT_TRUE(column.empty());  // NOLINT(bugprone-use-after-move): what is moved from is empty
    EXPECT_NE(moved, (Column<double>{9, 2, 3}));
    EXPECT_NE(moved, (Column<double>{9, 2, 3, 5}));
}

TEST(Column, SharesWithoutCopyAndCopiesBeforeItIsChanged) {
    const auto kept = std::make_shared<const std::vector<int>>(std::vector<int>{1, 2, 3});
    Column<int> column(*kept, kept);
    EXPECT_EQ(column.data(), kept->data());
    EXPECT_TRUE(column.shared());
    EXPECT_EQ(kept.use_count(), 2);
    column.push_back(4);
    EXPECT_FALSE(column.shared());
    EXPECT_EQ(kept.use_count(), 1);
    EXPECT_EQ(column, (Column<int>{1, 2, 3, 4}));
    EXPECT_EQ(*kept, (std::vector<int>{1, 2, 3}));
}

TEST(Column, PiecesOutliveTheWhole) {
    Column<int> second;
    {
        Column<int> whole{1, 2, 3, 4, 5};
        const int* const at = whole.data();
        const Column<int> first = whole.piece(0, 2);
        second = whole.piece(2, 3);
        EXPECT_EQ(second.data(), at + 2);
        EXPECT_EQ(first, (Column<int>{1, 2}));
        EXPECT_EQ(whole, (Column<int>{1, 2, 3, 4, 5}));
    }
    EXPECT_EQ(second, (Column<int>{3, 4, 5}));
}

}  // namespace
}  // namespace pitot::dataset
