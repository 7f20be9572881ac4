#include "models/folds/disagreement.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "models/folds/fold_model.hpp"
#include "pitot/predictor.hpp"
#include "support/random_model.hpp"

namespace pitot::models {
namespace {

// Folds that agree but for one, which is far off on platform 2.
test::RandomModel one_wild_fold() {
    FitConfig config = preset("linear/32").value();
    config.model.alpha = 1.0;
    test::RandomModel model = test::random_model(config, {.folds = 5});
    std::vector<train::FoldFit>& folds = model.parts.folds;
    for (train::FoldFit& fold : folds) {
        fold.parameters = folds[0].parameters;
    }
    for (const ParameterInfo& block : parameter_layout(config.model, model.platforms, model.modules)) {
        if (block.name == "platform.table") {
            for (std::int64_t c = 0; c < block.cols; ++c) {
                folds[3].parameters[static_cast<std::size_t>(block.offset + 2 * block.cols + c)] *= 30.0F;
            }
        }
    }
    return model;
}

Disagreement disagreement_of(const test::RandomModel& model) {
    return disagreement_of(model.parts, model.platforms, model.modules);
}

TEST(Disagreement, NamesThePlatformOfAWildFold) {
    const test::RandomModel model = one_wild_fold();
    PredictorParts parts = test::random_parts(model);
    parts.disagreement = disagreement_of(model);
    const Predictor predictor(std::move(parts));
    EXPECT_GT(predictor.platform_disagreement(2), 0.8);
    EXPECT_EQ(predictor.platform_disagreement(1), 0.0);
    EXPECT_LT(predictor.module_disagreement(4), 0.1) << "one of twelve platforms";
}

TEST(Disagreement, DoesNotSpoilThePrediction) {
    const test::RandomModel wild = one_wild_fold();
    PredictorParts parts = test::random_parts(wild);
    const Predictor a(predict::clone_parts(parts));
    test::change_model(parts, [](FoldedParts& calm) { calm.folds[3] = calm.folds[0]; });
    const Predictor b(std::move(parts));
    for (std::int32_t j = 0; j < 20; ++j) {
        EXPECT_NEAR(std::log(a.predict_pair(2, j)->runtime_us / b.predict_pair(2, j)->runtime_us), 0.0, 0.03) << j;
    }
}

TEST(Disagreement, IsNotNotedOfTwoFoldsOrOfFleetsTooLargeForIt) {
    EXPECT_TRUE(disagreement_of(test::random_model("linear/32", {.folds = 2})).platform.empty());
    const test::RandomModel large = test::random_model("linear/32", {.platforms = 20'000, .modules = 3, .folds = 3});
    EXPECT_TRUE(disagreement_of(large).platform.empty());
    EXPECT_EQ(Predictor(test::random_parts(large)).platform_disagreement(5), 0.0);
}

}  // namespace
}  // namespace pitot::models
