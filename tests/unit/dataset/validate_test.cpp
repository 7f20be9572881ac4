// Datasets made in memory: what is wrong with one is named before anything is done with it.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "pitot/dataset.hpp"
#include "support/expect_error.hpp"
#include "support/pools.hpp"
#include "support/synthetic.hpp"
#include "support/temp_folder.hpp"

namespace pitot::dataset {
namespace {

using test::refuses;

Dataset small_dataset() { return test::synthetic_dataset({.platforms = 4, .modules = 6, .together = 9, .width = 2}); }

struct Damage {
    std::string name;
    std::function<void(Dataset&)> inflict;
    std::vector<std::string> words;
};

std::vector<Damage> damages_of_sides() {
    return {
        {"no platforms", [](Dataset& d) { d.platforms = {}; }, {"no platforms"}},
        {"no modules", [](Dataset& d) { d.modules = {}; }, {"no modules"}},
        {"a name too few", [](Dataset& d) { d.modules.names.pop_back(); }, {"module features", "6 × 5", "5 modules"}},
        {"empty name", [](Dataset& d) { d.platforms.names[2].clear(); }, {"the platforms", "name 2", "is empty"}},
        {"repeated name", [](Dataset& d) { d.modules.names[5] = "module1"; }, {"the modules", "1 and 5", "'module1'"}},
        {"repeated feature",
         [](Dataset& d) { d.modules.feature_names[1] = d.modules.feature_names[0]; },
         {"the module features", "0 and 1"}},
        {"features without names",
         [](Dataset& d) { d.platforms.feature_names.clear(); },
         {"platform features", "4 × 5"}},
        {"names without features", [](Dataset& d) { d.platforms.features = {}; }, {"platform features", "0 × 0"}},
        {"features of other rows", [](Dataset& d) { d.modules.features = Matrix<double>(5, 6); }, {"5 × 6"}},
        {"NaN", [](Dataset& d) { d.modules.features(3, 1) = std::nan(""); }, {"module3", "module_feature1", "nan"}},
        {"infinity", [](Dataset& d) { d.platforms.features(0, 4) = -HUGE_VAL; }, {"platform0", "platform_feature4"}},
    };
}

std::string last_row() { return "row " + std::to_string(small_dataset().observations.size() - 1) + " "; }

std::vector<Damage> damages_of_rows() {
    constexpr auto most = std::numeric_limits<std::int32_t>::max();
    return {
        {"platform", [](Dataset& d) { d.observations.platform.edit()[7] = 4; }, {"'platform'", "row 7", "4", "0 to 3"}},
        {"negative", [](Dataset& d) { d.observations.platform.edit()[0] = -1; }, {"'platform'", "row 0", "-1"}},
        {"module", [](Dataset& d) { d.observations.module.edit()[3] = most; }, {"'module'", "row 3", "6 modules"}},
        {"with", [](Dataset& d) { d.observations.module.edit().back() = -7; }, {"'module'", last_row(), "-7"}},
        {"co-runner",
         [](Dataset& d) { d.observations.co_runner.edit().back() = 6; },
         {"'co_runner'", last_row(), "6", "-1 to 5"}},
        {"no such co-runner",
         [](Dataset& d) { d.observations.co_runner.edit()[5] = -2; },
         {"'co_runner'", "row 2", "-2"}},
        {"zero", [](Dataset& d) { d.observations.runtime_us.edit()[2] = 0; }, {"'runtime_us'", "row 2", "is 0"}},
        {"minus", [](Dataset& d) { d.observations.runtime_us.edit().back() = -3; }, {last_row(), "is negative"}},
        {"not a number", [](Dataset& d) { d.observations.runtime_us.edit()[2] = std::nan(""); }, {"row 2", "is NaN"}},
        {"endless", [](Dataset& d) { d.observations.runtime_us.edit()[2] = HUGE_VAL; }, {"row 2", "is infinite"}},
        {"too short",
         [](Dataset& d) { d.observations.runtime_us.edit()[0] = 1e-300; },
         {"1e-300", "less than 1e-4 us"}},
        {"too long", [](Dataset& d) { d.observations.runtime_us.edit()[0] = 1e300; }, {"1e+300", "more than 1e13 us"}},
        {"short platform", [](Dataset& d) { d.observations.platform.edit().pop_back(); }, {"'platform'", "values"}},
        {"long module", [](Dataset& d) { d.observations.module.push_back(0); }, {"'module'", "values"}},
        {"co-runner lost", [](Dataset& d) { d.observations.co_runner.edit().pop_back(); }, {"'co_runner'", "values"}},
        {"runtime lost", [](Dataset& d) { d.observations.runtime_us.edit().pop_back(); }, {"'platform'"}},
        {"no width", [](Dataset& d) { d.observations.width = 0; }, {"'co_runner'"}},
        {"minus width", [](Dataset& d) { d.observations.width = -2; }, {"'co_runner'"}},
        {"no room",
         [](Dataset& d) {
             d.observations.width = 0;
             d.observations.co_runner.edit().clear();
         },
         {"width 0", "9 rows beside others"}},
        {"co-runners alone",
         [](Dataset& d) { d.observations.co_runner.edit()[4] = 1; },
         {"row 2", "'alone'", "ran alone"}},
        {"no pool", [](Dataset& d) { d.pools.clear(); }, {"no pool"}},
        {"many pools", [](Dataset& d) { d.pools.resize(kMostPools + 1); }, {"9 pools"}},
        {"nameless pool", [](Dataset& d) { d.pools[1].name.clear(); }, {"a pool is called ''"}},
        {"repeated pool", [](Dataset& d) { d.pools[1].name = "alone"; }, {"a pool is called 'alone'"}},
        {"rows in no pool", [](Dataset& d) { --d.pools[1].rows; }, {"1 of ", "in no pool"}},
        {"rows twice", [](Dataset& d) { ++d.pools[1].rows; }, {"pool 'together' has 10 rows of the 9"}},
        {"pool below nothing", [](Dataset& d) { d.pools[0].rows = -1; }, {"pool 'alone' has -1 rows"}},
    };
}

std::vector<Damage> damages() {
    std::vector<Damage> all = damages_of_sides();
    for (Damage& damage : damages_of_rows()) {
        all.push_back(std::move(damage));
    }
    return all;
}

TEST(Validate, AcceptsWhatIsWhole) {
    for (const std::int64_t features : {0, 5}) {
        EXPECT_TRUE(test::synthetic_dataset({.features = features}).validate());
        EXPECT_TRUE(test::synthetic_dataset({.features = features, .together = 20, .width = 3}).validate());
    }
    Dataset dataset = small_dataset();
    ObservationTable beside = test::copy_of(dataset.pool(kAlone + 1));
    beside.co_runner.edit().assign(18, -1);
    dataset.set_observations({}, std::move(beside));  // rows may be none, repeated, or all together
    EXPECT_TRUE(dataset.validate());
    dataset.pools.push_back({"three"});
    EXPECT_TRUE(dataset.validate());
    dataset.set_observations({});
    EXPECT_TRUE(dataset.validate());
    dataset.set_observations({{0, 0}, {5, 5}, {}, 0, {1e-4, 1e13}});
    EXPECT_TRUE(dataset.validate());
}

TEST(Validate, NamesTableRowValueAndRemedy) {
    for (const Damage& damage : damages()) {
        Dataset dataset = small_dataset();
        damage.inflict(dataset);
        const auto result = dataset.validate();
        ASSERT_FALSE(result) << damage.name;
        for (const std::string& word : damage.words) {
            EXPECT_TRUE(refuses(result, {word})) << damage.name;
        }
        EXPECT_NE(result.error().message().find(';'), std::string::npos) << damage.name << " has no remedy";
    }
}

// Rows are gone through in blocks.
TEST(Validate, FindsTheFirstBadRowOfMany) {
    Dataset dataset = small_dataset();
    constexpr std::size_t rows = 10'000;
    dataset.set_observations(
        {std::vector<std::int32_t>(rows), std::vector<std::int32_t>(rows), {}, 0, std::vector<double>(rows, 1.0)});
    EXPECT_TRUE(dataset.validate());
    for (const std::size_t bad : {std::size_t{9'999}, std::size_t{8'192}, std::size_t{4'095}}) {
        dataset.observations.runtime_us.edit()[bad] = -1.0;
        EXPECT_TRUE(refuses(dataset.validate(), {"row " + std::to_string(bad) + " "}));
        dataset.observations.module.edit()[bad] = 6;
        EXPECT_TRUE(refuses(dataset.validate(), {"'module', row " + std::to_string(bad) + " "}));
        dataset.observations.module.edit()[bad] = 5;
    }
}

TEST(Validate, IsAskedBeforeWriting) {
    const test::TempFolder folder;
    for (const Damage& damage : damages()) {
        Dataset dataset = small_dataset();
        damage.inflict(dataset);
        for (const char* name : {"out.npz", "out.csv"}) {
            EXPECT_TRUE(refuses(write_dataset(dataset, folder / name), {"cannot write", name})) << damage.name;
        }
        EXPECT_TRUE(refuses(write_dataset(dataset, folder / "out.npz", Layout::kDense), {"cannot write"}));
        EXPECT_EQ(dataset_digest(dataset).size(), 64U);
    }
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

}  // namespace
}  // namespace pitot::dataset
