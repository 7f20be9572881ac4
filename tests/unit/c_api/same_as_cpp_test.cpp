// What the C interface gives is what the C++ interface gives, to the bit.
#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "pitot/fit.hpp"
#include "pitot/observe.hpp"
#include "support/temp_folder.hpp"
#include "unit/c_api/fleet.hpp"

namespace pitot::test {
namespace {

const std::filesystem::path kExamples = std::filesystem::path(PITOT_SOURCE_DIR) / "examples";

// The same numbers, NaN included.
void expect_same_bits(std::span<const double> a, std::span<const double> b) {
    ASSERT_EQ(a.size(), b.size());
    EXPECT_TRUE(a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0);
}

OwnedDataset read_example(const char* name) {
    OwnedDataset dataset;
    const std::string path = kExamples / name;
    pitot_input input{};
    input.path = path.c_str();
    EXPECT_EQ(pitot_dataset_read(&input, 1, nullptr, dataset.out()), PITOT_OK) << pitot_last_error();
    return dataset;
}

Dataset read_example_in_cpp(const char* name) { return read_dataset(std::array{kExamples / name}).value(); }

std::string digest_of(const OwnedDataset& dataset) {
    OwnedBytes digest;
    EXPECT_EQ(pitot_dataset_digest(dataset.get(), digest.out()), PITOT_OK);
    return content_of(digest);
}

std::string bytes_of(const pitot_model* model) {
    OwnedBytes bytes;
    EXPECT_EQ(pitot_model_to_bytes(model, bytes.out()), PITOT_OK);
    return content_of(bytes);
}

std::string bytes_of(const Predictor& predictor) {
    const auto bytes = predictor.to_bytes().value();
    std::string text(bytes.size(), '\0');
    std::memcpy(text.data(), bytes.data(), bytes.size());
    return text;
}

TEST(CSameAsCpp, DatasetsByPathBytesAndColumns) {
    const Dataset expected = read_example_in_cpp("beside.csv");
    const OwnedDataset dataset = read_example("beside.csv");
    EXPECT_EQ(digest_of(dataset), dataset_digest(expected));
    auto view = sized<pitot_dataset_view>();
    ASSERT_EQ(pitot_dataset_get(dataset.get(), &view), PITOT_OK);
    EXPECT_EQ(view.rows, expected.observations.size());
    EXPECT_EQ(view.rows_alone, expected.pools[kAlone].rows);
    EXPECT_EQ(view.co_runner_width, expected.observations.width);
    OwnedStrings platforms;
    OwnedStrings modules;
    ASSERT_EQ(pitot_dataset_names(dataset.get(), PITOT_PLATFORMS, platforms.out()), PITOT_OK);
    ASSERT_EQ(pitot_dataset_names(dataset.get(), PITOT_MODULES, modules.out()), PITOT_OK);
    EXPECT_EQ(texts_of(platforms), expected.platforms.names);

    // Its own columns make it again.
    pitot_side sides[2] = {sized<pitot_side>(), sized<pitot_side>()};
    ASSERT_EQ(pitot_strings_get(platforms.get(), &sides[0].names), PITOT_OK);
    ASSERT_EQ(pitot_strings_get(modules.get(), &sides[1].names), PITOT_OK);
    pitot_combinations rows{};
    rows.rows = view.rows;
    rows.platform = view.platform;
    rows.module = view.module;
    rows.co_runners = view.co_runners;
    rows.co_runner_width = view.co_runner_width;
    rows.co_runner_count = view.rows * view.co_runner_width;
    OwnedDataset again;
    ASSERT_EQ(pitot_dataset_from_columns(&sides[0], &sides[1], &rows, view.runtime_us, again.out()), PITOT_OK)
        << pitot_last_error();
    EXPECT_EQ(digest_of(again), digest_of(dataset));

    // So do the bytes of its archive, also compressed as files are.
    OwnedBytes bytes;
    ASSERT_EQ(pitot_dataset_to_bytes(dataset.get(), PITOT_LAYOUT_INDEX, bytes.out()), PITOT_OK);
    const std::string content = content_of(bytes);
    pitot_input input{};
    input.data = content.data();
    input.size = static_cast<std::int64_t>(content.size());
    ASSERT_EQ(pitot_dataset_read(&input, 1, nullptr, again.out()), PITOT_OK) << pitot_last_error();
    EXPECT_EQ(digest_of(again), digest_of(dataset));
}

TEST(CSameAsCpp, CountsOfModules) {
    const Fleet fleet;
    const OwnedDataset dataset = fleet.dataset();
    const double* values = nullptr;
    std::int64_t rows = 0;
    std::int64_t columns = 0;
    ASSERT_EQ(pitot_dataset_features(dataset.get(), PITOT_MODULES, &values, &rows, &columns), PITOT_OK);
    ASSERT_EQ(rows, kFleetModules);
    ASSERT_EQ(columns, 2);
    for (std::size_t k = 0; k < fleet.module_values.size(); ++k) {
        EXPECT_EQ(values[k], std::log1p(fleet.module_values[k]));
    }
    OwnedStrings names;
    ASSERT_EQ(pitot_dataset_feature_names(dataset.get(), PITOT_MODULES, names.out()), PITOT_OK);
    EXPECT_EQ(texts_of(names), (std::vector<std::string>{"loops", "calls"}));
}

TEST(CSameAsCpp, Configurations) {
    OwnedConfig config;
    OwnedConfig again;
    OwnedBytes json;
    ASSERT_EQ(pitot_config_preset("embedding/32", config.out()), PITOT_OK);
    ASSERT_EQ(pitot_config_set(config.get(), "train.folds=3"), PITOT_OK);
    ASSERT_EQ(pitot_config_apply_json(config.get(), R"({"seed": 7})", 11), PITOT_OK) << pitot_last_error();
    FitConfig expected = preset("embedding/32").value();
    expected.train.folds = 3;
    expected.seed = 7;
    ASSERT_EQ(pitot_config_to_json(config.get(), json.out()), PITOT_OK);
    EXPECT_EQ(content_of(json), to_json(expected));
    const std::string text = content_of(json);
    ASSERT_EQ(pitot_config_from_json(text.data(), static_cast<std::int64_t>(text.size()), nullptr, again.out()),
              PITOT_OK);
    ASSERT_EQ(pitot_config_to_json(again.get(), json.out()), PITOT_OK);
    EXPECT_EQ(content_of(json), text);
    const TempFolder folder;
    const std::string file = folder / "config.json";
    ASSERT_EQ(pitot_config_save(config.get(), file.c_str()), PITOT_OK);
    ASSERT_EQ(pitot_config_load(file.c_str(), nullptr, again.out()), PITOT_OK) << pitot_last_error();
    ASSERT_EQ(pitot_config_to_json(again.get(), json.out()), PITOT_OK);
    EXPECT_EQ(content_of(json), text);
    // A failed change leaves a configuration as it was.
    EXPECT_NE(pitot_config_apply_json(config.get(), R"({"seed": 9, "no": 1})", 20), PITOT_OK);
    ASSERT_EQ(pitot_config_to_json(config.get(), json.out()), PITOT_OK);
    EXPECT_EQ(content_of(json), text);
}

// Every pair alone.
struct Grid {
    explicit Grid(const Predictor& predictor) {
        for (std::int32_t i = 0; i < predictor.platforms().size(); ++i) {
            for (std::int32_t j = 0; j < predictor.modules().size(); ++j) {
                platform.push_back(i);
                module.push_back(j);
            }
        }
    }
    std::vector<std::int32_t> platform;
    std::vector<std::int32_t> module;
};

void expect_same_predictions(const pitot_model* model, const Predictor& predictor) {
    constexpr std::array confidences{0.5, 0.9, 0.99};
    const Grid grid(predictor);
    const std::size_t rows = grid.platform.size();
    const auto expected = predictor.predict({grid.platform, grid.module, {}, 0}, confidences, Sides::kBoth).value();
    std::vector<double> runtime(rows);
    std::vector<double> deviation(rows);
    std::vector<double> upper(rows * 3);
    std::vector<double> lower(rows * 3);
    std::vector<std::uint8_t> basis(rows);
    std::vector<std::uint8_t> no_bound(rows * 3);
    pitot_combinations asked{};
    asked.rows = static_cast<std::int64_t>(rows);
    asked.platform = grid.platform.data();
    asked.module = grid.module.data();
    auto out = sized<pitot_predictions>();
    out.runtime_us = runtime.data();
    out.deviation = deviation.data();
    out.upper_us = upper.data();
    out.lower_us = lower.data();
    out.basis = basis.data();
    out.no_bound = no_bound.data();
    ASSERT_EQ(pitot_predict(model, &asked, confidences.data(), 3, &out), PITOT_OK) << pitot_last_error();
    expect_same_bits(runtime, expected.runtime_us);
    expect_same_bits(deviation, expected.deviation);
    expect_same_bits(upper, expected.bound_us.flat());
    expect_same_bits(lower, expected.lower_us.flat());
    for (std::size_t n = 0; n < rows; ++n) {
        EXPECT_EQ(basis[n], static_cast<std::uint8_t>(expected.basis[n]));
        for (std::size_t c = 0; c < 3; ++c) {
            const auto source = predictor.bound_source(grid.platform[n], grid.module[n], confidences.at(c)).value();
            EXPECT_EQ(no_bound[n * 3 + c], static_cast<std::uint8_t>(source.missing));
        }
    }
    // Each answer wanted alone is the same, and so is the rest when it is not.
    for (const int only : {0, 1, 2, 3, 4}) {
        std::vector<double> numbers(rows * 3);
        std::vector<std::uint8_t> reasons(rows * 3);
        auto one = sized<pitot_predictions>();
        std::array<double**, 4> places{&one.runtime_us, &one.deviation, &one.upper_us, &one.lower_us};
        const std::array<std::span<const double>, 4> answers{runtime, deviation, upper, lower};
        if (only < 4) {
            *places.at(static_cast<std::size_t>(only)) = numbers.data();
        } else {
            one.no_bound = reasons.data();
        }
        ASSERT_EQ(pitot_predict(model, &asked, confidences.data(), 3, &one), PITOT_OK) << pitot_last_error();
        if (only < 4) {
            const auto answer = answers.at(static_cast<std::size_t>(only));
            expect_same_bits(std::span(numbers).first(answer.size()), answer);
        } else {
            EXPECT_EQ(reasons, no_bound);
        }
    }
}

TEST(CSameAsCpp, ModelsAndPredictionsOfEveryFamily) {
    const Dataset dataset = read_example_in_cpp("fleet.csv");
    const OwnedDataset in_c = read_example("fleet.csv");
    for (const char* name : {"kernel", "baseline/linear_scaling", "linear/32"}) {
        SCOPED_TRACE(name);
        FitConfig config = preset(name).value();
        OwnedConfig config_in_c;
        ASSERT_EQ(pitot_config_preset(name, config_in_c.out()), PITOT_OK);
        for (const char* field :
             {"train.folds=2", "train.checkpoints=3", "train.epoch_samples=1000", "seed=3", "calibration_share=0.2"}) {
            ASSERT_TRUE(apply_override(config, field));
            ASSERT_EQ(pitot_config_set(config_in_c.get(), field), PITOT_OK);
        }
        const Predictor predictor = fit(dataset, config).value();
        OwnedModel model;
        auto run = sized<pitot_run_options>();
        run.threads = 1;
        ASSERT_EQ(pitot_fit(in_c.get(), config_in_c.get(), &run, model.out()), PITOT_OK) << pitot_last_error();
        EXPECT_EQ(bytes_of(model.get()), bytes_of(predictor));
        expect_same_predictions(model.get(), predictor);
    }
}

TEST(CSameAsCpp, WhatWasObserved) {
    const Predictor predictor =
        fit(read_example_in_cpp("fleet.csv"), default_config(read_example_in_cpp("fleet.csv"))).value();
    const auto expected = predictor.observe(read_example_in_cpp("today.csv")).value();
    OwnedModel model;
    OwnedModel learned;
    OwnedObservation told;
    ASSERT_EQ(pitot_fit(read_example("fleet.csv").get(), nullptr, nullptr, model.out()), PITOT_OK);
    ASSERT_EQ(pitot_observe(model.get(), read_example("today.csv").get(), learned.out(), told.out()), PITOT_OK);
    EXPECT_EQ(bytes_of(learned.get()), bytes_of(expected.predictor));
    auto view = sized<pitot_observation_view>();
    ASSERT_EQ(pitot_observation_get(told.get(), &view), PITOT_OK);
    EXPECT_EQ(view.runs, expected.observation.runs);
    EXPECT_EQ(view.new_pairs, expected.observation.new_pairs);
    EXPECT_EQ(view.surprise, expected.observation.surprise);
    EXPECT_EQ(view.mean_error, expected.observation.mean_error);
    EXPECT_EQ(view.reason, expected.observation.reason);
    EXPECT_EQ(view.refit_due == 1, expected.observation.refit_due);
}

}  // namespace
}  // namespace pitot::test
