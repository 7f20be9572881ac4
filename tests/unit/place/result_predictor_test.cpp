// What results of experiments predict for placement.
#include <gtest/gtest.h>

#include <string>

#include "formats/npz.hpp"
#include "place/predictors.hpp"
#include "support/synthetic.hpp"
#include "support/temp_folder.hpp"
#include "unit/place/simulations.hpp"

namespace pitot::place {
namespace {

using test::make_results;

TEST(ResultPredictor, PredictorsOfInterferenceKnowNeighbours) {
    const test::TempFolder folder;
    const Dataset dataset = test::synthetic_dataset({.together = 400});
    make_results(dataset, folder / "results", {"interference/2"});
    const auto predictor = ResultPredictor::open(folder / "results", "interference/2", 0.5, dataset);
    ASSERT_TRUE(predictor) << predictor.error().to_string();
    const PlacementPrediction prediction = (*predictor)->replicate(0);
    ASSERT_TRUE(prediction.slowdown);
    EXPECT_EQ(prediction.slowdown(1, 2, {}), 1.0);
    const Neighbour one[] = {{3, 0.5}};
    const Neighbour two[] = {{3, 0.5}, {3, 0.5}};
    EXPECT_GE(prediction.slowdown(1, 2, two), prediction.slowdown(1, 2, one));
    EXPECT_TRUE(simulate(dataset, small(folder, {"interference/2"})));
}

// Shifted by the margin, 95 % of the test rows' runtimes stay below the prediction.
TEST(ResultPredictor, PredictionsAreShiftedUp) {
    const test::TempFolder folder;
    const Dataset dataset = test::synthetic_dataset({.platforms = 20, .modules = 40});
    make_results(dataset, folder / "results", {"linear/32"});
    const auto file = formats::NpzReader::open(folder / "results/linear/32/0.5.npz").value();
    const auto test_rows = file.values<std::int32_t>("mf_test").value();
    const PlacementPrediction prediction =
        ResultPredictor::open(folder / "results", "linear/32", 0.5, dataset).value()->replicate(1);
    std::size_t below = 0;
    const std::size_t rows = test_rows.size() / 2;
    for (std::size_t n = 0; n < rows; ++n) {
        const auto row = static_cast<std::size_t>(test_rows[rows + n]);
        below += dataset.pool(kAlone).runtime_us[row] / 1000.0 <=
                         prediction.runtime_ms(dataset.pool(kAlone).platform[row], dataset.pool(kAlone).module[row]) *
                             (1 + 1e-9)
                     ? 1U
                     : 0U;
    }
    EXPECT_NEAR(static_cast<double>(below) / static_cast<double>(rows), 0.95, 0.01);
}

// Arrays of another shape than the predictions' are an error, not read beyond their ends.
TEST(ResultPredictor, RefusesInterferenceThatDoesNotFit) {
    const test::TempFolder folder;
    const Dataset dataset = test::synthetic_dataset({.together = 100});
    make_results(dataset, folder / "results", {"interference/1"});
    const auto path = folder / "results/interference/1/0.5.npz";
    formats::NpzWriter writer;
    {
        const auto file = formats::NpzReader::open(path).value();
        for (const std::string name : {"C_hat", "M", "V_s", "V_g"}) {
            auto shape = file.info(name).value().shape;
            auto values = file.values<float>(name).value();
            if (name == "V_g") {
                values.resize(values.size() / 2);
                shape[0] = 1;
            }
            writer.add<float>(name, values, shape);
        }
        writer.add<std::int32_t>("mf_test", file.values<std::int32_t>("mf_test").value(),
                                 file.info("mf_test").value().shape);
    }
    ASSERT_TRUE(writer.write(path));
    const auto refused = ResultPredictor::open(folder / "results", "interference/1", 0.5, dataset);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::kInput);
    EXPECT_NE(refused.error().message().find("do not fit"), std::string::npos);
}

}  // namespace
}  // namespace pitot::place
