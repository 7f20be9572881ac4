#include "pitot/evaluate.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "models/folds/folded_model.hpp"
#include "models/model_family.hpp"
#include "pitot/fit.hpp"
#include "support/pools.hpp"
#include "support/synthetic.hpp"
#include "support/three_pools.hpp"

namespace pitot::evaluation {
namespace {

using test::quick_config;
using test::synthetic_dataset;

// MAPE of one replicate the long way: trained again, fold by fold, row by row.
double mape_by_hand(const Dataset& dataset, const FitConfig& config, double share, std::int64_t replicate) {
    double mape = 0.0;
    const auto rows = [&](std::int64_t r) { return train::draw_rows(dataset, config, share, 0.0, r); };
    const Context options;
    const auto take = [&](models::Fitted&& fitted) -> Result<void> {
        if (fitted.replicate != replicate) {
            return {};
        }
        const models::FoldedParts& parts = dynamic_cast<const models::FoldedModel&>(*fitted.model).parts();
        for (const std::int64_t row : fitted.rows.alone().test) {
            const auto at = static_cast<std::size_t>(row);
            const std::vector<std::int32_t> platform{dataset.pool(kAlone).platform[at]};
            const std::vector<std::int32_t> module{dataset.pool(kAlone).module[at]};
            double y = 0.0;
            for (const train::FoldFit& fold : parts.folds) {
                double prediction = 0.0;
                models::FoldModel(config.model, dataset.platforms, dataset.modules, parts.baseline, fold.parameters)
                    .predict({platform, module, {}, 0}, {&prediction, 1});
                y += prediction / static_cast<double>(parts.folds.size());
            }
            const double truth = dataset.pool(kAlone).runtime_us[at] / 25000.0;
            mape += std::abs((config.model.logarithm ? std::exp(y) : y) / truth - 1.0) /
                    static_cast<double>(fitted.rows.alone().test.size());
        }
        return {};
    };
    const auto trained = models::family_of(config.model)
                             .fit({.dataset = dataset,
                                   .config = config,
                                   .share = share,
                                   .replicates = replicate + 1,
                                   .untrained = models::Untrained::kPublished,
                                   .context = options,
                                   .rows = rows},
                                  take);
    EXPECT_TRUE(trained);
    return mape;
}

TEST(Evaluate, MeasuresWhatTheLongWayMeasures) {
    const Dataset dataset = synthetic_dataset({.platforms = 8, .modules = 10});
    for (const char* name : {"embedding/32", "paragon/32"}) {
        const FitConfig config = quick_config(name);
        const Evaluation evaluation = evaluate(dataset, config, {.share = 0.7, .replicates = 3}).value();
        ASSERT_EQ(evaluation.objectives.size(), 1U);
        const ObjectiveMetrics& mf = evaluation.objectives[0];
        EXPECT_EQ(mf.objective, "mf");
        EXPECT_EQ(mf.test_rows,
                  static_cast<std::int64_t>(static_cast<double>(dataset.pool(kAlone).size()) * (1.0 - 0.7)));
        EXPECT_EQ(mf.calibration_rows, 0);
        EXPECT_TRUE(mf.bounds.empty());
        ASSERT_EQ(mf.model.replicates.size(), 3U);
        for (std::int64_t r = 0; r < 3; ++r) {
            EXPECT_NEAR(mf.model.replicates[static_cast<std::size_t>(r)], mape_by_hand(dataset, config, 0.7, r), 1e-6);
        }
        const auto& m = mf.model.replicates;
        const double mean = (m[0] + m[1] + m[2]) / 3.0;
        const double variance =
            ((m[0] - mean) * (m[0] - mean) + (m[1] - mean) * (m[1] - mean) + (m[2] - mean) * (m[2] - mean)) / 2.0;
        EXPECT_NEAR(mf.model.mape.mean, mean, 1e-12);
        EXPECT_NEAR(mf.model.mape.std, std::sqrt(variance), 1e-12);
        EXPECT_TRUE(std::ranges::is_sorted(mf.model.percentile));
        EXPECT_TRUE(mf.model.percentile_exact);
        EXPECT_EQ(evaluation.steps, 3 * 3 * train::steps_of(config.train, 0.7));
        EXPECT_TRUE(evaluation.complete);
    }
}

TEST(Evaluate, BaselineAloneIsItsOwnBaseline) {
    const Evaluation evaluation =
        evaluate(synthetic_dataset(), quick_config("baseline/linear_scaling"), {.share = 0.5, .replicates = 2}).value();
    const ObjectiveMetrics& mf = evaluation.objectives.at(0);
    EXPECT_EQ(mf.model.replicates, mf.baseline.replicates);
    EXPECT_EQ(mf.model.percentile, mf.baseline.percentile);
    EXPECT_EQ(evaluation.steps, 0);
}

TEST(Evaluate, TestsRowsWithCoRunnersToo) {
    const Dataset dataset = synthetic_dataset({.together = 300, .width = 2});
    FitConfig config = quick_config("interference/2");
    config.train.objective("together").rows = 0;
    config.train.checkpoints = 20;
    config.train.epoch_samples = 4000;
    config.split = SplitUnit::kRow;
    const Evaluation taught = evaluate(dataset, config, {.share = 0.8, .replicates = 1}).value();
    ASSERT_EQ(taught.objectives.size(), 2U);
    EXPECT_EQ(taught.objectives[1].objective, "if");
    EXPECT_EQ(taught.objectives[1].test_rows, 59);  // int(300 * (1 - 0.8)) in doubles
    // Co-runners slow every row down by a fifth or more: whoever ignores them is that far off.
    EXPECT_GT(taught.objectives[1].baseline.mape.mean, 0.2);
    EXPECT_LT(taught.objectives[1].model.mape.mean, 0.5 * taught.objectives[1].baseline.mape.mean);
}

TEST(Evaluate, CoversAsPromised) {
    const Dataset dataset = synthetic_dataset({.platforms = 40, .modules = 50, .noise = 0.1});
    FitConfig config = quick_config("baseline/linear_scaling");
    config.calibration_share = 0.3;
    const EvaluateOptions options{.share = 0.6, .replicates = 60, .bounds = true};
    const Evaluation evaluation = evaluate(dataset, config, options).value();
    const ObjectiveMetrics& mf = evaluation.objectives.at(0);
    ASSERT_EQ(mf.bounds.size(), 3U);
    EXPECT_GT(mf.calibration_rows, 300);
    for (const BoundMetrics& bound : mf.bounds) {
        EXPECT_EQ(bound.unavailable, "");
        EXPECT_GT(bound.coverage.std, 0.0);
        // Replicates share a dataset, so their mean varies more than independent ones would: one point of slack.
        EXPECT_NEAR(bound.coverage.mean, bound.confidence, 0.01) << bound.confidence;
    }
    EXPECT_LT(mf.bounds[0].over_provisioning.mean, mf.bounds[2].over_provisioning.mean);
}

TEST(Evaluate, SaysWhichBoundsCannotBeHad) {
    FitConfig config = quick_config("baseline/linear_scaling");
    config.calibration_share = 0.2;
    const EvaluateOptions options{.share = 0.5, .replicates = 2, .bounds = true};
    const Dataset dataset = synthetic_dataset();  // about 215 rows: 108 left, 21 calibrate
    const Evaluation evaluation = evaluate(dataset, config, options).value();
    const auto& bounds = evaluation.objectives.at(0).bounds;
    EXPECT_EQ(bounds[1].unavailable, "");
    EXPECT_NE(bounds[2].unavailable.find("at least 99 combinations"), std::string::npos) << bounds[2].unavailable;

    config.calibration_share = 0.05;
    const auto none = evaluate(dataset, config, options);
    ASSERT_TRUE(none);
    EXPECT_EQ(none->objectives.at(0).calibration_rows, 0);
    for (const BoundMetrics& bound : none->objectives.at(0).bounds) {
        EXPECT_NE(bound.unavailable, "");
    }
    EXPECT_EQ(none->objectives.at(0).model.replicates.size(), 2U);
}

TEST(Evaluate, CountsTestRowsThatNothingLikeThemTrains) {
    // A few rows train: some platforms and modules have none, and others have one in common with nobody.
    const Dataset dataset = synthetic_dataset();
    const EvaluateOptions options{.share = 0.02, .replicates = 3};
    const auto sparse = evaluate(dataset, quick_config("baseline/linear_scaling"), options).value();
    const ObjectiveMetrics& metrics = sparse.objectives.at(0);
    EXPECT_GT(metrics.unlearned_rows, 0.0);
    EXPECT_LE(metrics.unlearned_rows + metrics.apart_rows, static_cast<double>(metrics.test_rows));
    EXPECT_GT(metrics.apart_rows, 0.0);
    const auto dense =
        evaluate(dataset, quick_config("baseline/linear_scaling"), {.share = 0.9, .replicates = 3}).value();
    EXPECT_EQ(dense.objectives.at(0).unlearned_rows, 0.0);
    EXPECT_EQ(dense.objectives.at(0).apart_rows, 0.0);
}

TEST(Evaluate, ReturnsFinishedReplicatesWhenStopped) {
    std::stop_source source;
    EvaluateOptions options{.share = 0.7, .replicates = 4};
    options.context.threads = 1;
    options.context.stop = source.get_token();
    options.context.progress = [&](std::int64_t done, std::int64_t total) {
        if (2 * done > total) {
            source.request_stop();
        }
    };
    FitConfig config = quick_config();
    config.train.epoch_samples = 100000;  // long enough for progress to be reported in between
    const Evaluation stopped = evaluate(synthetic_dataset(), config, options).value();
    EXPECT_FALSE(stopped.complete);
    EXPECT_GE(stopped.replicates, 1);
    EXPECT_LT(stopped.replicates, 4);
    EXPECT_EQ(stopped.replicates_asked, 4);
    EXPECT_EQ(stopped.objectives.at(0).model.replicates.size(), static_cast<std::size_t>(stopped.replicates));

    const auto at_once = evaluate(synthetic_dataset(), config, options);
    ASSERT_FALSE(at_once);
    EXPECT_EQ(at_once.error().code(), ErrorCode::kCancelled);
}

TEST(Evaluate, DoesNotDependOnTheNumberOfThreads) {
    const Dataset dataset = synthetic_dataset();
    std::vector<std::vector<double>> results;
    for (const int threads : {1, 2}) {
        EvaluateOptions options{.share = 0.7, .replicates = 3};
        options.context.threads = threads;
        results.push_back(evaluate(dataset, quick_config(), options).value().objectives.at(0).model.replicates);
    }
    EXPECT_EQ(results[0], results[1]);
}

TEST(Evaluate, RefusesDatasetsWithoutARowAlone) {
    Dataset dataset = synthetic_dataset({.together = 60});
    dataset.set_observations({}, test::copy_of(dataset.pool(kAlone + 1)));
    for (const bool bounds : {false, true}) {
        const EvaluateOptions options{.share = 0.5, .replicates = 1, .bounds = bounds};
        const auto evaluation = evaluate(dataset, quick_config("interference/2"), options);
        ASSERT_FALSE(evaluation);
        EXPECT_EQ(evaluation.error().code(), ErrorCode::kInput);
        const std::string& message = evaluation.error().message();
        EXPECT_NE(message.find("all 60 observations of the dataset have co-runners"), std::string::npos) << message;
    }
}

TEST(Evaluate, RefusesOptionsThatMakeNoSense) {
    const Dataset dataset = synthetic_dataset();
    const auto code = [&](const EvaluateOptions& options) {
        const auto result = evaluate(dataset, quick_config("baseline/linear_scaling"), options);
        return result ? -1 : static_cast<int>(result.error().code());
    };
    const int usage = static_cast<int>(ErrorCode::kUsage);
    EXPECT_EQ(code({.share = 0.0}), usage);
    EXPECT_EQ(code({.share = 1.0}), usage);
    EXPECT_EQ(code({.share = std::nan("")}), usage);
    EXPECT_EQ(code({.replicates = 0}), usage);
    EXPECT_EQ(code({.bounds = true, .confidences = {0.9, 1.0}}), usage);
    EXPECT_EQ(code({.share = 0.9999, .replicates = 1}), static_cast<int>(ErrorCode::kInput));
    EXPECT_EQ(code({.share = 0.9, .replicates = 1}), -1);
}

// One module on several platforms: half of the platforms have no training row.
Dataset one_module(double unit) {
    Dataset dataset;
    dataset.modules = test::synthetic_side("module", 1, 0, core::Key(1));
    dataset.platforms = test::synthetic_side("platform", 12, 0, core::Key(2));
    for (std::int32_t i = 0; i < 12; ++i) {
        test::add_alone(dataset, i, 0, unit * (100.0 + 100.0 * i));
    }
    return dataset;
}

TEST(Evaluate, TestsRowsWithoutTrainingDataAsFitWouldPredictThem) {
    FitConfig config = quick_config("linear/32");
    config.train.epoch_samples = 1000;
    const EvaluateOptions options{.share = 0.5, .replicates = 5};
    const double mape = evaluate(one_module(1.0), config, options).value().objectives[0].model.mape.mean;
    EXPECT_LT(mape, 2.0) << "the average of the other platforms, not 25 ms";
    // What is measured does not depend on the unit of time.
    const double in_seconds = evaluate(one_module(1e6), config, options).value().objectives[0].model.mape.mean;
    EXPECT_NEAR(in_seconds, mape, 1e-3);
}

// The very predictor that fit() makes of the rows that do not test, on those that do.
TEST(Evaluate, MeasuresWhatFitAndPredictGive) {
    const Dataset dataset = synthetic_dataset({.platforms = 10, .modules = 30, .density = 0.25});
    FitConfig config = quick_config("embedding/32");
    config.train.epoch_samples = 1000;
    const double share = 0.3;
    const dataset::Split split = train::draw_rows(dataset, config, share, 0.0, 0).alone();
    Dataset rest = synthetic_dataset({.platforms = 10, .modules = 30, .density = 0.0});
    rest.set_observations({});
    const ObservationView rows = dataset.pool(kAlone);
    for (const std::int64_t row : split.rest) {
        const auto at = static_cast<std::size_t>(row);
        test::add_alone(rest, rows.platform[at], rows.module[at], rows.runtime_us[at]);
    }
    // The same rows in another order and with other draws: as good as equal, where cold rows kept at 25 ms would not
    // be.
    FitConfig same = config;
    same.calibration_share = 0.0;
    const Predictor predictor = fit(rest, same).value();
    double mape = 0.0;
    bool some_cold = false;
    for (const std::int64_t row : split.test) {
        const auto at = static_cast<std::size_t>(row);
        const auto answer = predictor.predict_pair(rows.platform[at], rows.module[at]).value();
        some_cold = some_cold || answer.basis != Basis::kMeasured;
        mape += std::abs(answer.runtime_us / rows.runtime_us[at] - 1.0) / static_cast<double>(split.test.size());
    }
    EXPECT_TRUE(some_cold);
    const Evaluation evaluation = evaluate(dataset, config, {.share = share, .replicates = 1}).value();
    EXPECT_NEAR(evaluation.objectives[0].model.mape.mean, mape, 0.02 * mape);
}

TEST(Evaluate, RefusesADatasetThatIsNotWhole) {
    Dataset dataset = synthetic_dataset();
    dataset.observations.module.edit()[5] = -1;
    const auto evaluation = evaluate(dataset, quick_config(), {.replicates = 1});
    ASSERT_FALSE(evaluation);
    EXPECT_EQ(evaluation.error().code(), ErrorCode::kInput);
    EXPECT_NE(evaluation.error().message().find("'module', row 5"), std::string::npos);
}

TEST(Evaluate, TellsPoolsApart) {
    const Dataset dataset = test::three_pools(240);
    FitConfig config = test::three_pools_config(dataset);
    config.train.epoch_samples = 1000;
    const auto evaluation =
        evaluate(dataset, config, {.share = 0.5, .replicates = 2, .bounds = true, .confidences = {0.8}});
    ASSERT_TRUE(evaluation) << evaluation.error().to_string();
    ASSERT_EQ(evaluation->objectives.size(), 3U);
    const std::vector<std::string> names{"mf", "one", "two"};
    for (std::size_t p = 0; p < 3; ++p) {
        const ObjectiveMetrics& metrics = evaluation->objectives[p];
        EXPECT_EQ(metrics.objective, names[p]);
        EXPECT_NEAR(static_cast<double>(metrics.test_rows), 0.5 * static_cast<double>(dataset.pools[p].rows), 12.0)
            << p;
        ASSERT_EQ(metrics.bounds.size(), 1U);
        EXPECT_TRUE(metrics.bounds[0].unavailable.empty()) << metrics.bounds[0].unavailable;
        EXPECT_GT(metrics.bounds[0].coverage.mean, 0.5) << p;
    }
}

}  // namespace
}  // namespace pitot::evaluation
