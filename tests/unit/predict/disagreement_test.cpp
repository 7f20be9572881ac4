#include "predict/disagreement.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "model/fold_model.hpp"
#include "pitot/predictor.hpp"
#include "support/random_model.hpp"

namespace pitot {
namespace {

// Folds that agree but for one, which is far off on platform 2.
PredictorParts one_wild_fold() {
    FitConfig config = preset("linear/32").value();
    config.model.alpha = 1.0;
    PredictorParts parts = test::random_parts(config, {.folds = 5});
    for (FoldFit& fold : parts.folds) {
        fold.parameters = parts.folds[0].parameters;
    }
    for (const ParameterInfo& block : parameter_layout(parts.config.model, parts.platforms, parts.modules)) {
        if (block.name == "platform.table") {
            for (std::int64_t c = 0; c < block.cols; ++c) {
                parts.folds[3].parameters[static_cast<std::size_t>(block.offset + 2 * block.cols + c)] *= 30.0F;
            }
        }
    }
    return parts;
}

TEST(Disagreement, NamesThePlatformOfAWildFold) {
    PredictorParts parts = one_wild_fold();
    note_disagreement(parts);
    const Predictor predictor(std::move(parts));
    EXPECT_GT(predictor.platform_disagreement(2), 0.8);
    EXPECT_EQ(predictor.platform_disagreement(1), 0.0);
    EXPECT_LT(predictor.module_disagreement(4), 0.1) << "one of twelve platforms";
}

TEST(Disagreement, DoesNotSpoilThePrediction) {
    PredictorParts wild = one_wild_fold();
    PredictorParts calm = clone_parts(wild);
    calm.folds[3] = calm.folds[0];
    const Predictor a(std::move(wild));
    const Predictor b(std::move(calm));
    for (std::int32_t j = 0; j < 20; ++j) {
        EXPECT_NEAR(std::log(a.predict_pair(2, j)->runtime_us / b.predict_pair(2, j)->runtime_us), 0.0, 0.03) << j;
    }
}

TEST(Disagreement, IsNotNotedOfTwoFoldsOrOfFleetsTooLargeForIt) {
    PredictorParts two = test::random_parts("linear/32", {.folds = 2});
    note_disagreement(two);
    EXPECT_TRUE(two.platform_disagreement.empty());
    PredictorParts large = test::random_parts("linear/32", {.platforms = 20'000, .modules = 3, .folds = 3});
    note_disagreement(large);
    EXPECT_TRUE(large.platform_disagreement.empty());
    EXPECT_EQ(Predictor(std::move(large)).platform_disagreement(5), 0.0);
}

}  // namespace
}  // namespace pitot
