// Configurations in words that nobody should have written: an error each, and nothing changed.
#include "pitot/config.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "support/expect_error.hpp"
#include "unit/api/small.hpp"

namespace pitot {
namespace {

using test::fails_with;

const std::string kDeep(60'000, '[');

TEST(HostileConfig, PresetsAreKnownByTheirWholeNames) {
    const std::string name = "embedding/128";
    for (const std::string& wrong : {std::string(), name + '\0', '\0' + name, name + ' ', test::kNul, test::kNotUtf8,
                                     std::string(10'000, 'x'), std::string("%s%n{}")}) {
        EXPECT_TRUE(fails_with(preset(wrong), ErrorCode::kUsage, {})) << wrong;
    }
    for (const PresetInfo& known : presets()) {
        EXPECT_TRUE(preset(known.name)) << known.name;
    }
}

TEST(HostileConfig, TextThatIsNoConfigurationChangesNothing) {
    const FitConfig before = test::small_config();
    std::vector<std::string> wrong{"",
                                   " ",
                                   "null",
                                   "[]",
                                   "7",
                                   "\"model\"",
                                   "{",
                                   "{}}",
                                   kDeep,
                                   "{\"model\":" + kDeep,
                                   "{\"model\":7}",
                                   "{\"model\":{\"layers\":{}}}",
                                   "{\"model\":{\"layers\":[[1]]}}",
                                   "{\"model\":{\"alpha\":1e999}}",
                                   "{\"model\":{\"alpha\":\"1\"}}",
                                   "{\"model\":{\"family\":3}}",
                                   "{\"train\":{\"folds\":18446744073709551615}}",
                                   "{\"train\":{\"folds\":1.5}}",
                                   "{\"train\":{\"folds\":null}}",
                                   "{\"seed\":-1}",
                                   "{\"seed\":18446744073709551616}",
                                   "{\"preset\":7}",
                                   "{\"\":1}",
                                   "{\"model.\":1}",
                                   "{\"preset\":\"" + test::kNotUtf8 + "\"}",
                                   test::kNotUtf8,
                                   std::string(1, '\0')};
    for (const std::string& text : wrong) {
        FitConfig config = before;
        config.seed = 7;
        const std::string shown = text.substr(0, 60);
        // The last field is a good one: of a text with any fault nothing is taken.
        EXPECT_TRUE(fails_with(apply_json(config, text), ErrorCode::kUsage, {})) << shown;
        EXPECT_EQ(config.seed, 7U) << shown;
        EXPECT_EQ(config.model.layers, before.model.layers) << shown;
    }
    FitConfig config = before;
    EXPECT_FALSE(apply_json(config, R"({"seed": 9, "train": {"folds": 3, "fold": 4}})"));
    EXPECT_EQ(to_json(config), to_json(before));
    EXPECT_TRUE(fails_with(preset_in_json(kDeep), ErrorCode::kUsage, {}));
    EXPECT_TRUE(fails_with(preset_in_json(R"({"preset": []})"), ErrorCode::kUsage, {}));
    EXPECT_EQ(preset_in_json("{}").value(), std::nullopt);
}

TEST(HostileConfig, OverridesThatAreNoneChangeNothing) {
    const FitConfig before = test::small_config();
    for (const std::string& text : {std::string(),
                                    std::string("="),
                                    std::string("=1"),
                                    std::string("seed"),
                                    std::string("model=1"),
                                    std::string("model.=1"),
                                    std::string("model.alpha="),
                                    std::string("model.alpha=nan"),
                                    std::string("model.alpha=1e999"),
                                    std::string("model.layers="),
                                    std::string("model.layers=1,,2"),
                                    std::string("model.layers=1e99"),
                                    std::string("model.layers=9223372036854775808"),
                                    "model.layers=" + kDeep + std::string(kDeep.size(), ']'),
                                    "model.layers=1," + kDeep,
                                    "preset=" + test::kNotUtf8,
                                    std::string("seed=-1"),
                                    std::string("seed=18446744073709551616"),
                                    std::string("train.keep=first"),
                                    test::kNul + "=1",
                                    test::kNotUtf8 + "=1"}) {
        FitConfig config = before;
        EXPECT_TRUE(fails_with(apply_override(config, text), ErrorCode::kUsage, {})) << text.substr(0, 60);
        EXPECT_EQ(to_json(config), to_json(before)) << text.substr(0, 60);
    }
}

}  // namespace
}  // namespace pitot
