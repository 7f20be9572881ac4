// What counts as measured: the module whose runtime a row is, not those that ran beside it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "../../support/synthetic.hpp"
#include "models/folds/fold_model.hpp"
#include "pitot/fit.hpp"
#include "predict/parts.hpp"
#include "support/pools.hpp"
#include "support/random_model.hpp"

namespace pitot::predict {
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
    test::change_pools(dataset, [&](ObservationTable& alone, ObservationTable& together) {
        alone = rows_where(alone, [&](std::size_t row) { return alone.module[row] != kGhost; });
        if (!measured_beside_others) {
            together = rows_where(together, [&](std::size_t row) { return together.module[row] != kGhost; });
        }
    });
    EXPECT_NE(std::ranges::find(dataset.pool(kAlone + 1).co_runner, kGhost), dataset.pool(kAlone + 1).co_runner.end());
    return dataset;
}

FitConfig all_rows(const char* name) {
    FitConfig config = quick_config(name);
    config.train.objective("together").rows = 0;
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
        // The terms of a sum a + b: what answers are on platform 3, but for a constant; of the factorization the
        // baseline alone.
        std::vector<double> terms;
        for (std::int32_t j = 0; j < predictor.modules().size(); ++j) {
            terms.push_back(std::string(name) == "linear/32"
                                ? test::folded_parts(predictor.parts()).baseline.module[static_cast<std::size_t>(j)]
                                : to_log({predictor.predict_pair(3, j)->runtime_us}).value);
        }
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
    for (const models::ParameterInfo& block :
         models::parameter_layout(parts.config.model, parts.platforms, parts.modules)) {
        if (block.name != "module.learned") {
            continue;
        }
        const float* table = test::folded_parts(parts).folds[0].parameters.data() + block.offset;
        for (std::int64_t c = 0; c < block.cols; ++c) {
            double mean = 0.0;
            for (std::int64_t j = 0; j < block.rows; ++j) {
                mean += static_cast<double>(table[j * block.cols + c]) / static_cast<double>(block.rows);
            }
            EXPECT_GT(std::abs(static_cast<double>(table[kGhost * block.cols + c]) - mean), 1e-4);
        }
    }
}

TEST(MeasuredRows, OfModulesMeasuredBesideOthersCountWhereTheyAreTrainedOn) {
    const Dataset dataset = haunted(kFleet, true);
    EXPECT_EQ(fit(dataset, all_rows("interference/2")).value().module_basis(kGhost), Basis::kMeasured);
    EXPECT_EQ(fit(dataset, all_rows("embedding/32")).value().module_basis(kGhost), Basis::kFeatures);
}

// A fleet in which module kGhost was measured once, on platform 3.
Dataset rarely_measured() {
    Dataset dataset = synthetic_dataset({.modules = 40, .interaction = 0.05});
    for (std::size_t n = 0; n < dataset.pool(kAlone).module.size(); ++n) {
        std::int32_t& module = dataset.observations.module.edit()[n];
        module = module == kGhost && dataset.observations.platform[n] != 3 ? kGhost + 1 : module;
    }
    return dataset;
}

TEST(MeasuredRows, ThatAreTheOnlyOnesOfAModuleTrain) {
    const Dataset dataset = rarely_measured();
    FitConfig config = quick_config("baseline/linear_scaling");
    config.calibration_share = 0.4;
    for (std::uint64_t seed = 0; seed < 30; ++seed) {
        config.seed = seed;
        const Predictor predictor = fit(dataset, config).value();
        EXPECT_EQ(predictor.module_basis(kGhost), Basis::kMeasured) << seed;
        EXPECT_EQ(predictor.evidence(3, kGhost), Evidence::kLearned) << seed;
        EXPECT_EQ(predictor.parts_apart(), 1) << seed;
    }
}

TEST(MeasuredRows, SayWhichWereLearnedAndWhichSetAside) {
    const Dataset dataset = synthetic_dataset({.together = 90});
    FitConfig config = all_rows("interference/2");
    config.calibration_share = 0.3;
    const Predictor predictor = fit(dataset, config).value();
    const train::ReplicateRows rows = train::draw_rows(dataset, config, 1.0, config.calibration_share, 0);
    const auto expect = [&](const ObservationView& table, core::RowNumbers part, Evidence evidence) {
        for (const std::int64_t row : part) {
            const auto at = static_cast<std::size_t>(row);
            const auto width = static_cast<std::size_t>(table.width);
            EXPECT_EQ(
                predictor.evidence(table.platform[at], table.module[at], table.co_runner.subspan(at * width, width)),
                evidence);
        }
    };
    expect(dataset.pool(kAlone), rows.alone().rest, Evidence::kLearned);
    expect(dataset.pool(kAlone), rows.alone().set_aside, Evidence::kSetAside);
    expect(dataset.pool(kAlone + 1), rows.pools[kAlone + 1].rest, Evidence::kLearned);
    expect(dataset.pool(kAlone + 1), rows.pools[kAlone + 1].set_aside, Evidence::kSetAside);
    EXPECT_FALSE(rows.alone().set_aside.empty() || rows.pools[kAlone + 1].set_aside.empty());
    config.train.objective("together").rows = 40;
    const Predictor few = fit(dataset, config).value();
    const ObservationView late = dataset.pool(kAlone + 1);
    const std::vector<std::int32_t> beside{late.co_runner[89]};
    EXPECT_EQ(few.evidence(late.platform[89], late.module[89], beside), Evidence::kUnused);
}

TEST(MeasuredRows, AreNotSetAsideWhereNoBoundCanComeOfThem) {
    const Dataset dataset = synthetic_dataset({.platforms = 6, .modules = 8});
    FitConfig config = quick_config("baseline/linear_scaling");
    config.calibration_share = 8.5 / static_cast<double>(dataset.pool(kAlone).size());
    const Predictor none = fit(dataset, config).value();
    EXPECT_EQ(none.calibration_rows(0), 0);
    EXPECT_EQ(none.evidence(dataset.pool(kAlone).platform[0], dataset.pool(kAlone).module[0]), Evidence::kLearned);
    const std::vector<std::int32_t> zero{0};
    const std::vector<double> confidence{0.9};
    const auto answer = none.predict({zero, zero, {}, 0}, confidence).value();
    EXPECT_GT(answer.runtime_us[0], 0.0);
    EXPECT_TRUE(std::isnan(answer.bound_us(0, 0)));
    const auto why = none.check_bound(0, 0.9);
    ASSERT_FALSE(why);
    EXPECT_NE(why.error().message().find("at least 9"), std::string::npos) << why.error().message();
    config.calibration_share = 9.5 / static_cast<double>(dataset.pool(kAlone).size());
    EXPECT_EQ(fit(dataset, config).value().calibration_rows(0), 9);
}

TEST(MeasuredRows, OfPartsThatNothingConnectsHaveNoCommonScale) {
    Dataset dataset = synthetic_dataset({.modules = 40});
    // Platforms 0 … 5 ran modules 0 … 19, the others 20 … 39.
    test::keep_alone(dataset, [&](std::size_t n) {
        return (dataset.observations.platform[n] < 6) == (dataset.observations.module[n] < 20);
    });
    FitConfig config = quick_config("baseline/linear_scaling");
    config.calibration_share = 0.3;
    const Predictor predictor = fit(dataset, config).value();
    EXPECT_EQ(predictor.parts_apart(), 2);
    EXPECT_EQ(predictor.platform_part(2), predictor.module_part(7));
    EXPECT_NE(predictor.platform_part(2), predictor.module_part(27));
    const std::vector<std::int32_t> platform{2, 2};
    const std::vector<std::int32_t> module{7, 27};
    const std::vector<double> confidence{0.9};
    const auto answer = predictor.predict({platform, module, {}, 0}, confidence).value();
    EXPECT_EQ(answer.basis, (std::vector{Basis::kMeasured, Basis::kApart}));
    EXPECT_FALSE(std::isnan(answer.bound_us(0, 0)));
    EXPECT_TRUE(std::isnan(answer.bound_us(1, 0)));
}

TEST(MeasuredRows, BesideOthersAloneHaveABaselineBeforeTheyTrain) {
    const Dataset dataset = haunted(kFleet, true);
    const Predictor predictor = fit(dataset, all_rows("interference/2")).value();
    EXPECT_NE(test::folded_parts(predictor.parts()).baseline.module[kGhost], 0.0);
}

TEST(MeasuredRows, AreNotedWithTheirCoRunners) {
    const Dataset dataset = synthetic_dataset({.together = 30, .width = 2});
    const Predictor predictor = fit(dataset, all_rows("embedding/32")).value();
    const ObservationView rows = dataset.pool(kAlone + 1);
    for (std::size_t n = 0; n < rows.module.size(); ++n) {
        const std::vector<std::int32_t> turned{rows.co_runner[2 * n + 1], rows.co_runner[2 * n]};
        EXPECT_EQ(predictor.evidence(rows.platform[n], rows.module[n], turned), Evidence::kUnused);
        EXPECT_EQ(predictor.evidence_beside_others(rows.platform[n], rows.module[n]), Evidence::kUnused);
        const std::vector<std::int32_t> more{turned[0], turned[1], 0};
        EXPECT_EQ(predictor.evidence(rows.platform[n], rows.module[n], more), Evidence::kNone);
    }
    const std::vector<std::int32_t> none{-1, -1};
    EXPECT_NE(predictor.evidence(dataset.pool(kAlone).platform[0], dataset.pool(kAlone).module[0], none),
              Evidence::kNone);
}

TEST(MeasuredRows, WithCoRunnersAloneAreRefused) {
    Dataset dataset = synthetic_dataset({.together = 40});
    dataset.set_observations({}, test::copy_of(dataset.pool(kAlone + 1)));
    for (const char* name : {"interference/2", "embedding/32", "baseline/linear_scaling"}) {
        const auto predictor = fit(dataset, all_rows(name));
        ASSERT_FALSE(predictor) << name;
        EXPECT_EQ(predictor.error().code(), ErrorCode::kInput);
        const std::string& message = predictor.error().message();
        EXPECT_NE(message.find("all 40 observations of the dataset have co-runners"), std::string::npos) << message;
        EXPECT_NE(message.find("measure modules alone"), std::string::npos) << message;
    }
}

TEST(CombinationSet, HoldsNoPairOfARowThatIsNone) {
    const Dataset dataset = synthetic_dataset();
    const CombinationSet set = make_combination_set(dataset.pool(kAlone), dataset.platforms.size());
    EXPECT_TRUE(set.valid(dataset.modules.size()));
    EXPECT_TRUE(set.find(dataset.pool(kAlone).platform[0], dataset.pool(kAlone).module[0], {}).has_value());
    for (const std::int32_t none : {-1, 1000}) {
        EXPECT_FALSE(set.find(none, 0, {}).has_value() || set.find(0, none, {}).has_value());
    }
}

}  // namespace
}  // namespace pitot::predict
