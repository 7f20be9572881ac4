// Datasets and configurations made by hand and broken in one place each: fitting, evaluating and writing refuse them.
#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "pitot/evaluate.hpp"
#include "support/expect_error.hpp"
#include "support/temp_folder.hpp"
#include "unit/api/small.hpp"

namespace pitot {
namespace {

using test::fails_with;
using test::refuses;
using test::small_config;
using test::small_dataset;

constexpr std::int32_t kLeastRow = std::numeric_limits<std::int32_t>::min();
constexpr std::int32_t kMostRow = std::numeric_limits<std::int32_t>::max();

using Break = std::function<void(Dataset&)>;

// What every use of a dataset says of it once it is broken.
void expect_refused(const std::string& what, const Break& change) {
    Dataset dataset = small_dataset();
    change(dataset);
    EXPECT_TRUE(refuses(fit(dataset, small_config()), {})) << what;
    EXPECT_TRUE(refuses(fit(dataset, preset("baseline/linear_scaling").value()), {})) << what;
    EvaluateOptions options;
    options.share = 0.8;
    options.replicates = 1;
    EXPECT_TRUE(refuses(evaluate(dataset, small_config(), options), {})) << what;
    const test::TempFolder folder;
    for (const Layout layout : {Layout::kIndex, Layout::kDense}) {
        EXPECT_TRUE(refuses(write_dataset(dataset, folder / "a.npz", layout), {})) << what;
    }
    EXPECT_TRUE(refuses(write_dataset(dataset, folder / "a.csv"), {})) << what;
    EXPECT_TRUE(std::filesystem::is_empty(folder.path())) << what;
    // These answer for anything.
    EXPECT_EQ(dataset_digest(dataset).size(), 64U) << what;
    EXPECT_FALSE(default_config(dataset).preset.empty()) << what;
}

TEST(BrokenDataset, TheSmallOneIsWhole) {
    EXPECT_TRUE(fit(small_dataset(), small_config()));
    const test::TempFolder folder;
    for (const char* file : {"a.npz", "a.csv"}) {
        EXPECT_TRUE(write_dataset(small_dataset(), folder / file));
    }
    EXPECT_TRUE(write_dataset(small_dataset(), folder / "b.npz", Layout::kDense));
}

TEST(BrokenDataset, WithoutRowsOrSides) {
    expect_refused("nothing", [](Dataset& d) { d = Dataset(); });
    expect_refused("no platforms", [](Dataset& d) { d.platforms = Side(); });
    expect_refused("no modules", [](Dataset& d) { d.modules = Side(); });
    Dataset rowless = small_dataset();
    rowless.alone = ObservationTable();
    rowless.together = ObservationTable();
    EXPECT_TRUE(refuses(fit(rowless, small_config()), {}));
    EXPECT_TRUE(refuses(evaluate(rowless, small_config(), {}), {}));
}

TEST(BrokenDataset, RowsOfWhatDoesNotExist) {
    for (const auto table : {&Dataset::alone, &Dataset::together}) {
        for (const std::int32_t wrong : {-1, test::kPlatforms, kLeastRow, kMostRow}) {
            expect_refused("platform " + std::to_string(wrong),
                           [&](Dataset& d) { (d.*table).platform.edit().back() = wrong; });
        }
        for (const std::int32_t wrong : {-1, test::kModules, kLeastRow, kMostRow}) {
            expect_refused("module " + std::to_string(wrong),
                           [&](Dataset& d) { (d.*table).module.edit().front() = wrong; });
        }
    }
    for (const std::int32_t wrong : {-2, test::kModules, kLeastRow, kMostRow}) {
        expect_refused("co-runner " + std::to_string(wrong),
                       [&](Dataset& d) { d.together.co_runner.edit().back() = wrong; });
    }
}

TEST(BrokenDataset, RuntimesThatAreNone) {
    for (const auto table : {&Dataset::alone, &Dataset::together}) {
        for (const double wrong : {0.0, -1.0, test::kNan, test::kInfinity, -test::kInfinity}) {
            expect_refused(std::to_string(wrong), [&](Dataset& d) { (d.*table).runtime_us.edit()[3] = wrong; });
        }
    }
}

TEST(BrokenDataset, ColumnsOfDifferentLengths) {
    for (const auto table : {&Dataset::alone, &Dataset::together}) {
        for (const auto column :
             {&ObservationTable::platform, &ObservationTable::module, &ObservationTable::co_runner}) {
            expect_refused("longer", [&](Dataset& d) { (d.*table.*column).push_back(0); });
            if (!(small_dataset().*table.*column).empty()) {
                expect_refused("shorter", [&](Dataset& d) { (d.*table.*column).edit().pop_back(); });
                expect_refused("empty", [&](Dataset& d) { (d.*table.*column).edit().clear(); });
            }
        }
        expect_refused("no runtimes", [&](Dataset& d) { (d.*table).runtime_us.edit().clear(); });
        for (const std::int32_t width : {-1, 1, 3, kLeastRow, kMostRow}) {
            expect_refused("width " + std::to_string(width), [&](Dataset& d) { (d.*table).width = width; });
        }
    }
    expect_refused("rows alone with co-runners", [](Dataset& d) {
        d.alone.width = 1;
        d.alone.co_runner.edit().assign(d.alone.runtime_us.size(), -1);
    });
}

TEST(BrokenDataset, SidesThatDoNotFitTogether) {
    for (const auto side : {&Dataset::platforms, &Dataset::modules}) {
        expect_refused("a name more", [&](Dataset& d) { (d.*side).names.emplace_back("more"); });
        expect_refused("a name less", [&](Dataset& d) { (d.*side).names.pop_back(); });
        expect_refused("a name twice", [&](Dataset& d) { (d.*side).names[1] = (d.*side).names[0]; });
        expect_refused("a feature more", [&](Dataset& d) { (d.*side).feature_names.emplace_back("more"); });
        expect_refused("a feature less", [&](Dataset& d) { (d.*side).feature_names.pop_back(); });
        expect_refused("a feature twice", [&](Dataset& d) { (d.*side).feature_names[1] = (d.*side).feature_names[0]; });
        expect_refused("no feature names", [&](Dataset& d) { (d.*side).feature_names.clear(); });
        expect_refused("no features", [&](Dataset& d) { (d.*side).features = Matrix<double>(); });
        for (const double wrong : {test::kNan, test::kInfinity, -test::kInfinity}) {
            expect_refused(std::to_string(wrong), [&](Dataset& d) { (d.*side).features(1, 1) = wrong; });
        }
        for (const std::string& wrong : {std::string(), test::kNul, test::kNotUtf8}) {
            expect_refused("name " + wrong, [&](Dataset& d) { (d.*side).names[1] = wrong; });
            expect_refused("feature " + wrong, [&](Dataset& d) { (d.*side).feature_names[1] = wrong; });
        }
    }
}

// Whatever a configuration holds, it is said or refused at once: nothing here may train.
void expect_bad(const std::string& what, const std::function<void(FitConfig&)>& change) {
    FitConfig config = small_config();
    change(config);
    EXPECT_TRUE(fails_with(config.validate(), ErrorCode::kUsage, {})) << what;
    EXPECT_TRUE(fails_with(fit(small_dataset(), config), ErrorCode::kUsage, {})) << what;
    EXPECT_FALSE(to_json(config).empty()) << what;
}

TEST(BrokenConfig, FieldsBeyondTheirLimits) {
    for (const int wrong : {-1, 99}) {
        expect_bad("family", [&](FitConfig& c) { c.model.family = static_cast<Family>(wrong); });
        expect_bad("loss", [&](FitConfig& c) { c.model.loss = static_cast<Loss>(wrong); });
        expect_bad("keep", [&](FitConfig& c) { c.train.keep = static_cast<Keep>(wrong); });
        expect_bad("split", [&](FitConfig& c) { c.split = static_cast<SplitUnit>(wrong); });
    }
    expect_bad("preset", [](FitConfig& c) { c.preset = test::kNotUtf8; });
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    for (const std::int64_t wrong : {-most - 1, std::int64_t{-1}, most}) {
        expect_bad("layers", [&](FitConfig& c) { c.model.layers[1] = wrong; });
        expect_bad("learned_features", [&](FitConfig& c) { c.model.learned_features = wrong; });
        expect_bad("interference_types", [&](FitConfig& c) { c.model.interference_types = wrong; });
        for (const auto field : {&TrainConfig::folds, &TrainConfig::replicates, &TrainConfig::checkpoints,
                                 &TrainConfig::epoch_samples, &TrainConfig::batch, &TrainConfig::together_batch}) {
            expect_bad("train", [&](FitConfig& c) { c.train.*field = wrong; });
        }
    }
    for (const double wrong : {test::kNan, test::kInfinity, -test::kInfinity, -1.0}) {
        expect_bad("alpha", [&](FitConfig& c) { c.model.alpha = wrong; });
        expect_bad("beta", [&](FitConfig& c) { c.model.beta = wrong; });
        for (const auto field : {&TrainConfig::alone_weight, &TrainConfig::together_weight, &TrainConfig::learning_rate,
                                 &TrainConfig::beta1, &TrainConfig::beta2, &TrainConfig::epsilon}) {
            expect_bad("train", [&](FitConfig& c) { c.train.*field = wrong; });
        }
        expect_bad("calibration_share", [&](FitConfig& c) { c.calibration_share = wrong; });
    }
    expect_bad("no layers", [](FitConfig& c) { c.model.layers.clear(); });
    expect_bad("many layers", [](FitConfig& c) { c.model.layers.assign(1000, 1); });
}

TEST(BrokenConfig, TheLargestOfAllFieldsIsStoppedOrRefused) {
    std::stop_source source;
    source.request_stop();
    EvaluateOptions options;
    options.replicates = 1'000'000;
    options.context.stop = source.get_token();
    FitConfig config = small_config();
    config.train.checkpoints = 1'000'000'000;
    config.train.epoch_samples = 1'000'000'000;
    config.train.folds = 10'000;
    EXPECT_FALSE(evaluate(small_dataset(), config, options));
    EXPECT_FALSE(fit(small_dataset(), config, options.context));
}

}  // namespace
}  // namespace pitot
