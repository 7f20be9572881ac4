// What experiments keep of a model of folds.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "models/model_family.hpp"
#include "support/synthetic.hpp"
#include "train/row_draw.hpp"

namespace pitot::models {
namespace {

TEST(Keep, IsTheSameForAnyNumberOfThreads) {
    const Dataset dataset = test::synthetic_dataset({.together = 60});
    for (const char* name : {"interference/2", "linear/32"}) {
        SCOPED_TRACE(name);
        FitConfig config = test::quick_config(name);
        config.train.folds = 4;
        const auto rows = [&](std::int64_t replicate) {
            return train::draw_rows(dataset, config, 0.7, 0.0, replicate);
        };
        const FitTask task{.dataset = dataset,
                           .config = config,
                           .share = 0.7,
                           .replicates = 1,
                           .untrained = Untrained::kPublished,
                           .context = {},
                           .rows = rows};
        const auto ran = family_of(config.model).fit(task, [&](Fitted&& fitted) -> Result<void> {
            const auto kept_by = [&](int threads) {
                std::map<std::string, std::vector<float>> arrays;
                const auto ok = fitted.model->keep(
                    dataset, fitted.rows, threads,
                    [&](const std::string& array, std::vector<float> values, const std::vector<std::int64_t>&) {
                        EXPECT_TRUE(arrays.emplace(array, std::move(values)).second) << array;
                        return Result<void>();
                    });
                EXPECT_TRUE(ok) << ok.error().to_string();
                return arrays;
            };
            const auto one = kept_by(1);
            EXPECT_GT(one.size(), 2U);
            for (const int threads : {2, 3, 7}) {
                EXPECT_EQ(kept_by(threads), one) << threads;
            }
            return {};
        });
        EXPECT_TRUE(ran) << ran.error().to_string();
    }
}

}  // namespace
}  // namespace pitot::models
