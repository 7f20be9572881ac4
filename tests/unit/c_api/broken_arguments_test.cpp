// Every function of the C interface with every argument broken in turn: an error with a message that names the
// argument, a handle that is NULL, and nothing else.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "unit/c_api/expect_broken.hpp"
#include "unit/c_api/fleet.hpp"

namespace pitot::test {
namespace {

TEST(CBrokenArguments, TextsBytesAndStop) {
    OwnedStrings strings;
    OwnedBytes bytes;
    OwnedConfig config;
    ASSERT_EQ(pitot_presets(strings.out(), nullptr), PITOT_OK);
    ASSERT_EQ(pitot_presets(nullptr, nullptr), PITOT_OK);
    ASSERT_EQ(pitot_config_preset("linear/64", config.out()), PITOT_OK);
    ASSERT_EQ(pitot_config_to_json(config.get(), bytes.out()), PITOT_OK);
    pitot_texts texts{};
    expect_handle_checked<const pitot_strings>([&](auto* given) { return pitot_strings_get(given, &texts); });
    expect_usage(pitot_strings_get(strings.get(), nullptr), "texts");
    expect_usage(pitot_strings_get(strings.get(), misaligned<pitot_texts>()), "texts");
    expect_handle_checked<const pitot_bytes>([&](auto* given) { return pitot_bytes_get(given, nullptr, nullptr); });
    EXPECT_EQ(pitot_bytes_get(bytes.get(), nullptr, nullptr), PITOT_OK);
    expect_usage(pitot_bytes_get(bytes.get(), misaligned<const void*>(), nullptr), "data");
    expect_usage(pitot_bytes_get(bytes.get(), nullptr, misaligned<std::int64_t>()), "size");
    expect_usage(pitot_presets(misaligned<pitot_strings*>(), nullptr), "names");
    expect_usage(pitot_presets(nullptr, misaligned<pitot_strings*>()), "summaries");
    pitot_strings* both = nullptr;
    expect_usage(pitot_presets(&both, &both), "summaries");
    EXPECT_EQ(both, nullptr);
    expect_handle_checked<pitot_stop>([](auto* given) { return pitot_stop_request(given); });
    expect_usage(pitot_stop_new(nullptr), "out");
    expect_usage(pitot_stop_new(misaligned<pitot_stop*>()), "out");
}

TEST(CBrokenArguments, FreeingNothingOrSomethingElseDoesNoHarm) {
    OwnedConfig config;
    ASSERT_EQ(pitot_config_preset("linear/64", config.out()), PITOT_OK);
    void* other = config.get();
    const auto leaves_alone = [&]<typename T>(void (*free_it)(T*)) {
        free_it(nullptr);
        free_it(misaligned<T>());
        free_it(static_cast<T*>(other));
    };
    leaves_alone(pitot_strings_free);
    leaves_alone(pitot_bytes_free);
    leaves_alone(pitot_stop_free);
    leaves_alone(pitot_dataset_free);
    leaves_alone(pitot_model_free);
    leaves_alone(pitot_observation_free);
    leaves_alone(pitot_advice_free);
    leaves_alone(pitot_explanation_free);
    leaves_alone(pitot_evaluation_free);
    pitot_config_free(nullptr);
    EXPECT_EQ(pitot_config_validate(config.get()), PITOT_OK);
}

TEST(CBrokenArguments, Configurations) {
    const OwnedDataset dataset = Fleet().dataset();
    OwnedConfig config;
    OwnedConfig other;
    OwnedBytes bytes;
    ASSERT_EQ(pitot_config_preset("linear/64", config.out()), PITOT_OK);
    expect_usage(pitot_config_preset(nullptr, other.out()), "name");
    expect_usage(pitot_config_preset("linear/65", other.out()), "linear/64");
    EXPECT_EQ(other.get(), nullptr);
    // Messages are UTF-8 without control characters, whatever was given.
    expect_usage(pitot_config_preset("ker\xFF\x01nel", other.out()), "'ker??nel'");
    expect_out_checked<pitot_config>([](auto** out) { return pitot_config_preset("linear/64", out); },
                                     [](auto** out) { return pitot_config_preset("", out); });
    expect_out_checked<pitot_config>([&](auto** out) { return pitot_config_default(dataset.get(), out); },
                                     [](auto** out) { return pitot_config_default(nullptr, out); });
    expect_handle_checked<const pitot_dataset>([&](auto* given) { return pitot_config_default(given, other.out()); });
    expect_out_checked<pitot_config>([](auto** out) { return pitot_config_from_json("{}", 2, nullptr, out); },
                                     [](auto** out) { return pitot_config_from_json("{", 1, nullptr, out); });
    expect_usage(pitot_config_from_json(nullptr, 2, nullptr, other.out()), "json");
    expect_usage(pitot_config_from_json("{}", -1, nullptr, other.out()), "json");
    expect_status(pitot_config_from_json(nullptr, 0, nullptr, other.out()), PITOT_ERROR_INPUT, "configuration");
    expect_status(pitot_config_from_json("[]", 2, nullptr, other.out()), PITOT_ERROR_INPUT, "configuration");
    expect_status(pitot_config_from_json(R"({"sed":1})", 9, nullptr, other.out()), PITOT_ERROR_INPUT, "sed");
    expect_status(pitot_config_from_json(R"({"preset":"x"})", 14, nullptr, other.out()), PITOT_ERROR_INPUT, "'x'");
    expect_usage(pitot_config_from_json("{}", 2, misaligned<pitot_config>(), other.out()), "base");
    expect_out_checked<pitot_config>([](auto** out) { return pitot_config_load("/", nullptr, out); },
                                     [](auto** out) { return pitot_config_load("/", nullptr, out); });
    expect_usage(pitot_config_load(nullptr, nullptr, other.out()), "path");
    expect_status(pitot_config_load("/nowhere.json", nullptr, other.out()), PITOT_ERROR_ENVIRONMENT, "/nowhere.json");
    expect_out_checked<pitot_config>([&](auto** out) { return pitot_config_copy(config.get(), out); },
                                     [](auto** out) { return pitot_config_copy(nullptr, out); });
    expect_handle_checked<const pitot_config>([&](auto* given) { return pitot_config_copy(given, other.out()); });
    expect_handle_checked<pitot_config>([](auto* given) { return pitot_config_apply_json(given, "{}", 2); });
    expect_usage(pitot_config_apply_json(config.get(), nullptr, 2), "json");
    expect_usage(pitot_config_apply_json(config.get(), "{}", -2), "json");
    expect_usage(pitot_config_apply_json(config.get(), R"({"seed":"a"})", 12), "seed");
    expect_handle_checked<pitot_config>([](auto* given) { return pitot_config_set(given, "seed=1"); });
    for (const char* wrong :
         {static_cast<const char*>(nullptr), "", "=", "seed", "seed=", "sed=1", "seed=-1", "\xFF"}) {
        EXPECT_EQ(pitot_config_set(config.get(), wrong), PITOT_ERROR_USAGE);
    }
    expect_handle_checked<const pitot_config>([](auto* given) { return pitot_config_validate(given); });
    expect_handle_checked<const pitot_config>([&](auto* given) { return pitot_config_to_json(given, bytes.out()); });
    expect_out_checked<pitot_bytes>([&](auto** out) { return pitot_config_to_json(config.get(), out); },
                                    [](auto** out) { return pitot_config_to_json(nullptr, out); });
    expect_handle_checked<const pitot_config>([](auto* given) { return pitot_config_save(given, "/nowhere/c"); });
    expect_usage(pitot_config_save(config.get(), nullptr), "path");
    expect_status(pitot_config_save(config.get(), "/nowhere/c.json"), PITOT_ERROR_ENVIRONMENT, "/nowhere/c.json");
}

TEST(CBrokenArguments, ReadingDatasets) {
    const std::string csv = "platform,module,runtime_us\na,b,1\na,c,2\n";
    OwnedDataset dataset;
    const auto good = [&] {
        pitot_input input{};
        input.data = csv.data();
        input.size = static_cast<std::int64_t>(csv.size());
        return input;
    };
    const auto read = [&](const pitot_input* inputs, std::int64_t count, const pitot_read_options* options) {
        return pitot_dataset_read(inputs, count, options, dataset.out());
    };
    pitot_input input = good();
    ASSERT_EQ(read(&input, 1, nullptr), PITOT_OK) << pitot_last_error();
    expect_out_checked<pitot_dataset>([&](auto** out) { return pitot_dataset_read(&input, 1, nullptr, out); },
                                      [&](auto** out) { return pitot_dataset_read(&input, -1, nullptr, out); });
    expect_usage(read(nullptr, 1, nullptr), "inputs");
    expect_usage(read(misaligned<pitot_input>(), 1, nullptr), "inputs");
    expect_usage(read(&input, 0, nullptr), "dataset");
    expect_usage(read(&input, -1, nullptr), "inputs");
    input = {};
    expect_usage(read(&input, 1, nullptr), "number 0");
    input.size = 5;
    expect_usage(read(&input, 1, nullptr), "NULL");
    input = good();
    input.size = -1;
    expect_usage(read(&input, 1, nullptr), "inputs");
    input.size = 0;
    expect_status(read(&input, 1, nullptr), PITOT_ERROR_INPUT, "bytes");
    input = {};
    input.path = "/nowhere.csv";
    expect_status(read(&input, 1, nullptr), PITOT_ERROR_ENVIRONMENT, "/nowhere.csv");
    input = good();
    expect_struct_checked<const pitot_read_options>([&](auto* given) { return read(&input, 1, given); }, true);
    const auto broken = [&](const std::function<void(pitot_read_options&)>& how) {
        auto options = sized<pitot_read_options>();
        how(options);
        return read(&input, 1, &options);
    };
    expect_usage(broken([](auto& o) { o.skip_invalid = 2; }), "skip_invalid");
    expect_usage(broken([](auto& o) { o.allow_unknown_unit = -1; }), "allow_unknown_unit");
    expect_usage(broken([](auto& o) { o.decimal_mark = 'x'; }), "decimal_mark");
    expect_usage(broken([](auto& o) { o.platform_features.size = 1; }), "platform_features");
    expect_usage(broken([](auto& o) { o.module_features.size = -1; }), "module_features");
    expect_usage(broken([](auto& o) { o.column_roles.count = -1; }), "column_roles");
    expect_usage(broken([](auto& o) { o.column_roles.count = 1; }), "column_roles");
    expect_usage(broken([](auto& o) { o.column_names.count = std::numeric_limits<std::int64_t>::max(); }),
                 "column_names");
    expect_usage(broken([](auto& o) { o.reserved = 1; }), "reserved");
    expect_usage(broken([](auto& o) { o.platform_features.path = ""; }), "empty path");
    EXPECT_NE(broken([](auto& o) { o.unit = "parsec"; }), PITOT_OK);
    EXPECT_NE(broken([](auto& o) { o.unit = "\xFF"; }), PITOT_OK);
    const std::vector<std::string> roles{"platform"};
    const TextColumn one(roles);
    expect_usage(broken([&](auto& o) { o.column_roles = one.view(); }), "0 names for 1 roles");
}

// A dataset of columns, one thing of which is broken.
struct Columns {
    Fleet fleet;
    pitot_side platforms = fleet.platforms();
    pitot_side modules = fleet.modules();
    pitot_combinations rows = fleet.rows();
    const double* runtime_us = fleet.runtime_us.data();
};

pitot_status made_of(const std::function<void(Columns&)>& how) {
    Columns columns;
    how(columns);
    OwnedDataset dataset;
    return pitot_dataset_from_columns(&columns.platforms, &columns.modules, &columns.rows, columns.runtime_us,
                                      dataset.out());
}

TEST(CBrokenArguments, SidesOfColumns) {
    ASSERT_EQ(made_of([](Columns&) {}), PITOT_OK) << pitot_last_error();
    Columns c;
    OwnedDataset dataset;
    expect_out_checked<pitot_dataset>(
        [&](auto** out) { return pitot_dataset_from_columns(&c.platforms, &c.modules, &c.rows, c.runtime_us, out); },
        [&](auto** out) { return pitot_dataset_from_columns(&c.platforms, &c.modules, &c.rows, nullptr, out); });
    expect_struct_checked<const pitot_side>([&](auto* given) {
        return pitot_dataset_from_columns(given, &c.modules, &c.rows, c.runtime_us, dataset.out());
    });
    expect_struct_checked<const pitot_side>([&](auto* given) {
        return pitot_dataset_from_columns(&c.platforms, given, &c.rows, c.runtime_us, dataset.out());
    });
    static const std::array<std::int64_t, 7> falling{0, 9, 5, 27, 36, 45, 54};
    static const std::array<std::int64_t, 7> late{1, 9, 18, 27, 36, 45, 54};
    expect_usage(made_of([](Columns& of) { of.platforms.names.offsets = falling.data(); }), "platforms");
    expect_usage(made_of([](Columns& of) { of.platforms.names.offsets = late.data(); }), "platforms");
    expect_usage(made_of([](Columns& of) { of.platforms.names.offsets = nullptr; }), "platforms");
    expect_usage(made_of([](Columns& of) { of.platforms.names.bytes = nullptr; }), "platforms");
    expect_usage(made_of([](Columns& of) { of.platforms.names.size += 1; }), "platforms");
    expect_usage(made_of([](Columns& of) { of.platforms.names.size = -1; }), "platforms");
    expect_usage(made_of([](Columns& of) { of.platforms.names.count = -1; }), "platforms");
    expect_usage(made_of([](Columns& of) { of.platforms.names.count -= 1; }), "platforms");
    expect_usage(made_of([](Columns& of) { of.platforms.counts = 1; }), "platforms");
    expect_usage(made_of([](Columns& of) { of.modules.counts = 7; }), "counts");
    expect_usage(made_of([](Columns& of) { of.modules.reserved = 1; }), "reserved");
    expect_usage(made_of([](Columns& of) { of.modules.feature_names = {}; }), "feature_names");
    expect_usage(made_of([](Columns& of) { of.modules.features = nullptr; }), "modules");
    expect_usage(made_of([](Columns& of) { of.modules.features = misaligned<double>(); }), "modules");
    expect_usage(made_of([](Columns& of) { of.modules.feature_names.count = 1; }), "modules");
    for (const double value : {kNotANumber, -1.0, HUGE_VAL}) {
        expect_status(made_of([&](Columns& of) {
                          of.fleet.module_values[3] = value;
                          of.modules.features = of.fleet.module_values.data();
                      }),
                      PITOT_ERROR_INPUT, "module1");
        if (value >= 0 || value != value) {
            EXPECT_EQ(made_of([&](Columns& of) {
                          of.fleet.module_values[3] = value;
                          of.modules.counts = 0;
                      }),
                      PITOT_ERROR_INPUT);
        }
    }
    const auto named = [](std::vector<std::string> names) {
        return made_of([&](Columns& of) {
            names.resize(kFleetPlatforms, names.front());
            of.fleet.platform_names = TextColumn(names);
            of.platforms = of.fleet.platforms();
        });
    };
    expect_status(named({"a", "a"}), PITOT_ERROR_INPUT, "'a'");
    expect_status(named({"", "b", "c", "d", "e", "f"}), PITOT_ERROR_INPUT, "platform");
    expect_status(named({"\xFF", "b", "c", "d", "e", "f"}), PITOT_ERROR_INPUT, "platform");
    expect_status(named({std::string("\0", 1), "b", "c", "d", "e", "f"}), PITOT_ERROR_INPUT, "platform");
}

TEST(CBrokenArguments, RowsOfColumns) {
    Columns c;
    OwnedDataset dataset;
    const auto with = [&](const pitot_combinations* rows) {
        return pitot_dataset_from_columns(&c.platforms, &c.modules, rows, c.runtime_us, dataset.out());
    };
    expect_usage(with(nullptr), "NULL");
    expect_usage(with(misaligned<pitot_combinations>()), "aligned");
    expect_usage(made_of([](Columns& of) { of.rows.rows = -1; }), "platform");
    expect_usage(made_of([](Columns& of) { of.rows.rows = std::numeric_limits<std::int64_t>::max(); }), "platform");
    expect_usage(made_of([](Columns& of) { of.rows.platform = nullptr; }), "platform");
    expect_usage(made_of([](Columns& of) { of.rows.platform = misaligned<std::int32_t>(); }), "platform");
    expect_usage(made_of([](Columns& of) { of.rows.module = nullptr; }), "module");
    expect_usage(made_of([](Columns& of) { of.rows.co_runners = nullptr; }), "co_runners");
    expect_usage(made_of([](Columns& of) { of.rows.co_runner_count = -1; }), "co_runners");
    expect_usage(made_of([](Columns& of) { of.rows.co_runner_count -= 1; }), "co_runner_offsets");
    expect_usage(made_of([](Columns& of) { of.rows.co_runner_offsets = nullptr; }), "co_runners");
    expect_usage(made_of([](Columns& of) { of.rows.co_runner_offsets = misaligned<std::int64_t>(); }),
                 "co_runner_offsets");
    expect_usage(made_of([](Columns& of) { of.rows.co_runner_width = 1; }), "co_runner_width");
    expect_usage(made_of([](Columns& of) { of.rows.co_runner_width = -1; }), "co_runner_width");
    expect_usage(made_of([](Columns& of) { of.fleet.offsets[1] = 9; }), "co_runner_offsets");
    expect_usage(made_of([](Columns& of) { of.fleet.offsets[0] = -4; }), "co_runner_offsets");
    for (const std::int32_t row : {-1, kFleetPlatforms, std::numeric_limits<std::int32_t>::min()}) {
        expect_usage(made_of([&](Columns& of) { of.fleet.platform[2] = row; }), "row 2");
    }
    expect_usage(made_of([](Columns& of) { of.fleet.module[3] = kFleetModules; }), "row 3");
    expect_usage(made_of([](Columns& of) { of.fleet.co_runners[0] = -2; }), "row 1");
    expect_usage(made_of([](Columns& of) { of.fleet.co_runners[0] = kFleetModules; }), "row 1");
    expect_usage(made_of([](Columns& of) { of.runtime_us = nullptr; }), "runtime_us");
    expect_usage(made_of([](Columns& of) { of.runtime_us = misaligned<double>(); }), "runtime_us");
    for (const double value : {kNotANumber, 0.0, -1.0, HUGE_VAL, 1e300}) {
        expect_status(made_of([&](Columns& of) { of.fleet.runtime_us[0] = value; }), PITOT_ERROR_INPUT, "runtime");
        // The caller's number of the row, whichever rows are alone.
        expect_status(made_of([&](Columns& of) { of.fleet.runtime_us[2] = value; }), PITOT_ERROR_INPUT, "row 2");
        expect_status(made_of([&](Columns& of) { of.fleet.runtime_us[1] = value; }), PITOT_ERROR_INPUT, "row 1");
    }
}

TEST(CBrokenArguments, DatasetsLookedInto) {
    const OwnedDataset dataset = Fleet().dataset();
    OwnedBytes bytes;
    OwnedStrings strings;
    auto view = sized<pitot_dataset_view>();
    expect_handle_checked<const pitot_dataset>([&](auto* given) { return pitot_dataset_get(given, &view); });
    expect_struct_checked<pitot_dataset_view>([&](auto* given) { return pitot_dataset_get(dataset.get(), given); });
    expect_handle_checked<const pitot_dataset>([&](auto* d) { return pitot_dataset_save(d, "/nowhere/a.npz", 0); });
    expect_usage(pitot_dataset_save(dataset.get(), nullptr, 0), "path");
    expect_usage(pitot_dataset_save(dataset.get(), "/nowhere/a.txt", 0), "a.txt");
    expect_usage(pitot_dataset_save(dataset.get(), "/nowhere/a.npz", 2), "layout");
    expect_status(pitot_dataset_save(dataset.get(), "/nowhere/a.npz", 1), PITOT_ERROR_ENVIRONMENT, "/nowhere/a.npz");
    expect_handle_checked<const pitot_dataset>([&](auto* d) { return pitot_dataset_to_bytes(d, 0, bytes.out()); });
    expect_usage(pitot_dataset_to_bytes(dataset.get(), -1, bytes.out()), "layout");
    expect_out_checked<pitot_bytes>([&](auto** out) { return pitot_dataset_to_bytes(dataset.get(), 0, out); },
                                    [](auto** out) { return pitot_dataset_to_bytes(nullptr, 0, out); });
    using Strings = pitot_status (*)(const pitot_dataset*, std::int32_t, pitot_strings**);
    for (const Strings call : {pitot_dataset_names, pitot_dataset_feature_names}) {
        expect_handle_checked<const pitot_dataset>([&](auto* d) { return call(d, 0, strings.out()); });
        expect_out_checked<pitot_strings>([&](auto** out) { return call(dataset.get(), 0, out); },
                                          [&](auto** out) { return call(dataset.get(), 2, out); });
        expect_usage(call(dataset.get(), -1, strings.out()), "side");
    }
    using Texts = pitot_status (*)(const pitot_dataset*, pitot_strings**);
    for (const Texts call : {pitot_dataset_sources, pitot_dataset_notes}) {
        expect_handle_checked<const pitot_dataset>([&](auto* d) { return call(d, strings.out()); });
        expect_out_checked<pitot_strings>([&](auto** out) { return call(dataset.get(), out); },
                                          [&](auto** out) { return call(nullptr, out); });
    }
    expect_handle_checked<const pitot_dataset>([&](auto* d) { return pitot_dataset_digest(d, bytes.out()); });
    expect_out_checked<pitot_bytes>([&](auto** out) { return pitot_dataset_digest(dataset.get(), out); },
                                    [](auto** out) { return pitot_dataset_digest(nullptr, out); });
    const double* values = nullptr;
    std::int64_t rows = 0;
    std::int64_t columns = 0;
    expect_handle_checked<const pitot_dataset>(
        [&](auto* d) { return pitot_dataset_features(d, 0, &values, &rows, &columns); });
    expect_usage(pitot_dataset_features(dataset.get(), 3, &values, &rows, &columns), "side");
    expect_usage(pitot_dataset_features(dataset.get(), 0, nullptr, &rows, &columns), "values");
    expect_usage(pitot_dataset_features(dataset.get(), 0, &values, nullptr, &columns), "rows");
    expect_usage(pitot_dataset_features(dataset.get(), 0, &values, &rows, nullptr), "columns");
}

}  // namespace
}  // namespace pitot::test
