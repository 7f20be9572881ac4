// What only the C interface has: ragged co-runners, names in bulk, notes, a stop flag, errors of a thread's own.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "unit/c_api/fleet.hpp"

namespace pitot::test {
namespace {

std::vector<double> upper_bounds(const pitot_combinations& rows) {
    std::vector<double> upper(static_cast<std::size_t>(rows.rows));
    auto out = sized<pitot_predictions>();
    out.upper_us = upper.data();
    const double confidence = 0.8;
    EXPECT_EQ(pitot_predict(fleet_model().get(), &rows, &confidence, 1, &out), PITOT_OK) << pitot_last_error();
    return upper;
}

TEST(CModel, RaggedCoRunnersAreTheSameAsAMatrix) {
    const Fleet fleet;
    const pitot_combinations ragged = fleet.rows();
    std::vector<std::int32_t> matrix;
    for (std::size_t n = 0; n < fleet.platform.size(); ++n) {
        for (std::int64_t k = 0; k < 2; ++k) {
            const std::int64_t at = fleet.offsets[n] + k;
            matrix.push_back(at < fleet.offsets[n + 1] ? fleet.co_runners[static_cast<std::size_t>(at)] : -1);
        }
    }
    pitot_combinations square = ragged;
    square.co_runners = matrix.data();
    square.co_runner_offsets = nullptr;
    square.co_runner_count = std::ssize(matrix);
    square.co_runner_width = 2;
    EXPECT_EQ(upper_bounds(ragged), upper_bounds(square));
}

TEST(CModel, ARowBesideVeryManyTakesNoMemoryOfTheOthers) {
    Fleet fleet;
    for (std::int32_t n = 0; n < 20'000; ++n) {
        fleet.add(n % kFleetPlatforms, n % kFleetModules, {}, 1.0);
    }
    const std::vector<double> without = upper_bounds(fleet.rows());
    fleet.add(0, 0, std::vector<std::int32_t>(300'000, -1), 1.0);
    const std::vector<double> with = upper_bounds(fleet.rows());
    ASSERT_EQ(with.size(), without.size() + 1);
    EXPECT_TRUE(std::equal(without.begin(), without.end(), with.begin()));
    EXPECT_EQ(with.back(), without.front());
}

TEST(CModel, NamesThereAndBack) {
    OwnedStrings all;
    ASSERT_EQ(pitot_model_names(fleet_model().get(), PITOT_MODULES, all.out()), PITOT_OK);
    EXPECT_EQ(texts_of(all), numbered("module", kFleetModules));
    const std::vector<std::string> asked{"module7", "nothing", "", "module0"};
    const TextColumn column(asked);
    const pitot_texts names = column.view();
    std::vector<std::int32_t> rows(4, 99);
    ASSERT_EQ(pitot_model_find(fleet_model().get(), PITOT_MODULES, &names, 1, rows.data()), PITOT_OK);
    EXPECT_EQ(rows, (std::vector<std::int32_t>{7, -1, -1, 0}));
}

TEST(CModel, RowsAppendedAndWhatIsKnownOfThem) {
    const std::vector<std::string> named{"new"};
    const TextColumn names(named);
    const std::vector<std::string> features{"calls", "loops"};  // in another order than the model's
    const TextColumn feature_names(features);
    const double values[2] = {1.0, 700.0};
    auto side = sized<pitot_side>();
    side.names = names.view();
    side.feature_names = feature_names.view();
    side.features = values;
    side.counts = 1;
    OwnedModel more;
    ASSERT_EQ(pitot_model_with_rows(fleet_model().get(), nullptr, &side, more.out()), PITOT_OK) << pitot_last_error();
    auto view = sized<pitot_model_view>();
    ASSERT_EQ(pitot_model_get(more.get(), &view), PITOT_OK);
    EXPECT_EQ(view.modules, kFleetModules + 1);
    EXPECT_EQ(view.learns_on, 1);
    std::vector<std::uint8_t> basis(static_cast<std::size_t>(view.modules));
    std::vector<std::int64_t> runs(basis.size());
    ASSERT_EQ(pitot_model_rows(more.get(), PITOT_MODULES, basis.data(), runs.data(), nullptr, nullptr), PITOT_OK);
    EXPECT_EQ(basis.front(), PITOT_BASIS_MEASURED);
    EXPECT_EQ(basis.back(), PITOT_BASIS_FEATURES);
    EXPECT_EQ(runs.back(), 0);
    EXPECT_GT(runs.front(), 0);
}

TEST(CModel, NotesSayWhichBoundsThereAreNot) {
    Fleet fleet;
    OwnedConfig config;
    OwnedModel model;
    OwnedStrings notes;
    ASSERT_EQ(pitot_config_preset("baseline/linear_scaling", config.out()), PITOT_OK);
    ASSERT_EQ(pitot_config_set(config.get(), "calibration_share=0.01"), PITOT_OK);
    ASSERT_EQ(pitot_fit(fleet.dataset().get(), config.get(), nullptr, model.out()), PITOT_OK);
    ASSERT_EQ(pitot_model_notes(model.get(), notes.out()), PITOT_OK);
    const auto texts = texts_of(notes);
    ASSERT_FALSE(texts.empty());
    EXPECT_NE(texts.back().find("no bounds alone"), std::string::npos) << texts.back();
}

pitot_config* long_config() {
    pitot_config* config = nullptr;
    EXPECT_EQ(pitot_config_preset("linear/128", &config), PITOT_OK);
    EXPECT_EQ(pitot_config_set(config, "train.steps=100000000"), PITOT_OK);
    return config;
}

// Fits for days, unless it is stopped.
pitot_status long_fit(pitot_run_options run) {
    static const OwnedDataset dataset = Fleet().dataset();
    pitot_config* config = long_config();
    pitot_model* model = nullptr;
    const pitot_status status = pitot_fit(dataset.get(), config, &run, &model);
    EXPECT_EQ(model, nullptr);
    pitot_config_free(config);
    return status;
}

TEST(CModel, AFlagStopsAFit) {
    OwnedStop stop;
    ASSERT_EQ(pitot_stop_new(stop.out()), PITOT_OK);
    std::thread other([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        EXPECT_EQ(pitot_stop_request(stop.get()), PITOT_OK);
    });
    auto run = sized<pitot_run_options>();
    run.stop = stop.get();
    EXPECT_EQ(long_fit(run), PITOT_ERROR_CANCELLED) << pitot_last_error();
    other.join();
    EXPECT_EQ(long_fit(run), PITOT_ERROR_CANCELLED);  // it stays so
}

TEST(CModel, ProgressStopsAFit) {
    static std::atomic<int> calls{0};
    auto run = sized<pitot_run_options>();
    run.progress = [](std::int64_t, std::int64_t, void* data) -> std::int32_t {
        ++calls;
        return *static_cast<const int*>(data);
    };
    int answer = 1;
    run.progress_data = &answer;
    EXPECT_EQ(long_fit(run), PITOT_ERROR_CANCELLED) << pitot_last_error();
    EXPECT_GT(calls.load(), 0);
}

TEST(CModel, AProgressFunctionThatThrowsIsAnError) {
    auto run = sized<pitot_run_options>();
    run.progress = [](std::int64_t, std::int64_t, void*) -> std::int32_t { throw std::runtime_error("from C++"); };
    EXPECT_EQ(long_fit(run), PITOT_ERROR_USAGE);
    EXPECT_NE(std::string(pitot_last_error()).find("progress"), std::string::npos);
}

TEST(CModel, ErrorsAreTheThreadsOwn) {
    EXPECT_NE(pitot_config_set(nullptr, ""), PITOT_OK);
    const std::string mine = pitot_last_error();
    std::thread([] {
        EXPECT_STREQ(pitot_last_error(), "");
        EXPECT_EQ(pitot_last_error_status(), PITOT_OK);
        EXPECT_EQ(pitot_model_load("/nowhere", nullptr), PITOT_ERROR_USAGE);
    }).join();
    EXPECT_EQ(pitot_last_error(), mine);
    EXPECT_EQ(pitot_presets(nullptr, nullptr), PITOT_OK);
    EXPECT_EQ(pitot_last_error(), mine);  // a call that succeeds changes nothing
}

TEST(CModel, EvaluationsAsNumbersAndAsJson) {
    OwnedConfig config;
    OwnedEvaluation evaluation;
    ASSERT_EQ(pitot_config_preset("baseline/linear_scaling", config.out()), PITOT_OK);
    const double confidences[1] = {0.5};
    auto options = sized<pitot_evaluate_options>();
    options.share = 0.6;
    options.replicates = 3;
    options.confidences = confidences;
    options.confidence_count = 1;
    ASSERT_EQ(pitot_evaluate(Fleet().dataset().get(), config.get(), &options, nullptr, evaluation.out()), PITOT_OK)
        << pitot_last_error();
    OwnedBytes bytes;
    ASSERT_EQ(pitot_evaluation_to_json(evaluation.get(), bytes.out()), PITOT_OK);
    const auto json = nlohmann::json::parse(content_of(bytes));
    auto view = sized<pitot_evaluation_view>();
    ASSERT_EQ(pitot_evaluation_get(evaluation.get(), &view), PITOT_OK);
    EXPECT_EQ(view.replicates, 3);
    EXPECT_EQ(view.complete, 1);
    EXPECT_EQ(json["share"].get<double>(), 0.6);
    ASSERT_EQ(view.objectives, static_cast<std::int64_t>(json["objectives"].size()));
    for (std::int64_t i = 0; i < view.objectives; ++i) {
        auto objective = sized<pitot_objective_view>();
        ASSERT_EQ(pitot_evaluation_objective(evaluation.get(), i, &objective), PITOT_OK);
        const auto& told = json["objectives"][static_cast<std::size_t>(i)];
        EXPECT_EQ(told["objective"], objective.objective);
        EXPECT_EQ(told["model"]["mape"]["mean"].get<double>(), objective.error);
        ASSERT_EQ(objective.replicate_errors, 3);
        EXPECT_EQ(told["model"]["replicates"][2].get<double>(), objective.replicate_error[2]);
        EXPECT_EQ(told["baseline"]["percentile"][99].get<double>(), objective.baseline_percentiles[99]);
        for (std::int64_t b = 0; b < objective.bounds; ++b) {
            auto bound = sized<pitot_bound_view>();
            ASSERT_EQ(pitot_evaluation_bound(evaluation.get(), i, b, &bound), PITOT_OK);
            EXPECT_EQ(bound.confidence, 0.5);
            if (bound.unavailable[0] == '\0') {
                EXPECT_EQ(told["bounds"][static_cast<std::size_t>(b)]["coverage"]["mean"].get<double>(),
                          bound.coverage);
            }
        }
    }
}

TEST(CModel, EvidenceOfCombinations) {
    const Fleet fleet;
    const pitot_combinations rows = fleet.rows();
    std::vector<std::uint8_t> evidence(fleet.platform.size());
    ASSERT_EQ(pitot_evidence(fleet_model().get(), &rows, evidence.data()), PITOT_OK);
    for (const std::uint8_t known : evidence) {
        EXPECT_TRUE(known == PITOT_EVIDENCE_LEARNED || known == PITOT_EVIDENCE_SET_ASIDE) << int{known};
    }
    Fleet other;
    other.add(0, 0, {9, 9}, 1.0);
    const pitot_combinations more = other.rows();
    evidence.resize(other.platform.size());
    ASSERT_EQ(pitot_evidence(fleet_model().get(), &more, evidence.data()), PITOT_OK);
    EXPECT_EQ(evidence.back(), PITOT_EVIDENCE_NONE);
}

}  // namespace
}  // namespace pitot::test
