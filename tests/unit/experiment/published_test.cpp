#include "experiment/published.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "experiment/sweep.hpp"
#include "support/temp_folder.hpp"

namespace pitot::experiment {
namespace {

TEST(Published, IsWholeAndNamesPresetsThatExist) {
    const auto& numbers = published_numbers();
    EXPECT_EQ(numbers.size(), 60U);
    for (const PublishedNumber& number : numbers) {
        EXPECT_TRUE(number.preset == "linear scaling" || expand_methods({number.preset}).has_value()) << number.preset;
        EXPECT_GT(number.share, 0.0);
        EXPECT_LT(number.share, 1.0);
        EXPECT_GT(number.value, 0.0);
        EXPECT_LT(number.value, 2.0);
        EXPECT_EQ(number.measure == Measure::kRatio, !number.relative_to.empty());
        EXPECT_EQ(number.source == "percentile", number.measure == Measure::kMargin);
        EXPECT_FALSE(number.source.empty());
    }
    const auto best = std::ranges::find_if(numbers, [](const PublishedNumber& n) {
        return n.preset == "embedding/128" && n.share == 0.9 && n.measure == Measure::kMape;
    });
    ASSERT_NE(best, numbers.end());
    EXPECT_DOUBLE_EQ(best->value, 0.0259);
}

TEST(Published, WithoutResultsThereIsNoNumberOfOurs) {
    const test::TempFolder folder;
    EXPECT_FALSE(our_number(folder.path(), published_numbers().front()));
}

}  // namespace
}  // namespace pitot::experiment
