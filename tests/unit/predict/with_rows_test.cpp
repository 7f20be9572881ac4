// Platforms and modules that a model has never seen.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "../../support/synthetic.hpp"
#include "pitot/fit.hpp"
#include "predict/parts.hpp"
#include "support/pools.hpp"

namespace pitot::predict {
namespace {

using Indices = std::vector<std::int32_t>;

const test::SyntheticOptions kOptions{.platforms = 15, .modules = 40, .noise = 0.02};

// The rows of `side` that `keep` tells, in its order.
Side rows_of(const Side& side, const Indices& keep) {
    Side part{{}, side.feature_names, Matrix<double>(static_cast<std::int64_t>(keep.size()), side.features.cols())};
    for (const std::int32_t row : keep) {
        std::ranges::copy(side.features.view().row(row), part.features.view().row(part.size()).begin());
        part.names.push_back(side.names[static_cast<std::size_t>(row)]);
    }
    return part;
}

Side without_row(const Side& side, std::int32_t row) {
    Indices keep(static_cast<std::size_t>(side.size()));
    std::iota(keep.begin(), keep.end(), 0);
    std::erase(keep, row);
    return rows_of(side, keep);
}

enum class Which { kPlatform, kModule };

// The dataset as if `row` of a side had never been heard of.
Dataset leave_out(const Dataset& full, Which which, std::int32_t row) {
    Dataset part;
    part.platforms = which == Which::kPlatform ? without_row(full.platforms, row) : clone_side(full.platforms);
    part.modules = which == Which::kModule ? without_row(full.modules, row) : clone_side(full.modules);
    for (std::size_t at = 0; at < full.pool(kAlone).runtime_us.size(); ++at) {
        std::int32_t i = full.pool(kAlone).platform[at];
        std::int32_t j = full.pool(kAlone).module[at];
        std::int32_t& index = which == Which::kPlatform ? i : j;
        if (index == row) {
            continue;
        }
        index -= index > row ? 1 : 0;
        test::add_alone(part, i, j, full.observations.runtime_us[at]);
    }
    return part;
}

FitConfig config() {
    FitConfig c = test::quick_config();
    c.train.checkpoints = 10;
    c.train.epoch_samples = 5000;
    return c;
}

struct Errors {
    double features = 0.0;  // mean |log error| of predictions from side information
    double average = 0.0;   // of the mean over the other rows
};

// Leaves each of a few rows out in turn and predicts it from its features.
Errors leave_one_out(Which which, int count) {
    const Dataset full = test::synthetic_dataset(kOptions);
    const test::SyntheticTruth truth(full, kOptions);
    const auto others = static_cast<std::int32_t>((which == Which::kModule ? full.platforms : full.modules).size());
    const Side& side = which == Which::kModule ? full.modules : full.platforms;
    Errors errors;
    for (std::int32_t row = 0; row < count; ++row) {
        const Predictor fitted = fit(leave_out(full, which, row), config()).value();
        const Side extra = rows_of(side, {row});
        const Predictor more =
            (which == Which::kModule ? fitted.with_rows({}, extra) : fitted.with_rows(extra, {})).value();
        const auto last = static_cast<std::int32_t>(side.size() - 1);
        Indices fixed(static_cast<std::size_t>(others), last);
        Indices all(fixed.size());
        std::iota(all.begin(), all.end(), 0);
        const Query query = which == Which::kModule ? Query{all, fixed, {}, 0} : Query{fixed, all, {}, 0};
        const Predictions answer = more.predict(query).value();
        for (std::int32_t other = 0; other < others; ++other) {
            const auto at = [&](std::int32_t r) { return which == Which::kModule ? truth(other, r) : truth(r, other); };
            double mean = 0.0;
            for (std::int32_t r = 0; r <= last; ++r) {
                mean += r == row ? 0.0 : at(r) / last;
            }
            const double y = to_log({answer.runtime_us[static_cast<std::size_t>(other)]}).value;
            errors.features += std::abs(y - at(row)) / (others * count);
            errors.average += std::abs(mean - at(row)) / (others * count);
            EXPECT_EQ(answer.basis[static_cast<std::size_t>(other)], Basis::kFeatures);
        }
    }
    return errors;
}

TEST(WithRows, PredictsAModuleNeverSeenFromItsFeatures) {
    const Errors errors = leave_one_out(Which::kModule, 5);
    EXPECT_LT(errors.features, 0.35 * errors.average) << errors.features << " against " << errors.average;
}

TEST(WithRows, PredictsAPlatformNeverSeenFromItsFeatures) {
    const Errors errors = leave_one_out(Which::kPlatform, 4);
    EXPECT_LT(errors.features, 0.6 * errors.average) << errors.features << " against " << errors.average;
}

class WithRowsOfModel : public testing::Test {
protected:
    static const Predictor& model() {
        static const Predictor kModel = fit(leave_out(full(), Which::kModule, 3), test::quick_config()).value();
        return kModel;
    }
    static const Dataset& full() {
        static const Dataset kFull = test::synthetic_dataset(kOptions);
        return kFull;
    }
    static Side newcomer() { return rows_of(full().modules, {3}); }
    static Side renamed(const Side& side, std::int32_t row, const std::string& name) {
        Side one = rows_of(side, {row});
        one.names[0] = name;
        return one;
    }

    static void expect_refusal(const Side& modules, const std::string& text) {
        const auto more = model().with_rows({}, modules);
        ASSERT_FALSE(more);
        EXPECT_EQ(more.error().code(), ErrorCode::kInput);
        EXPECT_NE(more.error().message().find(text), std::string::npos) << more.error().message();
    }
};

TEST_F(WithRowsOfModel, GivesNoBoundForThem) {
    const Predictor more = model().with_rows({}, newcomer()).value();
    EXPECT_EQ(more.modules().size(), model().modules().size() + 1);
    const std::int32_t unseen = more.find_module("module3").value();
    const Indices platform{0, 0, 0};
    const Indices module{unseen, 5, 5};
    const Indices beside{-1, unseen, -1};
    const std::vector<double> confidence{0.9};
    // A co-runner never measured takes the bound away as well (and asks for no calibration of rows together).
    const auto answer = more.predict({platform, module, beside, 1}, confidence).value();
    EXPECT_TRUE(std::isnan(answer.bound_us(0, 0)));
    EXPECT_TRUE(std::isnan(answer.bound_us(1, 0)));
    EXPECT_FALSE(std::isnan(answer.bound_us(2, 0)));
    EXPECT_FALSE(more.measured(0, unseen));
    EXPECT_EQ(more.co_runner_basis(unseen), Basis::kFeatures);
    EXPECT_EQ(more.co_runner_basis(5), model().co_runner_basis(5));
}

TEST_F(WithRowsOfModel, KnowsThatNothingWasMeasuredOfThem) {
    const Predictor more = model().with_rows(renamed(full().platforms, 0, "box"), newcomer()).value();
    const std::int32_t box = more.find_platform("box").value();
    const Indices beside{0};
    EXPECT_EQ(more.evidence(box, 0, beside), Evidence::kNone);
    EXPECT_FALSE(more.measured(box, 0));
    const auto file = std::filesystem::path(testing::TempDir()) / "wider.pitot";
    ASSERT_TRUE(more.save(file));
    EXPECT_EQ(Predictor::load(file).value().evidence(box, 0, beside), Evidence::kNone);
    std::filesystem::remove(file);
}

TEST_F(WithRowsOfModel, LeavesTheOtherPredictionsAlone) {
    const Predictor more = model().with_rows({}, newcomer()).value();
    const Indices platform{0, 5, 9};
    const Indices module{0, 20, 30};
    const auto before = model().predict({platform, module, {}, 0}).value().runtime_us;
    const auto after = more.predict({platform, module, {}, 0}).value().runtime_us;
    for (std::size_t i = 0; i < before.size(); ++i) {
        EXPECT_NEAR(after[i] / before[i], 1.0, 1e-6);
    }
}

TEST_F(WithRowsOfModel, MatchesFeaturesByName) {
    Side turned = newcomer();
    std::ranges::reverse(turned.feature_names);
    std::ranges::reverse(turned.features.flat());
    const Predictor a = model().with_rows({}, newcomer()).value();
    const Predictor b = model().with_rows({}, turned).value();
    const Indices platform{4};
    const Indices module{a.find_module("module3").value()};
    EXPECT_EQ(a.predict({platform, module, {}, 0}).value().runtime_us,
              b.predict({platform, module, {}, 0}).value().runtime_us);
}

TEST_F(WithRowsOfModel, NamesFeaturesThatAreMissingOrUnknown) {
    Side side = newcomer();
    side.feature_names[2] = "MODULE_FETURE2";
    expect_refusal(side, "lack 1 of the model's 5 columns: 'module_feature2'");
    expect_refusal(side, "did you mean 'MODULE_FETURE2'");
    side = newcomer();
    side.feature_names.emplace_back("surplus");
    Matrix<double> wider(1, side.features.cols() + 1);
    std::ranges::copy(side.features.flat(), wider.flat().begin());
    side.features = std::move(wider);
    expect_refusal(side, "'surplus'");
}

TEST_F(WithRowsOfModel, RefusesNamesItHasAndValuesItCannotUse) {
    expect_refusal(rows_of(full().modules, {4}), "module 'module4' is in the model already");
    expect_refusal(rows_of(full().modules, {3, 3}), "given twice");
    Side side = newcomer();
    side.features(0, 1) = std::nan("");
    expect_refusal(side, "module_feature1");
}

TEST_F(WithRowsOfModel, SavesAndLoadsLikeAnyOther) {
    const auto file = std::filesystem::path(testing::TempDir()) / "extended.pitot";
    const Predictor more = model().with_rows({}, newcomer()).value();
    ASSERT_TRUE(more.save(file));
    const Predictor loaded = Predictor::load(file).value();
    EXPECT_EQ(loaded.module_basis(loaded.find_module("module3").value()), Basis::kFeatures);
    std::filesystem::remove(file);
}

TEST(WithRows, RefusesModelsThatKnowNothingOfFeatures) {
    const Dataset full = test::synthetic_dataset(kOptions);
    const Predictor tables = fit(full, test::quick_config("linear/32")).value();
    Side extra = rows_of(full.modules, {0});
    extra.names[0] = "new";
    EXPECT_FALSE(tables.with_rows({}, extra));
    const Dataset bare = test::synthetic_dataset({.features = 0});
    const Predictor scaling = fit(bare, preset("baseline/linear_scaling").value()).value();
    const auto more = scaling.with_rows({}, extra);
    ASSERT_FALSE(more);
    EXPECT_NE(more.error().message().find("without module features"), std::string::npos);
}

}  // namespace
}  // namespace pitot::predict
