#include "place/model_predictor.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "formats/npz.hpp"
#include "pitot/fit.hpp"
#include "support/synthetic.hpp"
#include "support/temp_folder.hpp"
#include "unit/place/simulations.hpp"

namespace pitot::place {
namespace {

using test::small;

TEST(ModelPredictor, AFittedModelPlacesByItsBounds) {
    const test::TempFolder folder;
    const Dataset dataset = test::synthetic_dataset({.together = 400});
    FitConfig config = test::quick_config("interference/2");
    config.train.objective("together").rows = 0;
    const Predictor model = fit(dataset, config).value();
    const auto file = folder / "mine.pitot";
    ASSERT_TRUE(model.save(file));
    const auto predictor = ModelPredictor::open(file, dataset).value();
    EXPECT_EQ(predictor->replicates(), 1);
    const PlacementPrediction prediction = predictor->replicate(0);
    const Prediction bounded = model.predict_pair(3, 4, 0.95).value();
    const double counted = std::isnan(bounded.bound_us) ? bounded.runtime_us : bounded.bound_us;
    EXPECT_DOUBLE_EQ(prediction.runtime_ms(3, 4), counted / 1000.0);
    // Beside a module that takes all of the device, it slows down as the model says; beside nobody not at all.
    ASSERT_TRUE(prediction.slowdown);
    const Neighbour busy[] = {{7, 1.0}};
    const std::int32_t seven[] = {7};
    const double factor = model.predict_pair(3, 4, {}, seven)->runtime_us / model.predict_pair(3, 4)->runtime_us;
    EXPECT_DOUBLE_EQ(prediction.slowdown(3, 4, busy), std::max(factor, 1.0));
    EXPECT_EQ(prediction.slowdown(3, 4, {}), 1.0);

    const auto results = simulate(dataset, small(folder, {file.string()}));
    ASSERT_TRUE(results) << results.error().to_string();
    EXPECT_EQ(results->back().method, "mine.pitot");
    EXPECT_EQ(formats::NpzReader::open(folder / "out/model-mine/20.npz").value().info("latency").value().shape,
              (std::vector<std::int64_t>{3, 20}));
    // Of any order of names, and nothing that the model does not know.
    Dataset turned = test::synthetic_dataset({.together = 400});
    std::swap(turned.platforms.names[3], turned.platforms.names[5]);
    EXPECT_DOUBLE_EQ(ModelPredictor::open(file, turned).value()->replicate(0).runtime_ms(5, 4), counted / 1000.0);
    turned.modules.names[2] = "stranger";
    const auto refused = ModelPredictor::open(file, turned);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().to_string().find("stranger"), std::string::npos);
    // Another model of that name does not join the first one's results unasked.
    FitConfig other = config;
    other.seed = 7;
    ASSERT_TRUE(fit(dataset, other).value().save(file));
    auto again = small(folder, {file.string()});
    const auto mixed = simulate(dataset, again);
    ASSERT_FALSE(mixed);
    EXPECT_NE(mixed.error().message().find("model: mine.pitot"), std::string::npos) << mixed.error().message();
    again.force = true;
    EXPECT_TRUE(simulate(dataset, again));
    const auto twice = simulate(dataset, small(folder, {file.string(), file.string()}));
    ASSERT_FALSE(twice);
    EXPECT_EQ(twice.error().code(), ErrorCode::kUsage);
}

}  // namespace
}  // namespace pitot::place
