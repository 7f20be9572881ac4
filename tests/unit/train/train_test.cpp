#include "train/train.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "dataset/connections.hpp"
#include "support/pools.hpp"
#include "support/synthetic.hpp"

namespace pitot::train {
namespace {

TEST(Train, StepsAsPublished) {
    const TrainConfig config;
    EXPECT_EQ(steps_of(config, 0.1), 2500);
    EXPECT_EQ(steps_of(config, 0.3), 7500);
    EXPECT_EQ(steps_of(config, 0.5), 12500);
    EXPECT_EQ(steps_of(config, 0.7), 17500);
    EXPECT_EQ(steps_of(config, 0.9), 22500);
}

TEST(DrawRows, LimitsInterferenceRowsAndSeparatesObjectives) {
    const Dataset dataset = test::synthetic_dataset({.together = 300});
    FitConfig config = test::quick_config("interference/2");
    config.train.objective("together").rows = 120;
    config.split = SplitUnit::kRow;
    const ReplicateRows rows = draw_rows(dataset, config, 0.5, 0.2, 0);
    const auto check = [](const dataset::Split& split, std::int64_t n) {
        std::set<std::int64_t> all(split.test.begin(), split.test.end());
        all.insert(split.calibration.begin(), split.calibration.end());
        all.insert(split.rest.begin(), split.rest.end());
        EXPECT_EQ(static_cast<std::int64_t>(all.size()), n);
        EXPECT_EQ(*all.rbegin(), n - 1);
        EXPECT_EQ(static_cast<std::int64_t>(split.test.size()),
                  static_cast<std::int64_t>(static_cast<double>(n) * 0.5));
        EXPECT_FALSE(split.calibration.empty());
    };
    check(rows.pools[kAlone + 1], 120);
    check(rows.alone(), dataset.pool(kAlone).size());
    EXPECT_NE(draw_rows(dataset, config, 0.5, 0.2, 1).alone().test, rows.alone().test);
    EXPECT_EQ(draw_rows(dataset, config, 0.5, 0.2, 0).alone().test, rows.alone().test);
}

TEST(DrawRows, KeepsTheRunsOfACombinationTogether) {
    const Dataset dataset = test::synthetic_dataset({.modules = 6, .together = 300});  // 72 pairs beside 6 modules
    const FitConfig config = test::quick_config("interference/2");
    const RowDraw draw(dataset, config);
    EXPECT_FALSE(draw.groups(kAlone).repeated());
    EXPECT_TRUE(draw.groups(kAlone + 1).repeated());
    const dataset::Split split = draw(0.5, 0.2, 0).pools[kAlone + 1];
    const ObservationView beside = dataset.pool(kAlone + 1);
    std::map<std::vector<std::int32_t>, std::set<int>> parts;
    const auto mark = [&](core::RowNumbers rows, int part) {
        for (const std::int64_t row : rows) {
            const auto at = static_cast<std::size_t>(row);
            parts[{beside.platform[at], beside.module[at], beside.co_runner[at]}].insert(part);
        }
    };
    mark(split.test, 0);
    mark(split.set_aside, 1);
    mark(split.rest, 2);
    for (const auto& [combination, in] : parts) {
        EXPECT_EQ(in.size(), 1U);
    }
    EXPECT_LT(split.calibration.size(), split.set_aside.size());
}

TEST(DrawRows, LeavesEveryPlatformAndModuleConnected) {
    // Two columns of a matrix and one row of it: many rows are the only ones of their platform or module.
    Dataset dataset = test::synthetic_dataset({.platforms = 30, .modules = 30});
    test::keep_alone(dataset, [&](std::size_t n) {
        return dataset.observations.module[n] < 2 || dataset.observations.platform[n] == 3;
    });
    const FitConfig config = test::quick_config("linear/32");
    const auto parts_of = [&](core::RowNumbers rows) {
        dataset::Connections connections(dataset.platforms.size(), dataset.modules.size());
        for (const std::int64_t row : rows) {
            const auto at = static_cast<std::size_t>(row);
            connections.join(dataset.pool(kAlone).platform[at], dataset.pool(kAlone).module[at]);
        }
        return connections.parts();
    };
    for (std::int64_t replicate = 0; replicate < 20; ++replicate) {
        const dataset::Split all = draw_rows(dataset, config, 1.0, 0.0, replicate).alone();
        const dataset::Split split = draw_rows(dataset, config, 1.0, 0.3, replicate).alone();
        EXPECT_GE(split.calibration.size(), static_cast<std::size_t>(dataset::kLeastCalibration));
        EXPECT_EQ(parts_of(split.rest), parts_of(all.rest)) << replicate;
    }
}

}  // namespace
}  // namespace pitot::train
