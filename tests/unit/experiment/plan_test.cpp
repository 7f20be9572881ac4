// What a sweep finds before it trains: damage, conflicts, runs that cannot be done; and summaries that are out of date.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/atomic_file.hpp"
#include "experiment/results.hpp"
#include "experiment/summary.hpp"
#include "experiment/sweep.hpp"
#include "pitot/remedy.hpp"
#include "support/small_sweep.hpp"
#include "support/synthetic.hpp"
#include "support/temp_folder.hpp"

namespace pitot::experiment {
namespace {

namespace fs = std::filesystem;

bool says(const Error& error, const std::string& text) { return error.message().find(text) != std::string::npos; }

// Results of linear/32 at shares 0.5 and 0.8.
class Planned : public ::testing::Test {
protected:
    void SetUp() override {
        dataset_.sources = {"made up.npz"};
        train(options());
    }
    SweepOptions options() const { return test::small_sweep(folder_.path(), {"linear/32"}); }
    void train(const SweepOptions& options) {
        std::vector<std::string> done;
        ASSERT_TRUE(test::run_quietly(plan_sweep(dataset_, options).value(), dataset_, done));
    }
    void summarise_all() {
        ASSERT_TRUE(core::write_text(folder_ / "linear/32/summary.json",
                                     to_json(summarise(folder_.path(), "linear/32", dataset_).value())));
    }
    Result<Summary> read() const { return read_summary(folder_.path(), "linear/32"); }
    RunState state(const SweepOptions& options, std::size_t run) const {
        return plan_sweep(dataset_, options).value().runs.at(run).state;
    }

    test::TempFolder folder_;
    Dataset dataset_ = test::synthetic_dataset();
};

TEST_F(Planned, AnEmptyArchiveIsDoneAgain) {
    fs::resize_file(folder_ / "linear/32/0.5.npz", 0);
    const auto summary = summarise(folder_.path(), "linear/32", dataset_);
    ASSERT_FALSE(summary);
    EXPECT_EQ(summary.error().code(), ErrorCode::kInput);
    EXPECT_EQ(summary.error().remedy(), Remedy::kRepeatResults);
    EXPECT_EQ(summary.error().remedy_about(), std::vector<std::string>{(folder_ / "linear/32/0.5.npz").string()});
    EXPECT_EQ(state(options(), 0), RunState::kDamaged);
    EXPECT_EQ(state(options(), 1), RunState::kDone);
    train(options());
    EXPECT_TRUE(summarise(folder_.path(), "linear/32", dataset_));
}

TEST_F(Planned, AnArchiveWithoutWhatItsRecordSaysIsDoneAgain) {
    fs::copy_file(folder_ / "linear/32/0.8.npz", folder_ / "linear/32/kept");
    auto other = options();
    other.shares = {0.8};
    other.replicates = 3;
    other.force = true;
    train(other);
    fs::copy_file(folder_ / "linear/32/kept", folder_ / "linear/32/0.8.npz", fs::copy_options::overwrite_existing);
    other.force = false;
    EXPECT_EQ(state(other, 0), RunState::kDamaged);
}

// Only reading an archive to its end tells; that is what force does.
TEST_F(Planned, ForceFindsAWrongByte) {
    const fs::path archive = folder_ / "linear/32/0.5.npz";
    {
        std::fstream file(archive, std::ios::in | std::ios::out | std::ios::binary);
        const auto middle = static_cast<std::streamoff>(fs::file_size(archive) / 2);
        file.seekg(middle);
        const int byte = file.get();
        file.seekp(middle);
        file.put(static_cast<char>(byte ^ 0x55));
    }
    auto forced = options();
    forced.force = true;
    EXPECT_EQ(state(forced, 0), RunState::kDamaged);
    EXPECT_EQ(state(forced, 1), RunState::kDone);
    train(forced);
    EXPECT_TRUE(summarise(folder_.path(), "linear/32", dataset_));
}

TEST_F(Planned, EveryConflictIsKeptWithBothConfigurationsAndStopsTheSweep) {
    const std::string before = test::content_of(folder_ / "linear/32/0.5.json");
    auto other = options();
    other.replicates = 4;
    other.shares = {0.5, 0.7, 0.8};
    const Sweep sweep = plan_sweep(dataset_, other).value();
    ASSERT_EQ(sweep.conflicts.size(), 2U);
    EXPECT_EQ(sweep.conflicts[1].run, 2U);
    EXPECT_EQ(sweep.conflicts[1].there.config.train.replicates, 2);
    ASSERT_EQ(sweep.conflicts[1].different.size(), 1U);
    EXPECT_EQ(sweep.conflicts[1].different[0].field, "train.replicates");
    EXPECT_EQ(sweep.conflicts[1].different[0].there, "2");
    EXPECT_EQ(sweep.conflicts[1].different[0].here, "4");
    EXPECT_EQ(sweep.runs[1].state, RunState::kToDo);
    EXPECT_NE(configuration_json(sweep.record_of(sweep.runs[2])).find("\"replicates\":4"), std::string::npos);
    std::vector<std::string> done;
    EXPECT_FALSE(test::run_quietly(sweep, dataset_, done));
    EXPECT_TRUE(done.empty());
    EXPECT_EQ(test::content_of(folder_ / "linear/32/0.5.json"), before);
}

TEST_F(Planned, AnotherBackendIsAConflict) {
    auto other = options();
    other.backend = "reference";
    const Sweep sweep = plan_sweep(dataset_, other).value();
    ASSERT_EQ(sweep.conflicts.size(), 2U);
    EXPECT_TRUE(says(sweep.check_conflicts().error(), "backend: cpu there, reference here"));
}

TEST_F(Planned, AnotherPrecisionOfACardIsAConflict) {
    auto record = nlohmann::ordered_json::parse(test::content_of(folder_ / "linear/32/0.5.json"));
    EXPECT_FALSE(record.contains("precision")) << "the processor leaves no choice";
    record["backend"] = "cuda";
    record["precision"] = "tf32";
    folder_.put("linear/32/0.5.json", record.dump());
    auto other = options();
    other.shares = {0.5};
    other.backend = "cuda";
    other.precision = recorded_precision({.backend = "cuda", .precision = "tf32"});
    EXPECT_EQ(state(other, 0), RunState::kDone);
    other.precision = recorded_precision({.backend = "cuda"});  // what "auto" means
    EXPECT_EQ(state(other, 0), RunState::kDone);
    other.precision = recorded_precision({.backend = "cuda", .precision = "bf16"});
    const Sweep sweep = plan_sweep(dataset_, other).value();
    ASSERT_EQ(sweep.conflicts.size(), 1U);
    EXPECT_TRUE(says(sweep.check_conflicts().error(), "precision: tf32 there, bf16 here"));
    const std::string made = to_json(sweep.record_of(sweep.runs[0]));
    EXPECT_EQ(nlohmann::ordered_json::parse(made)["precision"], "bf16");
    record["precision"] = "auto";  // written by earlier versions
    folder_.put("linear/32/0.5.json", record.dump());
    other.precision = "tf32";
    EXPECT_EQ(state(other, 0), RunState::kDone);
    EXPECT_EQ(recorded_precision({.precision = "fp32"}), "");
    FitConfig kernel = sweep.runs[0].config;
    kernel.model.family = Family::kKernel;
    EXPECT_EQ(sweep.record_of({"kernel", kernel}).precision, "") << "in double precision whatever is asked for";
}

// `objectives` is what the published program's summary and simulation read; records from before have none.
TEST_F(Planned, RecordsListObjectivesAndOlderOnesAreRead) {
    const auto file = [](const fs::path& path) { return nlohmann::ordered_json::parse(test::content_of(path)); };
    auto record = file(folder_ / "linear/32/0.5.json");
    EXPECT_EQ(record["config"]["objectives"].dump(),
              R"([{"name":"mf","batch_size":2048,"weight":1.0,"log":true,"save":null,"xkey":"x","ykey":"y"}])");
    record["config"].erase("objectives");
    record["schema"] = 1;
    folder_.put("linear/32/0.5.json", record.dump());
    EXPECT_EQ(state(options(), 0), RunState::kDone);

    auto paragon = options();
    paragon.methods = {"paragon/32"};
    const Dataset together = test::synthetic_dataset({.together = 100});
    std::vector<std::string> done;
    ASSERT_TRUE(test::run_quietly(plan_sweep(together, paragon).value(), together, done));
    const auto objectives = file(folder_ / "paragon/32/0.5.json")["config"]["objectives"];
    ASSERT_EQ(objectives.size(), 2U);
    EXPECT_FALSE(objectives[0]["log"].get<bool>());
    EXPECT_EQ(objectives[1]["name"].get<std::string>(), "if");
    EXPECT_EQ(objectives[1]["save"].get<std::string>(), "C_ijk_hat");
    EXPECT_EQ(plan_sweep(together, paragon).value().to_do(), 0);
}

TEST_F(Planned, ASummaryHasItsSharesOnTopAndOlderOnesAreRead) {
    summarise_all();
    auto json = nlohmann::ordered_json::parse(test::content_of(folder_ / "linear/32/summary.json"));
    EXPECT_EQ(json["splits"].dump(), "[0.5,0.8]");
    EXPECT_FALSE(json["mf"].contains("splits"));
    json["mf"]["splits"] = json["splits"];
    json.erase("splits");
    json["schema"] = 1;
    folder_.put("linear/32/summary.json", json.dump());
    ASSERT_TRUE(read()) << read().error().to_string();
    EXPECT_EQ(read()->objectives.at("mf").shares, (std::vector<double>{0.5, 0.8}));
}

TEST_F(Planned, ASummaryOfReplacedResultsIsRefused) {
    summarise_all();
    ASSERT_TRUE(read());
    auto other = options();
    other.shares = {0.8};
    other.replicates = 3;
    other.force = true;
    train(other);
    ASSERT_FALSE(read());
    EXPECT_TRUE(says(read().error(), "share 0.8 was replaced")) << read().error().message();
    EXPECT_TRUE(says(read().error(), "make it again")) << read().error().message();
    summarise_all();
    EXPECT_TRUE(read());
}

TEST_F(Planned, ASummaryWithoutAShareThatIsThereIsRefused) {
    summarise_all();
    auto more = options();
    more.shares = {0.7};
    train(more);
    ASSERT_FALSE(read());
    EXPECT_TRUE(says(read().error(), "share 0.7 was added")) << read().error().message();
    summarise_all();
    fs::remove(folder_ / "linear/32/0.5.npz");  // its numbers stay true
    EXPECT_TRUE(read());
}

TEST_F(Planned, NamesOfResultsAreExpanded) {
    EXPECT_EQ(expand_results(folder_.path(), {"linear/*", "linear/32"}).value(),
              (std::vector<std::string>{"linear/32"}));
    const auto none = expand_results(folder_.path(), {"linaer/*"});
    ASSERT_FALSE(none);
    EXPECT_TRUE(says(none.error(), "linear/32")) << none.error().message();
    const auto missing = expand_results(folder_.path(), {"linear/64"});
    ASSERT_FALSE(missing);
    EXPECT_TRUE(missing.error().remedy() == Remedy::kMakeResults);
    const auto misspelt = expand_results(folder_.path(), {"linaer/32"});
    ASSERT_FALSE(misspelt);
    EXPECT_EQ(misspelt.error().code(), ErrorCode::kUsage);
    EXPECT_FALSE(says(misspelt.error(), "experiments linaer/32")) << misspelt.error().message();
    EXPECT_TRUE(says(misspelt.error(), "did you mean 'linear/32'")) << misspelt.error().message();
}

TEST(Plan, SharesAreNamedApartAndCountOnce) {
    EXPECT_NE(share_name(0.12345671), share_name(0.12345672));
    EXPECT_EQ(share_name(0.9999999), "0.9999999");
    const test::TempFolder folder;
    auto options = test::small_sweep(folder.path(), {"linear/32"});
    options.shares = {0.9, 0.5, 0.9};
    EXPECT_EQ(plan_sweep(test::synthetic_dataset(), options).value().runs.size(), 2U);
}

TEST(Plan, RunsThatCannotBeDoneAreRefusedBeforeAnyIsTrained) {
    const test::TempFolder folder;
    const Dataset dataset = test::synthetic_dataset();
    auto options = test::small_sweep(folder.path(), {"linear/32"});
    options.shares = {0.9, 0.1};
    options.epoch_samples = 600;
    const auto no_steps = plan_sweep(dataset, options);
    ASSERT_FALSE(no_steps);
    EXPECT_EQ(no_steps.error().code(), ErrorCode::kUsage);
    EXPECT_TRUE(says(no_steps.error(), "share 0.1") && says(no_steps.error(), "1000")) << no_steps.error().message();
    options.epoch_samples = 1000;
    EXPECT_TRUE(plan_sweep(dataset, options));
    options.shares = {0.9, 0.9999};
    const auto no_test = plan_sweep(dataset, options);
    ASSERT_FALSE(no_test);
    EXPECT_TRUE(says(no_test.error(), "share 0.9999 leaves none")) << no_test.error().message();
    options.shares = {0.9};
    options.replicates = 1'000'000;
    options.folds = 1000;
    EXPECT_FALSE(plan_sweep(dataset, options));
}

TEST(Plan, PresetsOfInterferenceWantTheirNumberOfCoRunners) {
    const test::TempFolder folder;
    const auto plan = [&](const Dataset& dataset, const char* method) {
        return plan_sweep(dataset, test::small_sweep(folder.path(), {method}));
    };
    const Dataset one = test::synthetic_dataset({.together = 60, .width = 1});
    Dataset two = test::synthetic_dataset({.together = 60, .width = 2});
    EXPECT_TRUE(plan(one, "interference/2"));
    EXPECT_TRUE(plan(two, "interference3/2"));
    const auto too_many = plan(two, "interference/ignore");
    ASSERT_FALSE(too_many);
    EXPECT_EQ(too_many.error().code(), ErrorCode::kInput);
    EXPECT_TRUE(says(too_many.error(), "such as data/data.if.npz")) << too_many.error().message();
    const auto too_few = plan(one, "interference3/no-smt");
    ASSERT_FALSE(too_few);
    EXPECT_TRUE(says(too_few.error(), "such as data/data.if3.mc.npz")) << too_few.error().message();
    two.observations.co_runner.edit().back() = -1;  // a dataset of both kinds suits both
    EXPECT_TRUE(plan(two, "interference/2"));
    EXPECT_TRUE(plan(two, "interference3/2"));
}

// It learns from rows beside others where there are some, and does without where there are none.
TEST(Plan, KernelTakesADatasetWithoutCoRunners) {
    const test::TempFolder folder;
    const auto sweep =
        plan_sweep(test::synthetic_dataset({.together = 0}), test::small_sweep(folder.path(), {"kernel"}));
    ASSERT_TRUE(sweep) << sweep.error().message();
    EXPECT_FALSE(sweep->runs.empty());
}

// A preset that its dataset does not suit is refused before those that come first are trained.
TEST(Plan, WhatAFamilyRefusesIsRefusedBeforeAnyIsTrained) {
    const test::TempFolder folder;
    Dataset dataset = test::synthetic_dataset({.together = 0});
    dataset.modules.features = Matrix<double>(dataset.modules.size(), 0);
    dataset.modules.feature_names.clear();
    const auto sweep = plan_sweep(dataset, test::small_sweep(folder.path(), {"linear/32", "embedding/128"}));
    ASSERT_FALSE(sweep);
    EXPECT_EQ(sweep.error().code(), ErrorCode::kInput);
    EXPECT_TRUE(says(sweep.error(), "embedding/128")) << sweep.error().message();
}

}  // namespace
}  // namespace pitot::experiment
