// Datasets with more pools than files know: rows alone, beside one other, and beside two.
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "pitot/fit.hpp"
#include "support/expect_error.hpp"
#include "support/synthetic.hpp"
#include "support/temp_folder.hpp"
#include "support/three_pools.hpp"

namespace pitot::predict {
namespace {

using test::quick_config;

TEST(Pools, AreLearnedFromAndCalibratedOneByOne) {
    const Dataset dataset = test::three_pools(240);
    const FitConfig config = test::three_pools_config(dataset);
    EXPECT_TRUE(config.train.learns_from("one") && config.train.learns_from("two"));
    EXPECT_FALSE(config.train.learns_from("together"));
    const Predictor predictor = fit(dataset, config).value();
    for (int beside = 0; beside < 3; ++beside) {
        EXPECT_GE(predictor.calibration_rows(beside), 9) << beside;
        EXPECT_TRUE(predictor.check_bound(beside, 0.9)) << beside;
    }
    EXPECT_EQ(predictor.calibration_rows(3), predictor.calibration_rows(2));
    EXPECT_NE(predictor.calibration_rows(0), predictor.calibration_rows(2));
}

TEST(Pools, WithoutBoundsSayWhy) {
    const Dataset dataset = test::three_pools(24);
    const Predictor predictor = fit(dataset, test::three_pools_config(dataset)).value();
    EXPECT_TRUE(predictor.check_bound(0, 0.9));
    EXPECT_FALSE(predictor.check_bound(2, 0.9));
    EXPECT_EQ(predictor.why_no_bound(Basis::kMeasured, 0, 0.9), NoBound::kNothing);
    EXPECT_EQ(predictor.why_no_bound(Basis::kMeasured, 2, 0.9), NoBound::kFewCalibrationRows);
    const std::vector<std::int32_t> beside{4, 5};
    EXPECT_TRUE(std::isnan(predictor.predict_pair(1, 2, 0.9, beside)->bound_us));
}

TEST(Pools, ComeBackFromAModelsBytesWhateverTheyAreCalled) {
    for (const auto& [one, two] : {std::pair("one", "two"), {"measured", "most_co_runners"}, {"pool2", "pool1"}}) {
        const Dataset dataset = test::three_pools(240, one, two);
        const Predictor predictor = fit(dataset, test::three_pools_config(dataset)).value();
        const auto bytes = predictor.to_bytes();
        ASSERT_TRUE(bytes) << one;
        const auto back = Predictor::from_bytes(*bytes);
        ASSERT_TRUE(back) << back.error().to_string();
        EXPECT_EQ(*back->to_bytes(), *bytes) << one;
        const std::vector<std::int32_t> beside{4, 5};
        EXPECT_EQ(back->predict_pair(1, 2, 0.9, beside)->bound_us, predictor.predict_pair(1, 2, 0.9, beside)->bound_us);
        for (std::size_t p = kAlone + 1; p < 3; ++p) {
            const ObservationView rows = dataset.pool(p);
            EXPECT_NE(back->evidence(rows.platform[0], rows.module[0], rows.co_runner.first(2)), Evidence::kNone);
        }
    }
}

TEST(Pools, ThatFilesDoNotKnowAreNotWritten) {
    const test::TempFolder folder;
    for (const char* file : {"d.npz", "d.csv"}) {
        EXPECT_TRUE(
            test::refuses(write_dataset(test::three_pools(40), folder / file), {"'alone' and 'together'", "'two'"}));
    }
}

// Room for co-runners in a dataset of rows alone is no sign of them.
TEST(Pools, OfRowsAloneComeBackAsSuch) {
    const test::TempFolder folder;
    Dataset dataset = test::synthetic_dataset({.features = 0});
    dataset.observations.width = 1;
    dataset.observations.co_runner.edit().assign(dataset.observations.platform.size(), -1);
    ASSERT_TRUE(dataset.validate());
    for (const char* file : {"d.npz", "d.csv"}) {
        const auto written = write_dataset(dataset, folder / file);
        ASSERT_TRUE(written) << written.error().to_string();
        const std::vector<std::filesystem::path> files{folder / file};
        const Dataset back = read_dataset(files).value();
        ASSERT_EQ(back.pools.size(), 1U) << file;
        EXPECT_EQ(dataset_digest(back), dataset_digest(dataset)) << file;
    }
}

TEST(Pools, WithoutRowsAreNone) {
    Dataset dataset = test::three_pools(240);
    dataset.pools = {{"alone", dataset.pools[0].rows}, {"one", 0}, {"two", 240}};
    const FitConfig config = test::three_pools_config(dataset);
    EXPECT_FALSE(config.train.learns_from("one"));
    EXPECT_TRUE(fit(dataset, config));
}

TEST(Pools, ThatAreTrainedOnButNotThereAreNamed) {
    FitConfig config = quick_config("interference/2");
    config.train.objective("night").weight = 1.0;
    EXPECT_TRUE(test::refuses(fit(test::synthetic_dataset({.together = 60}), config), {"pool 'night'"}));
    EXPECT_TRUE(test::refuses(fit(test::three_pools(60), quick_config("interference/2")), {"pool 'together'"}));
}

}  // namespace
}  // namespace pitot::predict
