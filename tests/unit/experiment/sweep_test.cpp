// Sweeps: what is written, what is skipped, refused or replaced, and that summaries agree with evaluate().
#include "experiment/sweep.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stop_token>
#include <string>
#include <vector>

#include "core/file_locks.hpp"
#include "core/read_file.hpp"
#include "experiment/results.hpp"
#include "experiment/summary.hpp"
#include "pitot/evaluate.hpp"
#include "pitot/remedy.hpp"
#include "support/small_sweep.hpp"
#include "support/synthetic.hpp"
#include "support/temp_folder.hpp"

namespace pitot::experiment {
namespace {

namespace fs = std::filesystem;

using test::small_sweep;

Result<void> run(const Sweep& sweep, const Dataset& dataset, std::vector<std::string>& done,
                 const Context& options = {}) {
    return test::run_quietly(sweep, dataset, done, options);
}

TEST(Sweep, PatternsStandForPresetsOnce) {
    const auto names = expand_methods({"features/*", "features/4", "linear/128"});
    ASSERT_TRUE(names);
    EXPECT_EQ(*names, (std::vector<std::string>{"features/0", "features/2", "features/4", "features/8", "features/16",
                                                "linear/128"}));
    const auto unknown = expand_methods({"linaer/128"});
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().code(), ErrorCode::kUsage);
    EXPECT_NE(unknown.error().message().find("linear/128"), std::string::npos);
    EXPECT_FALSE(expand_methods({"embeding/*"}));
}

TEST(Sweep, SharesAreNamedAsTheReferenceNamesThem) {
    EXPECT_EQ(share_name(0.9), "0.9");
    EXPECT_EQ(share_name(0.1), "0.1");
    EXPECT_EQ(share_name(0.25), "0.25");
}

TEST(Sweep, WritesEveryArrayInItsShape) {
    const test::TempFolder folder;
    const Dataset dataset = test::synthetic_dataset({.together = 60, .width = 1});
    auto options = small_sweep(folder.path() / "results", {"interference/2"});
    options.shares = {0.8};
    const auto sweep = plan_sweep(dataset, options);
    ASSERT_TRUE(sweep) << sweep.error().to_string();
    std::vector<std::string> done;
    ASSERT_TRUE(run(*sweep, dataset, done));
    const auto file = open_results(options.results, "interference/2", 0.8);
    ASSERT_TRUE(file) << file.error().to_string();
    const std::int64_t rows = dataset.pool(kAlone).size();
    const auto test_rows = static_cast<std::int64_t>(static_cast<double>(rows) * (1.0 - 0.8));
    using Shape = std::vector<std::int64_t>;
    const auto shape = [&](const char* name) { return file->info(name).value().shape; };
    EXPECT_EQ(shape("train_loss"), (Shape{2, 3, 3}));
    EXPECT_EQ(shape("val_loss"), (Shape{2, 3, 3}));
    EXPECT_EQ(shape("C_hat"), (Shape{2, 3, 12, 20}));
    EXPECT_EQ(shape("P"), (Shape{2, 3, 12, 128}));
    EXPECT_EQ(shape("M"), (Shape{2, 3, 20, 128}));
    EXPECT_EQ(shape("V_s"), (Shape{2, 3, 12, 128, 2}));
    EXPECT_EQ(shape("V_g"), (Shape{2, 3, 12, 128, 2}));
    EXPECT_EQ(shape("C_bar"), (Shape{2, 12, 20}));
    EXPECT_EQ(shape("p_bar"), (Shape{2, 12}));
    EXPECT_EQ(shape("m_bar"), (Shape{2, 20}));
    EXPECT_EQ(shape("mf_test"), (Shape{2, test_rows}));
    EXPECT_EQ(shape("mf_val")[2] + shape("mf_train")[2], rows - test_rows);
    EXPECT_EQ(shape("C_ijk_hat"), (Shape{2, 3, shape("if_test")[1]}));
    EXPECT_EQ(file->info("C_hat").value().kind, 'f');
    EXPECT_EQ(file->info("C_hat").value().item_size, 4);
    EXPECT_EQ(file->info("mf_test").value().kind, 'i');

    std::ifstream json(options.results / "interference/2/0.8.json");
    const auto record = nlohmann::json::parse(json);
    for (const char* key : {"config", "duration", "epoch_size", "epochs", "train_split", "dataset"}) {
        EXPECT_TRUE(record.contains(key)) << key;
    }
    EXPECT_EQ(record["epoch_size"], 16);
    EXPECT_EQ(record["epochs"], 3);
}

// C_hat is baseline + alpha p . m, C_ijk_hat adds the products of V_s and V_g: the arrays explain the predictions.
TEST(Sweep, FactorsGiveThePredictions) {
    const test::TempFolder folder;
    const Dataset dataset = test::synthetic_dataset({.together = 40, .width = 1});
    auto options = small_sweep(folder.path(), {"interference/2"});
    options.shares = {0.8};
    std::vector<std::string> done;
    ASSERT_TRUE(run(plan_sweep(dataset, options).value(), dataset, done));
    const formats::NpzReader file = open_results(options.results, "interference/2", 0.8).value();
    const auto p = file.values<double>("P").value();
    const auto m = file.values<double>("M").value();
    const auto c_hat = file.values<double>("C_hat").value();
    const auto c_bar = file.values<double>("C_bar").value();
    const auto v_s = file.values<double>("V_s").value();
    const auto v_g = file.values<double>("V_g").value();
    const auto together = file.values<double>("C_ijk_hat").value();
    const auto test_rows = file.values<std::int32_t>("if_test").value();
    const double alpha = preset("interference/2").value().model.alpha;
    const std::size_t model = 4, replicate = 1;  // fold 1 of replicate 1
    const auto pair = [&](std::size_t i, std::size_t j) {
        double dot = 0.0;
        for (std::size_t c = 0; c < 128; ++c) {
            dot += p[(model * 12 + i) * 128 + c] * m[(model * 20 + j) * 128 + c];
        }
        return c_bar[(replicate * 12 + i) * 20 + j] + alpha * dot;
    };
    EXPECT_NEAR(pair(3, 7), c_hat[(model * 12 + 3) * 20 + 7], 1e-4);
    const std::size_t rows = test_rows.size() / 2;
    const auto row = static_cast<std::size_t>(test_rows[replicate * rows]);
    const auto i = static_cast<std::size_t>(dataset.pool(kAlone + 1).platform[row]);
    const auto j = static_cast<std::size_t>(dataset.pool(kAlone + 1).module[row]);
    const auto k = static_cast<std::size_t>(dataset.pool(kAlone + 1).co_runner[row]);
    double expected = pair(i, j);
    for (std::size_t t = 0; t < 2; ++t) {
        double left = 0.0, right = 0.0;
        for (std::size_t c = 0; c < 128; ++c) {
            left += m[(model * 20 + j) * 128 + c] * v_s[((model * 12 + i) * 128 + c) * 2 + t];
            right += m[(model * 20 + k) * 128 + c] * v_g[((model * 12 + i) * 128 + c) * 2 + t];
        }
        expected += left * right;
    }
    EXPECT_NEAR(expected, together[model * rows], 1e-4);
}

TEST(Sweep, SkipsWhatIsThereRefusesWhatDiffersAndReplacesWhenForced) {
    const test::TempFolder folder;
    const Dataset dataset = test::synthetic_dataset();
    auto options = small_sweep(folder.path(), {"linear/32"});
    std::vector<std::string> done;
    ASSERT_TRUE(run(plan_sweep(dataset, options).value(), dataset, done));
    EXPECT_EQ(done, (std::vector<std::string>{"linear/32 0.5", "linear/32 0.8"}));
    options.shares = {0.5, 0.7, 0.8};
    const auto again = plan_sweep(dataset, options);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->to_do(), 1);

    auto other = options;
    other.replicates = 4;
    const auto refused = plan_sweep(dataset, other).value().check_conflicts();
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message().find("train.replicates: 2 there, 4 here"), std::string::npos);
    const auto elsewhere = plan_sweep(test::synthetic_dataset({.seed = 2}), options).value().check_conflicts();
    ASSERT_FALSE(elsewhere);
    EXPECT_NE(elsewhere.error().message().find("dataset"), std::string::npos);
    other.force = true;
    EXPECT_EQ(plan_sweep(dataset, other).value().to_do(), 3);
}

TEST(Sweep, EqualPresetsAreTrainedOnce) {
    const test::TempFolder folder;
    const Dataset dataset = test::synthetic_dataset();
    auto options = small_sweep(folder.path(), {"embedding/128", "features/4"});
    options.shares = {0.5};
    const Sweep sweep = plan_sweep(dataset, options).value();
    ASSERT_EQ(sweep.runs[1].state, RunState::kCopied);
    std::vector<std::string> done;
    ASSERT_TRUE(run(sweep, dataset, done));
    EXPECT_EQ(done.size(), 2U);
    const auto a = open_results(folder.path(), "embedding/128", 0.5).value().values<float>("C_hat").value();
    const auto b = open_results(folder.path(), "features/4", 0.5).value().values<float>("C_hat").value();
    EXPECT_EQ(a, b);
    EXPECT_EQ(read_record(folder.path() / "features/4/0.5.json").value().config.preset, "features/4");
    EXPECT_EQ(plan_sweep(dataset, options).value().to_do(), 0);
}

TEST(Sweep, StoppedItKeepsWhatIsDone) {
    const test::TempFolder folder;
    const Dataset dataset = test::synthetic_dataset();
    const auto options = small_sweep(folder.path(), {"linear/32"});
    std::stop_source stop;
    Context context;
    context.stop = stop.get_token();
    const auto ran = run_sweep(
        plan_sweep(dataset, options).value(), dataset, context, [](const SweepProgress&) {},
        [&](const SweepRun&, double) { stop.request_stop(); });
    EXPECT_TRUE(fs::exists(folder.path() / "linear/32/0.5.npz"));
    // The other may have been trained by then, and is whole in this case.
    EXPECT_EQ(plan_sweep(dataset, options).value().to_do(), ran ? 0 : 1);
    EXPECT_EQ(fs::exists(folder.path() / "linear/32/0.8.npz"), ran.has_value());
    EXPECT_TRUE(ran || ran.error().code() == ErrorCode::kCancelled);
}

TEST(Sweep, OneAtATimeWritesIntoAFolder) {
    const test::TempFolder folder;
    const Dataset dataset = test::synthetic_dataset();
    const Sweep sweep = plan_sweep(dataset, small_sweep(folder.path(), {"linear/32"})).value();
    std::vector<std::string> done;
    {
        const core::FolderHold hold(folder.path());
        ASSERT_FALSE(hold.taken());
        const auto refused = run(sweep, dataset, done);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code(), ErrorCode::kEnvironment);
        EXPECT_NE(refused.error().message().find("another pitot"), std::string::npos);
        EXPECT_TRUE(done.empty());
        const core::FolderLock single_file(folder.path());  // who puts one there does not wait
    }
    EXPECT_TRUE(run(sweep, dataset, done));
    EXPECT_EQ(done.size(), 2U);
    EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()), 1) << "the preset's";
}

// While the run that cannot be written is on its way, the next one trains.
TEST(Sweep, WhatCannotBeWrittenEndsIt) {
    const test::TempFolder folder;
    const Dataset dataset = test::synthetic_dataset();
    for (const int threads : {1, 2}) {
        auto options = small_sweep(folder.path() / std::to_string(threads), {"linear/32"});
        options.shares = {0.8, 0.7, 0.6, 0.5};
        const Sweep sweep = plan_sweep(dataset, options).value();
        Context context;
        context.threads = threads;
        std::vector<std::string> done;
        const auto ran = run_sweep(
            sweep, dataset, context, [](const SweepProgress&) {},
            [&](const SweepRun& next, double) {
                done.push_back(share_name(next.config.share));
                fs::create_directories(options.results / "linear/32/0.7.npz/in the way");
            });
        ASSERT_FALSE(ran);
        EXPECT_EQ(ran.error().code(), ErrorCode::kEnvironment);
        EXPECT_NE(ran.error().message().find("0.7.npz"), std::string::npos) << ran.error().message();
        EXPECT_EQ(done, (std::vector<std::string>{"0.8"}));
        EXPECT_FALSE(fs::exists(options.results / "linear/32/0.7.json"));
        EXPECT_FALSE(fs::exists(options.results / "linear/32/0.6.npz"));
        EXPECT_FALSE(fs::exists(options.results / "linear/32/0.5.npz"));
    }
}

// Predicted and written on any number of threads.
TEST(Sweep, ArraysDoNotDependOnThreads) {
    const Dataset dataset = test::synthetic_dataset({.together = 60, .width = 1});
    const test::TempFolder folder;
    for (const int threads : {1, 3}) {
        Context context;
        context.threads = threads;
        std::vector<std::string> done;
        auto options = small_sweep(folder.path() / std::to_string(threads), {"interference/2"});
        ASSERT_TRUE(run(plan_sweep(dataset, options).value(), dataset, done, context));
        EXPECT_EQ(done, (std::vector<std::string>{"interference/2 0.5", "interference/2 0.8"}));
    }
    for (const char* share : {"0.5.npz", "0.8.npz"}) {
        const auto bytes = [&](const char* threads) {
            return core::read_file(folder.path() / threads / "interference/2" / share).value();
        };
        EXPECT_EQ(bytes("1"), bytes("3")) << share;
    }
}

TEST(Sweep, WrongOptionsAreNamed) {
    const Dataset dataset = test::synthetic_dataset();
    const test::TempFolder folder;
    auto options = small_sweep(folder.path(), {"linear/32"});
    options.shares = {1.5};
    EXPECT_EQ(plan_sweep(dataset, options).error().code(), ErrorCode::kUsage);
    options = small_sweep(folder.path(), {"interference/discard"});
    const auto refused = plan_sweep(dataset, options);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::kInput);
    EXPECT_NE(refused.error().message().find("data.if.npz"), std::string::npos);
}

// The same splits and models as evaluate(): the errors agree but for the float32 of the arrays.
TEST(Summary, AgreesWithEvaluate) {
    const test::TempFolder folder;
    const Dataset dataset = test::synthetic_dataset({.together = 60});
    for (const std::string method : {"interference/2", "paragon/32", "baseline/linear_scaling"}) {
        auto options = small_sweep(folder.path(), {method});
        options.shares = {0.8};
        const Sweep sweep = plan_sweep(dataset, options).value();
        std::vector<std::string> done;
        ASSERT_TRUE(run(sweep, dataset, done));
        EvaluateOptions evaluate_options;
        evaluate_options.share = 0.8;
        evaluate_options.replicates = 2;
        const auto expected = evaluate(dataset, sweep.runs[0].config, evaluate_options);
        ASSERT_TRUE(expected) << expected.error().to_string();
        const auto summary = summarise(folder.path(), method, dataset);
        ASSERT_TRUE(summary) << summary.error().to_string();
        ASSERT_EQ(summary->objectives.size(), expected->objectives.size());
        for (const ObjectiveMetrics& objective : expected->objectives) {
            const ErrorMetrics& ours = summary->objectives.at(objective.objective).model.at(0);
            // evaluate() keeps slowdowns in the range of those measured, which 48 rows do not fill.
            const double held = method.starts_with("interference") ? 0.01 : 0.0;
            EXPECT_NEAR(ours.mape.mean, objective.model.mape.mean, held + 1e-5 * (1 + objective.model.mape.mean))
                << method;
            EXPECT_NEAR(ours.mape.std, objective.model.mape.std, held + 1e-5 * (1 + objective.model.mape.std))
                << method;
            EXPECT_NEAR(ours.percentile[5], objective.model.percentile[5], held + 1e-4) << method;
            EXPECT_NEAR(summary->objectives.at(objective.objective).baseline.at(0).mape.mean,
                        objective.baseline.mape.mean, 1e-5)
                << method;
        }
    }
}

TEST(Summary, IsReadBackAsItWasWritten) {
    const test::TempFolder folder;
    const Dataset dataset = test::synthetic_dataset();
    std::vector<std::string> done;
    ASSERT_TRUE(run(plan_sweep(dataset, small_sweep(folder.path(), {"linear/32"})).value(), dataset, done));
    const Summary summary = summarise(folder.path(), "linear/32", dataset).value();
    EXPECT_EQ(summary.objectives.at("mf").shares, (std::vector<double>{0.5, 0.8}));
    std::ofstream(folder.path() / "linear/32/summary.json") << to_json(summary);
    const Summary back = read_summary(folder.path(), "linear/32").value();
    EXPECT_EQ(back.objectives.at("mf").model.at(1).percentile, summary.objectives.at("mf").model.at(1).percentile);
    EXPECT_EQ(back.objectives.at("mf").baseline.at(0).replicates,
              summary.objectives.at("mf").baseline.at(0).replicates);
    EXPECT_EQ(methods_with_results(folder.path()).value(), (std::vector<std::string>{"linear/32"}));
}

TEST(Summary, NamesWhatMakesWhatIsMissing) {
    const test::TempFolder folder;
    const Dataset dataset = test::synthetic_dataset();
    const auto missing = summarise(folder.path(), "interference3/2", dataset);
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().remedy(), Remedy::kMakeResults);
    EXPECT_EQ(missing.error().remedy_about(), (std::vector<std::string>{folder.path().string(), "interference3/2"}));
    std::vector<std::string> done;
    ASSERT_TRUE(run(plan_sweep(dataset, small_sweep(folder.path(), {"linear/32"})).value(), dataset, done));
    const auto other = summarise(folder.path(), "linear/32", test::synthetic_dataset({.seed = 3}));
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code(), ErrorCode::kInput);
    EXPECT_NE(other.error().message().find("another dataset"), std::string::npos);
    EXPECT_FALSE(read_summary(folder.path(), "linear/32"));
    std::ofstream(folder.path() / "linear/32/summary.json") << "{\"mf\": {\"splits\": [0.5]}}";
    EXPECT_FALSE(read_summary(folder.path(), "linear/32"));
}

// Whatever a file says, reading it ends in a value or an error.
RC_GTEST_PROP(Results, DamagedTextsAreErrors, ()) {
    static const test::TempFolder folder;
    static const bool made = [] {
        const Dataset dataset = test::synthetic_dataset();
        std::vector<std::string> done;
        const bool ran =
            run(plan_sweep(dataset, small_sweep(folder.path(), {"linear/32"})).value(), dataset, done).has_value();
        folder.put("summary.json", to_json(summarise(folder.path(), "linear/32", dataset).value()));
        return ran;
    }();
    RC_ASSERT(made);
    for (const std::string name : {"linear/32/0.5.json", "summary.json"}) {
        std::string text = test::content_of(folder / name);
        const auto at = *rc::gen::inRange<std::size_t>(0, text.size());
        const auto length = *rc::gen::inRange<std::size_t>(0, 40);
        text.replace(at, length,
                     *rc::gen::element<std::string>("", "null", "\"x\"", "[]", "{}", "1e999", "-1", "}", "\xff"));
        if (name == "summary.json") {
            folder.put("linear/32/summary.json", text);
            (void)read_summary(folder.path(), "linear/32");
        } else {
            (void)read_record(folder.put("damaged.json", text));
        }
    }
}

TEST(Results, DamagedArraysAreRefused) {
    const test::TempFolder folder;
    const Dataset dataset = test::synthetic_dataset();
    std::vector<std::string> done;
    ASSERT_TRUE(run(plan_sweep(dataset, small_sweep(folder.path(), {"linear/32"})).value(), dataset, done));
    fs::resize_file(folder.path() / "linear/32/0.5.npz", 1000);
    const auto summary = summarise(folder.path(), "linear/32", dataset);
    ASSERT_FALSE(summary);
    EXPECT_EQ(summary.error().code(), ErrorCode::kInput);
}

}  // namespace
}  // namespace pitot::experiment
