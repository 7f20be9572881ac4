// Datasets and configurations made by hand and broken in one place each: fitting, evaluating and writing refuse them.
#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "pitot/evaluate.hpp"
#include "support/expect_error.hpp"
#include "support/pools.hpp"
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
    rowless.set_observations({});
    EXPECT_TRUE(refuses(fit(rowless, small_config()), {}));
    EXPECT_TRUE(refuses(evaluate(rowless, small_config(), {}), {}));
}

// Places of the first and last row alone, and of the first and last row beside others.
std::vector<std::size_t> ends_of_pools() {
    const Dataset dataset = small_dataset();
    const auto alone = static_cast<std::size_t>(dataset.pools[kAlone].rows);
    return {0, alone - 1, alone, static_cast<std::size_t>(dataset.observations.size()) - 1};
}

TEST(BrokenDataset, RowsOfWhatDoesNotExist) {
    for (const std::size_t row : ends_of_pools()) {
        for (const std::int32_t wrong : {-1, test::kPlatforms, kLeastRow, kMostRow}) {
            expect_refused("platform " + std::to_string(wrong),
                           [&](Dataset& d) { d.observations.platform.edit()[row] = wrong; });
        }
        for (const std::int32_t wrong : {-1, test::kModules, kLeastRow, kMostRow}) {
            expect_refused("module " + std::to_string(wrong),
                           [&](Dataset& d) { d.observations.module.edit()[row] = wrong; });
        }
    }
    for (const std::int32_t wrong : {-2, test::kModules, kLeastRow, kMostRow}) {
        expect_refused("co-runner " + std::to_string(wrong),
                       [&](Dataset& d) { d.observations.co_runner.edit().back() = wrong; });
    }
}

TEST(BrokenDataset, RuntimesThatAreNone) {
    for (const std::size_t row : ends_of_pools()) {
        for (const double wrong : {0.0, -1.0, test::kNan, test::kInfinity, -test::kInfinity}) {
            expect_refused(std::to_string(wrong), [&](Dataset& d) { d.observations.runtime_us.edit()[row] = wrong; });
        }
    }
}

TEST(BrokenDataset, ColumnsOfDifferentLengths) {
    for (const auto column : {&ObservationTable::platform, &ObservationTable::module, &ObservationTable::co_runner}) {
        expect_refused("longer", [&](Dataset& d) { (d.observations.*column).push_back(0); });
        expect_refused("shorter", [&](Dataset& d) { (d.observations.*column).edit().pop_back(); });
        expect_refused("empty", [&](Dataset& d) { (d.observations.*column).edit().clear(); });
        // Made of tables, of which one has no runtimes, or one too many values and the other too few.
        expect_refused("rows without runtimes", [&](Dataset& d) {
            test::change_pools(d, [&](ObservationTable& /*alone*/, ObservationTable& together) {
                together.runtime_us.edit().clear();
            });
        });
        expect_refused("shifted", [&](Dataset& d) {
            test::change_pools(d, [&](ObservationTable& alone, ObservationTable& together) {
                (alone.*column).push_back(0);
                (together.*column).edit().pop_back();
            });
        });
    }
    expect_refused("no runtimes", [&](Dataset& d) { d.observations.runtime_us.edit().clear(); });
    for (const std::int32_t width : {-1, 0, 1, 3, kLeastRow, kMostRow}) {
        expect_refused("width " + std::to_string(width), [&](Dataset& d) { d.observations.width = width; });
    }
}

TEST(BrokenDataset, PoolsThatDoNotShareTheRows) {
    expect_refused("none", [](Dataset& d) { d.pools.clear(); });
    expect_refused("too few rows", [](Dataset& d) { --d.pools.back().rows; });
    expect_refused("too many rows", [](Dataset& d) { ++d.pools.back().rows; });
    expect_refused("one pool too many", [](Dataset& d) { d.pools.push_back({"more", 1}); });
    expect_refused("negative", [](Dataset& d) { d.pools.front().rows = -1; });
    expect_refused("endless", [](Dataset& d) { d.pools.front().rows = std::numeric_limits<std::int64_t>::max(); });
    expect_refused("no name", [](Dataset& d) { d.pools.back().name.clear(); });
    expect_refused("no text", [](Dataset& d) { d.pools.back().name = test::kNotUtf8; });
    expect_refused("twice", [](Dataset& d) { d.pools.back().name = d.pools.front().name; });
    expect_refused("many", [](Dataset& d) {
        for (std::size_t p = 0; p < kMostPools; ++p) {
            d.pools.push_back({"pool" + std::to_string(p)});
        }
    });
    expect_refused("rows alone with co-runners", [](Dataset& d) {
        ++d.pools.front().rows;
        --d.pools.back().rows;
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
        for (const auto field :
             {&TrainConfig::folds, &TrainConfig::replicates, &TrainConfig::checkpoints, &TrainConfig::epoch_samples}) {
            expect_bad("train", [&](FitConfig& c) { c.train.*field = wrong; });
        }
        for (const std::size_t pool : {0U, 1U}) {
            expect_bad("batch", [&](FitConfig& c) { c.train.objectives[pool].batch = wrong; });
        }
    }
    for (const double wrong : {test::kNan, test::kInfinity, -test::kInfinity, -1.0}) {
        expect_bad("alpha", [&](FitConfig& c) { c.model.alpha = wrong; });
        expect_bad("beta", [&](FitConfig& c) { c.model.beta = wrong; });
        for (const auto field :
             {&TrainConfig::learning_rate, &TrainConfig::beta1, &TrainConfig::beta2, &TrainConfig::epsilon}) {
            expect_bad("train", [&](FitConfig& c) { c.train.*field = wrong; });
        }
        for (const std::size_t pool : {0U, 1U}) {
            expect_bad("weight", [&](FitConfig& c) { c.train.objectives[pool].weight = wrong; });
        }
        expect_bad("calibration_share", [&](FitConfig& c) { c.calibration_share = wrong; });
    }
    expect_bad("no objectives", [](FitConfig& c) { c.train.objectives.clear(); });
    expect_bad("none alone", [](FitConfig& c) { c.train.objectives.front().weight = 0.0; });
    expect_bad("rows", [](FitConfig& c) { c.train.objectives.back().rows = -1; });
    expect_bad("twice", [](FitConfig& c) { c.train.objectives.back().pool = "alone"; });
    for (const std::string& name : {std::string(), std::string("a.b"), std::string(test::kNotUtf8)}) {
        expect_bad("pool", [&](FitConfig& c) { c.train.objectives.back().pool = name; });
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
