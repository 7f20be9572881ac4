// What counts as measured: the module whose runtime a row is, not those that ran beside it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "../../support/synthetic.hpp"
#include "model/fold_model.hpp"
#include "pitot/fit.hpp"
#include "predict/parts.hpp"

namespace pitot {
namespace {

using test::quick_config;
using test::synthetic_dataset;

constexpr std::int32_t kGhost = 7;
const test::SyntheticOptions kFleet{.modules = 40, .together = 400, .width = 2, .interaction = 0.05};

ObservationTable rows_where(const ObservationTable& table, const std::function<bool(std::size_t row)>& keep) {
    const auto width = static_cast<std::size_t>(table.width);
    ObservationTable kept;
    kept.width = table.width;
    for (std::size_t row = 0; row < table.runtime_us.size(); ++row) {
        if (!keep(row)) {
            continue;
        }
        kept.platform.push_back(table.platform[row]);
        kept.module.push_back(table.module[row]);
        kept.runtime_us.push_back(table.runtime_us[row]);
        for (std::size_t k = 0; k < width; ++k) {
            kept.co_runner.push_back(table.co_runner[row * width + k]);
        }
    }
    return kept;
}

// A fleet whose module kGhost ran beside others and was never measured itself (or, on demand, only beside others).
Dataset haunted(test::SyntheticOptions options = kFleet, bool measured_beside_others = false) {
    Dataset dataset = synthetic_dataset(options);
    dataset.alone = rows_where(dataset.alone, [&](std::size_t row) { return dataset.alone.module[row] != kGhost; });
    if (!measured_beside_others) {
        dataset.together =
            rows_where(dataset.together, [&](std::size_t row) { return dataset.together.module[row] != kGhost; });
    }
    EXPECT_NE(std::ranges::find(dataset.together.view().co_runner, kGhost), dataset.together.view().co_runner.end());
    return dataset;
}

FitConfig all_rows(const char* name) {
    FitConfig config = quick_config(name);
    config.train.together_rows = 0;
    return config;
}

Prediction ask(const Predictor& predictor, std::int32_t platform, std::int32_t module,
               std::vector<std::int32_t> beside = {}) {
    return predictor.predict_pair(platform, module, 0.5, beside).value();
}

TEST(MeasuredRows, CoRunnersAreNotMeasuredAndTheirBaselineComesFromFeatures) {
    const Dataset dataset = haunted();
    const test::SyntheticTruth truth(dataset, kFleet);
    for (const char* name : {"interference/2", "embedding/32", "baseline/linear_scaling"}) {
        const Predictor predictor = fit(dataset, all_rows(name)).value();
        EXPECT_EQ(predictor.module_basis(kGhost), Basis::kFeatures) << name;
        const Prediction answer = ask(predictor, 3, kGhost);
        EXPECT_EQ(answer.basis, Basis::kFeatures) << name;
        EXPECT_TRUE(std::isnan(answer.bound_us)) << name;
        EXPECT_NEAR(to_log({answer.runtime_us}).value, truth(3, kGhost), 0.35) << name;
    }
}

TEST(MeasuredRows, WithoutFeaturesTheyAreTheAverageOfOthers) {
    test::SyntheticOptions options = kFleet;
    options.features = 0;
    for (const char* name : {"linear/32", "baseline/linear_scaling"}) {
        const Predictor predictor = fit(haunted(options), all_rows(name)).value();
        const Prediction answer = ask(predictor, 3, kGhost);
        EXPECT_EQ(answer.basis, Basis::kAverage) << name;
        EXPECT_TRUE(std::isnan(answer.bound_us)) << name;
        const std::vector<double>& terms = predictor.parts().baseline.module;
        double sum = 0.0;
        for (std::size_t j = 0; j < terms.size(); ++j) {
            sum += j == kGhost ? 0.0 : terms[j];
        }
        EXPECT_NEAR(terms[kGhost], sum / static_cast<double>(terms.size() - 1), 1e-9) << name;
    }
}

TEST(MeasuredRows, AsCoRunnersTheyAreKnownWell) {
    const Predictor predictor = fit(haunted(), all_rows("interference/2")).value();
    EXPECT_EQ(predictor.co_runner_basis(kGhost), Basis::kMeasured);
    const Prediction beside = ask(predictor, 3, 5, {kGhost});
    EXPECT_EQ(beside.basis, Basis::kMeasured);
    EXPECT_GT(beside.bound_us, 0.0);
    // What training learned of them as co-runners is not averaged away.
    const PredictorParts& parts = predictor.parts();
    for (const ParameterInfo& block : parameter_layout(parts.config.model, parts.platforms, parts.modules)) {
        if (block.name != "module.learned") {
            continue;
        }
        const float* table = parts.folds[0].parameters.data() + block.offset;
        for (std::int64_t c = 0; c < block.cols; ++c) {
            double mean = 0.0;
            for (std::int64_t j = 0; j < block.rows; ++j) {
                mean += static_cast<double>(table[j * block.cols + c]) / static_cast<double>(block.rows);
            }
            EXPECT_GT(std::abs(static_cast<double>(table[kGhost * block.cols + c]) - mean), 1e-3);
        }
    }
}

TEST(MeasuredRows, OfModulesMeasuredBesideOthersCountWhereTheyAreTrainedOn) {
    const Dataset dataset = haunted(kFleet, true);
    EXPECT_EQ(fit(dataset, all_rows("interference/2")).value().module_basis(kGhost), Basis::kMeasured);
    EXPECT_EQ(fit(dataset, all_rows("embedding/32")).value().module_basis(kGhost), Basis::kFeatures);
}

TEST(MeasuredRows, SetAsideForCalibrationTeachNothing) {
    Dataset dataset = synthetic_dataset({.modules = 40, .interaction = 0.05});
    const FitConfig config = quick_config();
    const ReplicateRows rows = draw_rows(dataset, config, 1.0, config.calibration_share, 0);
    // The ghost's only row is one that calibrates; its other rows become another module's.
    for (std::int32_t& module : dataset.alone.module.edit()) {
        module = module == kGhost ? kGhost + 1 : module;
    }
    const auto only = static_cast<std::size_t>(rows.alone.calibration[0]);
    dataset.alone.module.edit()[only] = kGhost;
    const Predictor predictor = fit(dataset, config).value();
    EXPECT_TRUE(predictor.measured(dataset.alone.platform[only], kGhost));
    EXPECT_EQ(predictor.module_basis(kGhost), Basis::kFeatures);
    EXPECT_NE(predictor.parts().baseline.module[kGhost], 0.0);
}

TEST(MeasuredRows, AreNotedWithTheirCoRunners) {
    const Dataset dataset = synthetic_dataset({.together = 30, .width = 2});
    const Predictor predictor = fit(dataset, all_rows("embedding/32")).value();
    const ObservationView rows = dataset.together.view();
    for (std::size_t n = 0; n < rows.module.size(); ++n) {
        const std::vector<std::int32_t> turned{rows.co_runner[2 * n + 1], rows.co_runner[2 * n]};
        EXPECT_EQ(predictor.measured(rows.platform[n], rows.module[n], turned), true);
        EXPECT_EQ(predictor.measured_beside_others(rows.platform[n], rows.module[n]), true);
        const std::vector<std::int32_t> more{turned[0], turned[1], 0};
        EXPECT_EQ(predictor.measured(rows.platform[n], rows.module[n], more), false);
    }
    const std::vector<std::int32_t> none{-1, -1};
    EXPECT_EQ(predictor.measured(dataset.alone.platform[0], dataset.alone.module[0], none), true);
}

TEST(MeasuredRows, WithCoRunnersAloneAreRefused) {
    Dataset dataset = synthetic_dataset({.together = 40});
    dataset.alone = {};
    for (const char* name : {"interference/2", "embedding/32", "baseline/linear_scaling"}) {
        const auto predictor = fit(dataset, all_rows(name));
        ASSERT_FALSE(predictor) << name;
        EXPECT_EQ(predictor.error().code(), ErrorCode::kInput);
        const std::string& message = predictor.error().message();
        EXPECT_NE(message.find("all 40 observations of the dataset have co-runners"), std::string::npos) << message;
        EXPECT_NE(message.find("measure modules alone"), std::string::npos) << message;
    }
}

}  // namespace
}  // namespace pitot
