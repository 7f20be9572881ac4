// The functions of models with every argument broken in turn.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "unit/c_api/expect_broken.hpp"
#include "unit/c_api/fleet.hpp"

namespace pitot::test {
namespace {

TEST(CBrokenModelArguments, Fitting) {
    const OwnedDataset dataset = Fleet().dataset();
    OwnedConfig config;
    OwnedModel model;
    ASSERT_EQ(pitot_config_preset("baseline/linear_scaling", config.out()), PITOT_OK);
    const auto fit = [&](const pitot_run_options* run) {
        return pitot_fit(dataset.get(), config.get(), run, model.out());
    };
    ASSERT_EQ(fit(nullptr), PITOT_OK) << pitot_last_error();
    expect_out_checked<pitot_model>([&](auto** out) { return pitot_fit(dataset.get(), config.get(), nullptr, out); },
                                    [&](auto** out) { return pitot_fit(nullptr, config.get(), nullptr, out); });
    expect_handle_checked<const pitot_dataset>(
        [&](auto* d) { return pitot_fit(d, config.get(), nullptr, model.out()); });
    expect_usage(pitot_fit(dataset.get(), misaligned<pitot_config>(), nullptr, model.out()), "config");
    expect_struct_checked<const pitot_run_options>([&](auto* run) { return fit(run); }, true);
    auto run = sized<pitot_run_options>();
    run.threads = -1;
    expect_usage(fit(&run), "threads");
    run = sized<pitot_run_options>();
    run.backend = "abacus";
    EXPECT_NE(fit(&run), PITOT_OK);
    run = sized<pitot_run_options>();
    run.stop = misaligned<pitot_stop>();
    expect_usage(fit(&run), "stop");
    run = sized<pitot_run_options>();
    run.precision = "fp64";
    expect_usage(fit(&run), "precision");
    run = sized<pitot_run_options>();
    run.reserved_end = 1;
    expect_usage(fit(&run), "reserved");
    run = sized<pitot_run_options>();
    run.device_count = 1;
    expect_usage(fit(&run), "devices");
    const std::array<std::int32_t, 2> cards{0, 0};
    run.devices = cards.data();
    run.device_count = -1;
    expect_usage(fit(&run), "devices");
    run.device_count = 2;
    expect_usage(fit(&run), "devices");
    ASSERT_EQ(pitot_config_set(config.get(), "calibration_share=2"), PITOT_OK);
    expect_usage(pitot_config_validate(config.get()), "calibration_share");
    expect_usage(fit(nullptr), "calibration_share");
    EXPECT_EQ(model.get(), nullptr);
}

// Of a program that was compiled before there were cards: what lies behind its struct is not read.
TEST(CBrokenModelArguments, RunOptionsOfAnOlderProgram) {
    const OwnedDataset dataset = Fleet().dataset();
    OwnedConfig config;
    OwnedModel model;
    ASSERT_EQ(pitot_config_preset("baseline/linear_scaling", config.out()), PITOT_OK);
    auto run = sized<pitot_run_options>();
    run.struct_size = offsetof(pitot_run_options, precision);
    run.precision = "none";
    run.device_count = -1;
    run.reserved_end = -1;
    EXPECT_EQ(pitot_fit(dataset.get(), config.get(), &run, model.out()), PITOT_OK) << pitot_last_error();
    run.threads = -1;
    expect_usage(pitot_fit(dataset.get(), config.get(), &run, model.out()), "threads");
}

TEST(CBrokenModelArguments, ADatasetWithoutRuns) {
    Fleet fleet;
    const pitot_side platforms = fleet.platforms();
    const pitot_side modules = fleet.modules();
    const pitot_combinations none{};
    OwnedDataset dataset;
    OwnedModel model;
    OwnedConfig config;
    OwnedBytes bytes;
    OwnedEvaluation evaluation;
    ASSERT_EQ(pitot_dataset_from_columns(&platforms, &modules, &none, nullptr, dataset.out()), PITOT_OK);
    EXPECT_EQ(pitot_config_default(dataset.get(), config.out()), PITOT_OK);
    EXPECT_EQ(pitot_dataset_digest(dataset.get(), bytes.out()), PITOT_OK);
    expect_status(pitot_fit(dataset.get(), nullptr, nullptr, model.out()), PITOT_ERROR_INPUT, "");
    expect_status(pitot_evaluate(dataset.get(), nullptr, nullptr, nullptr, evaluation.out()), PITOT_ERROR_INPUT, "");
    expect_status(pitot_observe(fleet_model().get(), dataset.get(), model.out(), nullptr), PITOT_ERROR_INPUT, "");
}

TEST(CBrokenModelArguments, Files) {
    const pitot_model* model = fleet_model().get();
    OwnedModel other;
    OwnedBytes bytes;
    expect_out_checked<pitot_model>([](auto** out) { return pitot_model_load("/", out); },
                                    [](auto** out) { return pitot_model_load("/", out); });
    expect_usage(pitot_model_load(nullptr, other.out()), "path");
    expect_status(pitot_model_load("/nowhere.pitot", other.out()), PITOT_ERROR_ENVIRONMENT, "/nowhere.pitot");
    expect_out_checked<pitot_model>([](auto** out) { return pitot_model_from_bytes("x", 1, out); },
                                    [](auto** out) { return pitot_model_from_bytes("x", 1, out); });
    expect_usage(pitot_model_from_bytes(nullptr, 1, other.out()), "data");
    expect_usage(pitot_model_from_bytes("x", -1, other.out()), "data");
    expect_status(pitot_model_from_bytes(nullptr, 0, other.out()), PITOT_ERROR_INPUT, "");
    expect_status(pitot_model_from_bytes("PK", 2, other.out()), PITOT_ERROR_INPUT, "");
    expect_handle_checked<const pitot_model>([](auto* given) { return pitot_model_save(given, "/nowhere/m"); });
    expect_usage(pitot_model_save(model, nullptr), "path");
    expect_status(pitot_model_save(model, "/nowhere/m.pitot"), PITOT_ERROR_ENVIRONMENT, "/nowhere/m.pitot");
    expect_handle_checked<const pitot_model>([&](auto* given) { return pitot_model_to_bytes(given, bytes.out()); });
    expect_out_checked<pitot_bytes>([&](auto** out) { return pitot_model_to_bytes(model, out); },
                                    [](auto** out) { return pitot_model_to_bytes(nullptr, out); });
    // A model's bytes cut short, and with one changed: an error or a model, nothing else.
    ASSERT_EQ(pitot_model_to_bytes(model, bytes.out()), PITOT_OK);
    std::string content = content_of(bytes);
    for (std::size_t size = 0; size < content.size(); size += 997) {
        EXPECT_NE(pitot_model_from_bytes(content.data(), static_cast<std::int64_t>(size), other.out()), PITOT_OK);
    }
    for (std::size_t at = 0; at < content.size(); at += 503) {
        content[at] = static_cast<char>(content[at] ^ 0x55);
        (void)pitot_model_from_bytes(content.data(), static_cast<std::int64_t>(content.size()), other.out());
    }
}

TEST(CBrokenModelArguments, LookedInto) {
    const pitot_model* model = fleet_model().get();
    OwnedConfig config;
    OwnedBytes bytes;
    OwnedStrings strings;
    auto view = sized<pitot_model_view>();
    expect_handle_checked<const pitot_model>([&](auto* given) { return pitot_model_get(given, &view); });
    expect_struct_checked<pitot_model_view>([&](auto* given) { return pitot_model_get(model, given); });
    expect_handle_checked<const pitot_model>([&](auto* given) { return pitot_model_config(given, config.out()); });
    expect_out_checked<pitot_config>([&](auto** out) { return pitot_model_config(model, out); },
                                     [](auto** out) { return pitot_model_config(nullptr, out); });
    expect_handle_checked<const pitot_model>([&](auto* m) { return pitot_model_dataset_digest(m, bytes.out()); });
    expect_out_checked<pitot_bytes>([&](auto** out) { return pitot_model_dataset_digest(model, out); },
                                    [](auto** out) { return pitot_model_dataset_digest(nullptr, out); });
    using Strings = pitot_status (*)(const pitot_model*, std::int32_t, pitot_strings**);
    for (const Strings call : {pitot_model_names, pitot_model_feature_names}) {
        expect_handle_checked<const pitot_model>([&](auto* m) { return call(m, 0, strings.out()); });
        expect_out_checked<pitot_strings>([&](auto** out) { return call(model, 1, out); },
                                          [&](auto** out) { return call(model, 2, out); });
    }
    expect_handle_checked<const pitot_model>([&](auto* m) { return pitot_model_notes(m, strings.out()); });
    expect_out_checked<pitot_strings>([&](auto** out) { return pitot_model_notes(model, out); },
                                      [](auto** out) { return pitot_model_notes(nullptr, out); });
    const double* values = nullptr;
    std::int64_t rows = 0;
    std::int64_t columns = 0;
    expect_handle_checked<const pitot_model>(
        [&](auto* m) { return pitot_model_features(m, 0, &values, &rows, &columns); });
    expect_usage(pitot_model_features(model, -1, &values, &rows, &columns), "side");
    expect_usage(pitot_model_features(model, 0, nullptr, &rows, &columns), "values");
    expect_handle_checked<const pitot_model>(
        [](auto* m) { return pitot_model_rows(m, 0, nullptr, nullptr, nullptr, nullptr); });
    expect_usage(pitot_model_rows(model, 9, nullptr, nullptr, nullptr, nullptr), "side");
    expect_usage(pitot_model_rows(model, 0, nullptr, misaligned<std::int64_t>(), nullptr, nullptr), "runs");
    expect_usage(pitot_model_rows(model, 0, nullptr, nullptr, misaligned<std::int32_t>(), nullptr), "part");
    expect_usage(pitot_model_rows(model, 0, nullptr, nullptr, nullptr, misaligned<double>()), "disagreement");
    EXPECT_EQ(pitot_model_rows(model, 0, nullptr, nullptr, nullptr, nullptr), PITOT_OK);
}

TEST(CBrokenModelArguments, FindingAndAppending) {
    const pitot_model* model = fleet_model().get();
    const std::vector<std::string> known{"module1", "module9"};
    const TextColumn column(known);
    const pitot_texts names = column.view();
    std::array<std::int32_t, 2> rows{};
    const auto find = [&](const pitot_texts* given) { return pitot_model_find(model, 1, given, 0, rows.data()); };
    ASSERT_EQ(find(&names), PITOT_OK);
    expect_handle_checked<const pitot_model>(
        [&](auto* given) { return pitot_model_find(given, 1, &names, 0, rows.data()); });
    expect_usage(find(nullptr), "names");
    expect_usage(find(misaligned<pitot_texts>()), "names");
    expect_usage(pitot_model_find(model, 2, &names, 0, rows.data()), "side");
    expect_usage(pitot_model_find(model, 1, &names, 2, rows.data()), "unknown_is_minus_one");
    expect_usage(pitot_model_find(model, 1, &names, 0, nullptr), "rows");
    expect_usage(pitot_model_find(model, 1, &names, 0, misaligned<std::int32_t>()), "rows");
    expect_status(pitot_model_find(model, 0, &names, 0, rows.data()), PITOT_ERROR_INPUT, "'module1'");
    for (const auto& breaking : std::vector<std::function<void(pitot_texts&)>>{
             [](auto& of) { of.count = -1; }, [](auto& of) { of.count = 1; }, [](auto& of) { of.size = 0; },
             [](auto& of) { of.offsets = nullptr; }, [](auto& of) { of.bytes = nullptr; },
             [](auto& of) { of.offsets = misaligned<std::int64_t>(); }}) {
        pitot_texts broken = names;
        breaking(broken);
        expect_usage(find(&broken), "names");
    }
    OwnedModel more;
    Fleet fleet;
    const pitot_side modules = fleet.modules();
    expect_out_checked<pitot_model>([&](auto** out) { return pitot_model_with_rows(model, nullptr, nullptr, out); },
                                    [&](auto** out) { return pitot_model_with_rows(model, nullptr, &modules, out); });
    expect_handle_checked<const pitot_model>(
        [&](auto* given) { return pitot_model_with_rows(given, nullptr, nullptr, more.out()); });
    expect_struct_checked<const pitot_side>(
        [&](auto* side) { return pitot_model_with_rows(model, side, nullptr, more.out()); }, true);
    expect_struct_checked<const pitot_side>(
        [&](auto* side) { return pitot_model_with_rows(model, nullptr, side, more.out()); }, true);
    expect_status(pitot_model_with_rows(model, nullptr, &modules, more.out()), PITOT_ERROR_INPUT, "module0");
}

// A prediction, one thing of which is broken.
struct Asked {
    Fleet fleet;
    pitot_combinations rows = fleet.rows();
    std::vector<double> confidences{0.5, 0.9};
    const double* confidence = confidences.data();
    std::int64_t confidence_count = 2;
    std::vector<double> numbers = std::vector<double>(fleet.platform.size() * 2);
    std::vector<std::uint8_t> bytes = std::vector<std::uint8_t>(fleet.platform.size() * 2);
    pitot_predictions out = sized<pitot_predictions>();
};

pitot_status predicted(const std::function<void(Asked&)>& how) {
    Asked asked;
    asked.out.upper_us = asked.numbers.data();
    how(asked);
    return pitot_predict(fleet_model().get(), &asked.rows, asked.confidence, asked.confidence_count, &asked.out);
}

TEST(CBrokenModelArguments, Predicting) {
    ASSERT_EQ(predicted([](Asked&) {}), PITOT_OK) << pitot_last_error();
    Asked asked;
    expect_handle_checked<const pitot_model>(
        [&](auto* given) { return pitot_predict(given, &asked.rows, nullptr, 0, &asked.out); });
    const auto predict = [&](const pitot_combinations* rows, const pitot_predictions* out) {
        return pitot_predict(fleet_model().get(), rows, asked.confidence, 2, out);
    };
    expect_usage(predict(nullptr, &asked.out), "combinations");
    expect_usage(predict(misaligned<pitot_combinations>(), &asked.out), "combinations");
    expect_struct_checked<const pitot_predictions>([&](auto* given) { return predict(&asked.rows, given); });
    expect_usage(predicted([](Asked& of) { of.confidence = nullptr; }), "confidences");
    expect_usage(predicted([](Asked& of) { of.confidence = misaligned<double>(); }), "confidences");
    expect_usage(predicted([](Asked& of) { of.confidence_count = -1; }), "confidences");
    for (const double confidence : {0.0, 1.0, -0.5, 1.5, kNotANumber, HUGE_VAL}) {
        expect_usage(predicted([&](Asked& of) { of.confidences[1] = confidence; }), "confidence");
        expect_usage(predicted([&](Asked& of) {
                         of.confidences[1] = confidence;
                         of.out.upper_us = nullptr;
                     }),
                     "confidence");
    }
    expect_usage(predicted([](Asked& of) { of.out.runtime_us = misaligned<double>(); }), "runtime_us");
    expect_usage(predicted([](Asked& of) { of.out.deviation = misaligned<double>(); }), "deviation");
    expect_usage(predicted([](Asked& of) { of.out.upper_us = misaligned<double>(); }), "upper_us");
    expect_usage(predicted([](Asked& of) { of.out.lower_us = misaligned<double>(); }), "lower_us");
    expect_usage(predicted([](Asked& of) { of.rows.rows = -1; }), "platform");
    expect_usage(predicted([](Asked& of) { of.rows.platform = nullptr; }), "platform");
    expect_usage(predicted([](Asked& of) { of.rows.module = misaligned<std::int32_t>(); }), "module");
    expect_usage(predicted([](Asked& of) { of.rows.co_runners = nullptr; }), "co_runners");
    expect_usage(predicted([](Asked& of) { of.rows.co_runner_offsets = nullptr; }), "co_runners");
    expect_usage(predicted([](Asked& of) { of.rows.co_runner_width = 2; }), "co_runner_width");
    for (const std::int32_t row : {-1, kFleetModules, std::numeric_limits<std::int32_t>::max()}) {
        expect_usage(predicted([&](Asked& of) { of.fleet.platform[4] = row; }), "row 4");
        expect_usage(predicted([&](Asked& of) { of.fleet.module[5] = row; }), "row 5");
        expect_usage(predicted([&](Asked& of) { of.fleet.co_runners[0] = row < 0 ? -2 : row; }), "row 1");
        expect_usage(predicted([&](Asked& of) {
                         of.rows.co_runners = nullptr;
                         of.rows.co_runner_count = 0;
                         of.rows.co_runner_offsets = nullptr;
                         of.fleet.module[6] = row;
                     }),
                     "row 6");
    }
}

TEST(CBrokenModelArguments, EvidenceAndBoundSources) {
    const pitot_model* model = fleet_model().get();
    Asked asked;
    OwnedStrings pools;
    std::uint8_t* bytes = asked.bytes.data();
    const auto sources = [&](double confidence) {
        return pitot_bound_sources(model, &asked.rows, confidence, bytes, nullptr, nullptr, pools.out());
    };
    ASSERT_EQ(sources(0.5), PITOT_OK) << pitot_last_error();
    ASSERT_EQ(pitot_bound_sources(model, &asked.rows, 0.5, nullptr, nullptr, nullptr, nullptr), PITOT_OK);
    expect_handle_checked<const pitot_model>([&](auto* given) { return pitot_evidence(given, &asked.rows, bytes); });
    expect_usage(pitot_evidence(model, nullptr, bytes), "combinations");
    expect_usage(pitot_evidence(model, &asked.rows, nullptr), "evidence");
    expect_handle_checked<const pitot_model>(
        [&](auto* given) { return pitot_bound_sources(given, &asked.rows, 0.5, nullptr, nullptr, nullptr, nullptr); });
    expect_usage(pitot_bound_sources(model, nullptr, 0.5, bytes, nullptr, nullptr, nullptr), "combinations");
    expect_usage(sources(kNotANumber), "confidence");
    expect_usage(sources(1.0), "confidence");
    expect_usage(pitot_bound_sources(model, &asked.rows, 0.5, nullptr, nullptr, misaligned<std::int64_t>(), nullptr),
                 "rows");
    expect_usage(pitot_bound_sources(model, &asked.rows, 0.5, nullptr, nullptr, nullptr, misaligned<pitot_strings*>()),
                 "pools");
    asked.fleet.platform[7] = kFleetPlatforms;
    expect_usage(pitot_evidence(model, &asked.rows, bytes), "row 7");
    const std::uint8_t before = bytes[0] = 77;
    expect_usage(sources(0.5), "row 7");
    EXPECT_EQ(bytes[0], before) << "nothing is written by a call that fails";
}

}  // namespace
}  // namespace pitot::test
