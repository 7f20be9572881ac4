// Whole measurements. Modules are shell scripts here, and the engine is the shell.
#include "measure/measure.hpp"

#include <gtest/gtest.h>

#include <tuple>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>
#include <set>
#include <thread>

#include "measure/collection.hpp"
#include "support/expect_error.hpp"
#include "support/processes.hpp"
#include "support/temp_folder.hpp"
#include "unit/wasm/wat.hpp"

namespace pitot::measure {
namespace {

using test::content_of;
using test::fails_with;
using test::TempFolder;

constexpr const char* kTable = R"({"schema": 1, "engines": [
    {"name": "shell", "title": "Scripts", "package": "Debian dash", "programs": {"sh": ["sh"]},
     "run": ["{sh}", "{module}", "{args}"]},
    {"name": "strict", "title": "Scripts that parse", "package": "Debian dash", "programs": {"sh": ["sh"]},
     "compile": [["{sh}", "-n", "{module}"], ["{sh}", "-c", "cp \"$0\" \"$1\"", "{module}", "{build}/script"]],
     "run": ["{sh}", "{build}/script", "{args}"]}]})";

class MeasureTest : public ::testing::Test {
protected:
    MeasureTest() {
        std::filesystem::create_directories(folder_ / "modules");
        folder_.put("table.json", kTable);
    }
    void module(const std::string& name, const std::string& script) const {
        folder_.put("modules/" + name + ".wasm", script + "\n");
    }
    /// Of all modules there are, on `engine`.
    [[nodiscard]] Plan plan(const std::string& engine = "shell") const {
        Plan plan;
        plan.collection = folder_ / "c";
        plan.cache = folder_ / "cache";
        plan.modules = *find_modules(folder_ / "modules", {});
        plan.engines = *choose_engines(*engines::find_engines(folder_ / "table.json"), {engine});
        plan.settings.cores = *choose_cores("");
        plan.repeat = 3;
        plan.together_limit_s = 0.4;
        plan.profile = false;
        return plan;
    }
    [[nodiscard]] static Summary measured(const Plan& plan, const MeasureOptions& options = {}) {
        const auto summary = measure(plan, options);
        EXPECT_TRUE(summary) << summary.error().to_string();
        return summary ? *summary : Summary{};
    }
    [[nodiscard]] Records records() const { return *read_records(folder_ / "c"); }
    [[nodiscard]] const CellRuns& runs(const Records& records, const std::string& name) const {
        return records.runs_of({0, *records.find_module("wasm/" + name + ".wasm")});
    }
    /// Lines of the journal that say `key`, as they come.
    [[nodiscard]] std::vector<Json> lines(const std::string& key) const {
        std::vector<Json> found;
        EXPECT_TRUE(Journal::read(folder_ / "c/journal.jsonl", [&](const Json& line) -> Result<void> {
            if (line.contains(key)) {
                found.push_back(line);
            }
            return {};
        }));
        return found;
    }

    TempFolder folder_;
};

TEST_F(MeasureTest, CallsTheMachineAsAskedAndKeepsTheName) {
    module("a", "exit 0");
    Plan named = plan();
    named.device_name = "left";
    std::ignore = measured(named);
    EXPECT_EQ(records().devices.begin()->second.at("name"), "left");
    named.repeat = 4;
    named.device_name = "right";
    EXPECT_TRUE(fails_with(measure(named, {}), ErrorCode::kInput, {"'left'", "'right'", "another folder"}));
    named.device_name.clear();
    std::ignore = measured(named);
    EXPECT_EQ(records().devices.size(), 1U);
    EXPECT_EQ(records().devices.begin()->second.at("name"), "left");
}

TEST_F(MeasureTest, RunsEveryModuleInRounds) {
    for (const std::string name : {"a", "b", "c", "d"}) {
        module(name, "exit 0");
    }
    Plan four = plan();
    four.repeat = 5;
    const Summary summary = measured(four);
    EXPECT_EQ(summary.new_runs, 20U);
    EXPECT_EQ(summary.runs, 20U);
    EXPECT_EQ(summary.complete_cells, 4U);
    EXPECT_EQ(summary.runs_left, 0U);
    EXPECT_TRUE(summary.problems.empty());
    const std::vector<Json> all = lines("run");
    ASSERT_EQ(all.size(), 20U);
    std::set<std::vector<int>> orders;
    for (std::size_t round = 0; round < 5; ++round) {
        std::vector<int> order;
        for (std::size_t i = 0; i < 4; ++i) {
            order.push_back(all[4 * round + i].at("run").at(1));
        }
        orders.insert(order);
        EXPECT_EQ(std::set<int>(order.begin(), order.end()).size(), 4U) << round;
    }
    EXPECT_GT(orders.size(), 1U);
}

TEST_F(MeasureTest, FailuresAreRecordedAndGivenUp) {
    module("good", "exit 0");
    module("bad", "echo no luck >&2; exit 7");
    module("slow", "sleep 60");
    const std::string marker = (folder_ / "marker").string();
    module("first", "test -e " + marker + " || { : > " + marker + "; exit 1; }");
    Plan four = plan();
    four.repeat = 4;
    four.settings.limit_s = 0.5;
    const Summary summary = measured(four);
    EXPECT_EQ(summary.runs, 4U + 2U + 2U + 4U);
    EXPECT_EQ(summary.failed_runs, 5U);
    EXPECT_EQ(summary.abandoned_cells, 2U);
    EXPECT_EQ(summary.complete_cells, 2U);
    EXPECT_EQ(summary.problems.size(), 3U);
    const Records all = records();
    EXPECT_EQ(runs(all, "bad").wall_us, (std::vector<std::int64_t>{0, 0}));
    EXPECT_EQ(runs(all, "bad").failures.at(1).second, "exit status 7: no luck");
    EXPECT_EQ(runs(all, "slow").failures.at(0).second, "killed at the limit of 0.5 s");
    EXPECT_GE(runs(all, "slow").seconds, 1.0);
    EXPECT_EQ(runs(all, "first").wall_us.at(0), 0);
    EXPECT_GT(runs(all, "first").wall_us.at(3), 0);
    EXPECT_EQ(measured(four).new_runs, 0U);
    four.abandon = 3;
    EXPECT_EQ(measured(four).new_runs, 2U);  // one more try each
}

TEST_F(MeasureTest, WhatAnEngineRefusesIsRecordedOnce) {
    module("good", "exit 0");
    module("broken", "if");
    const Summary summary = measured(plan("strict"));
    EXPECT_EQ(summary.refused_cells, 1U);
    EXPECT_EQ(summary.runs, 3U);
    ASSERT_EQ(summary.problems.size(), 1U);
    EXPECT_EQ(summary.problems[0].module, "wasm/broken.wasm");
    EXPECT_EQ(measured(plan("strict")).refused_cells, 1U);
    EXPECT_EQ(lines("refused").size(), 1U);
}

TEST_F(MeasureTest, WhatOnlyATableRefusesIsTriedAgainOnceItIsMended) {
    module("a", "[ \"$GIVEN_X\" = 1 ]");
    const auto with_given = [&](const std::string& given) {
        folder_.put("table.json", R"({"schema": 1, "engines": [{"name": "shell", "title": "t", "package": "p",
            "programs": {"sh": ["sh"]}, "given": {)" +
                                      given + R"(}, "run": ["{sh}", "{module}", "{args}"]}]})");
        Plan one = plan();
        one.modules[0].input.environment = {"X=1"};
        one.modules[0].file += ":x";
        one.modules[0].task = {{"env", {"X=1"}}};
        return one;
    };
    EXPECT_EQ(outlook(with_given(""))->refused_cells, 1U);
    EXPECT_EQ(measured(with_given("")).refused_cells, 1U);
    EXPECT_EQ(measured(with_given("")).refused_cells, 1U);
    EXPECT_EQ(lines("refused").size(), 1U);
    EXPECT_EQ(lines("refused")[0].at("beforehand"), true);
    EXPECT_EQ(outlook(with_given(R"("env": "GIVEN_")"))->runs_left, 3U);
    const Summary mended = measured(with_given(R"("env": "GIVEN_")"));
    EXPECT_EQ(mended.refused_cells, 0U);
    EXPECT_EQ(mended.new_runs, 3U);
    EXPECT_EQ(mended.failed_runs, 0U);
    EXPECT_EQ(content_of(folder_ / "c/failures.json"), "[]\n");
}

TEST_F(MeasureTest, AStopLosesNothingAndRepeatsNothing) {
    for (const std::string name : {"a", "b", "c"}) {
        module(name, "sleep 0.03");
    }
    Plan three = plan();
    three.repeat = 4;
    std::size_t before = 0;
    for (int call = 0; call < 50 && before < 12; ++call) {
        std::stop_source source;
        const std::jthread stopper([&, call] {
            std::this_thread::sleep_for(std::chrono::milliseconds(150 + 20 * call));  // a slow machine gets there too
            source.request_stop();
        });
        const Summary summary = measured(three, {{}, {}, source.get_token()});
        EXPECT_EQ(summary.runs, before + summary.new_runs);
        EXPECT_EQ(summary.runs + summary.runs_left, 12U);
        EXPECT_TRUE(std::filesystem::exists(folder_ / "c/failures.json"));
        before = summary.runs;
    }
    EXPECT_EQ(before, 12U);
    const Records all = records();
    for (const auto& [cell, runs] : all.cells) {
        EXPECT_EQ(runs.runs(), 4U);
        EXPECT_TRUE(runs.failures.empty());  // the run that a stop ended is none
    }
    for (const auto& entry : std::filesystem::directory_iterator(folder_ / "c/shell")) {
        EXPECT_EQ(Json::parse(content_of(entry.path())).at("wall").size(), 4U);
    }
}

TEST_F(MeasureTest, GrowsByRunsModulesAndEngines) {
    module("a", "exit 0");
    EXPECT_EQ(measured(plan()).new_runs, 3U);
    module("b", "exit 0");
    EXPECT_EQ(measured(plan()).new_runs, 3U);
    Plan more = plan();
    more.repeat = 5;
    EXPECT_EQ(measured(more).new_runs, 4U);
    EXPECT_EQ(measured(plan("s*")).new_runs, 6U);
    EXPECT_EQ(measured(plan()).new_runs, 0U);
    module("a", "exit  0");
    EXPECT_TRUE(fails_with(measure(plan(), {}), ErrorCode::kInput, {"wasm/a.wasm", "other content"}));
}

TEST_F(MeasureTest, SecondsBoundACell) {
    module("a", "sleep 0.1");
    Plan bounded = plan();
    bounded.repeat = 20;
    bounded.cell_seconds = 0.01;
    const Summary summary = measured(bounded);
    EXPECT_EQ(summary.new_runs, kLeastRuns);
    EXPECT_EQ(summary.complete_cells, 1U);
}

TEST_F(MeasureTest, JobsRunAtOnceOnTheirOwnCores) {
    if (choose_cores("")->size() < 2) {
        GTEST_SKIP() << "one core";
    }
    for (const std::string name : {"a", "b"}) {
        module(name, "grep Cpus_allowed_list /proc/self/status >> " + (folder_ / "cores").string() + "; sleep 0.3");
    }
    Plan two = plan();
    two.settings.jobs = 2;
    two.repeat = 2;
    const auto began = std::chrono::steady_clock::now();
    EXPECT_EQ(measured(two).new_runs, 4U);
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(1200));
    const std::string seen = content_of(folder_ / "cores");
    for (std::size_t i = 0; i < 2; ++i) {
        const std::string line = "list:\t" + std::to_string(two.settings.cores[i]) + "\n";
        EXPECT_NE(seen.find(line), std::string::npos) << seen;
    }
}

TEST_F(MeasureTest, SetsLoopUntilTheirEnd) {
    for (const std::string name : {"a", "b", "c", "d"}) {
        module(name, "sleep 0.02");
    }
    Plan pairs = plan();
    pairs.alone = false;
    pairs.together = 2;
    pairs.sets = 3;
    const Summary summary = measured(pairs);
    EXPECT_EQ(summary.new_sets, 3U);
    EXPECT_EQ(summary.cells, 0U);
    const auto first = records().sets;
    for (const auto& [key, set] : first) {
        ASSERT_EQ(set.modules.size(), 2U);
        EXPECT_NE(set.modules[0], set.modules[1]);
        for (const auto& walls : set.wall_us) {
            EXPECT_GT(walls.size(), 2U);
            EXPECT_LT(walls.size(), 21U);  // each takes 20 ms of 400
            EXPECT_GE(*std::min_element(walls.begin(), walls.end()), 20'000);
        }
    }
    pairs.sets = 5;
    EXPECT_EQ(measured(pairs).new_sets, 2U);
    const auto second = records().sets;
    for (const auto& [key, set] : first) {
        EXPECT_EQ(second.at(key).modules, set.modules);
    }
    pairs.collection = folder_ / "again";
    EXPECT_EQ(measured(pairs).new_sets, 5U);
    const Records again = *read_records(folder_ / "again");
    for (const auto& [key, set] : again.sets) {
        EXPECT_EQ(second.at(key).modules, set.modules);  // drawn from the seed alone
    }
}

TEST_F(MeasureTest, AMemberThatFailsFailsItsSet) {
    module("bad", "exit 5");
    module("good", "sleep 0.02");
    Plan pair = plan();
    pair.alone = false;
    pair.together = 2;
    pair.sets = 1;
    const Summary summary = measured(pair);
    EXPECT_EQ(summary.failed_sets, 1U);
    ASSERT_EQ(summary.problems.size(), 1U);
    EXPECT_EQ(summary.problems[0].reason, "wasm/bad.wasm: exit status 5");
    EXPECT_EQ(measured(pair).new_sets, 0U);
    // What is known to fail alone is not drawn.
    pair.alone = true;
    pair.sets = 2;
    std::vector<std::string> notes;
    const auto note = [&](const std::string& text) { notes.push_back(text); };
    EXPECT_EQ(measured(pair, {{}, note, {}}).sets_left, 1U);
    EXPECT_TRUE(std::any_of(notes.begin(), notes.end(), [](const std::string& text) {
        return text.find("shell runs 1 of the modules") != std::string::npos;
    }));
}

TEST_F(MeasureTest, CountsOpcodesOnce) {
    const auto bytes = test::assemble(R"((module (func (export "_start") i32.const 1 drop nop)))");
    folder_.put("modules/real.wasm", std::string(bytes.begin(), bytes.end()));
    module("script", "exit 0");
    Plan both = plan();
    both.alone = false;
    both.together = 2;
    both.sets = 1;
    both.profile = true;
    const Summary summary = measured(both);
    EXPECT_EQ(summary.profiles, 1U);
    const Records all = records();
    const ProfileRecord& profile = all.profiles.at(*all.find_module("wasm/real.wasm"));
    EXPECT_EQ(profile.counts.at(0x41), 1U);  // i32.const
    EXPECT_EQ(profile.counts.at(0x1A), 1U);  // drop
    EXPECT_NE(all.profiles.at(*all.find_module("wasm/script.wasm")).failure, "");
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_ / "c/profile"), {}), 1);
    static_cast<void>(measured(both));
    EXPECT_EQ(lines("opcodes").size(), 2U);
}

TEST_F(MeasureTest, AStopEndsCompilers) {
    module("a", "exit 0");
    const auto pid = folder_ / "pid";
    folder_.put("table.json", R"({"schema": 1, "engines": [{"name": "slow", "title": "t", "package": "p", "programs":
        {"sh": ["sh"]}, "compile": [["{sh}", "-c", "sleep 71 & echo $! >)" +
                                  pid.string() + R"(; wait; exit 1",
        "{module}"]], "run": ["{sh}", "{build}/m", "{args}"]}]})");
    const test::LaterStop stop{std::filesystem::path(pid)};
    MeasureOptions options;
    options.stop = stop.token();
    std::vector<std::string> notes;
    options.note = [&](const std::string& text) { notes.push_back(text); };
    const auto begun = std::chrono::steady_clock::now();
    const Summary summary = measured(plan("slow"), options);
    EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(20));
    EXPECT_TRUE(summary.stopped);
    EXPECT_EQ(summary.refused_cells, 0U);
    EXPECT_TRUE(std::none_of(notes.begin(), notes.end(),
                             [](const std::string& note) { return note.find("make") != std::string::npos; }));
    EXPECT_TRUE(test::ends(content_of(pid)));
    EXPECT_EQ(lines("module").size(), 1U);
    Plan shorter = plan("slow");
    shorter.compile_limit_s = 0.3;
    EXPECT_EQ(measured(shorter).refused_cells, 0U);
}

TEST_F(MeasureTest, AProfileThatTookTooLongIsTriedAgainUnderALongerLimit) {
    const auto bytes = test::assemble(R"((module (func (export "run") (loop br 0))))");
    folder_.put("modules/endless.wasm", std::string(bytes.begin(), bytes.end()));
    Plan endless = plan();
    endless.profile = true;
    endless.profile_limit_s = 0.3;
    const Summary summary = measured(endless);
    EXPECT_EQ(summary.profiles, 0U);
    EXPECT_TRUE(std::any_of(summary.problems.begin(), summary.problems.end(), [](const Problem& problem) {
        return problem.engine.empty() && problem.reason == "was stopped after 0.3 s";
    }));
    static_cast<void>(measured(endless));
    EXPECT_EQ(lines("opcodes").size(), 1U);
    endless.profile_limit_s = 0.4;
    static_cast<void>(measured(endless));
    ASSERT_EQ(lines("opcodes").size(), 2U);
    EXPECT_EQ(lines("opcodes").back().at("limit_s"), 0.4);
}

constexpr const char* kWarmTable = R"({"schema": 1, "engines": [
    {"name": "again", "title": "Scripts", "package": "Debian dash", "programs": {"sh": ["sh"]},
     "given": {"warm": "CALLS"}, "run": ["{sh}", "{module}", "{args}"]}]})";

TEST_F(MeasureTest, WarmCallsAreARunKindOfTheirOwn) {
    folder_.put("table.json", kWarmTable);
    module("a", "i=0; while [ $i -le ${CALLS:-0} ]; do echo 1$i; i=$((i + 1)); done");
    Plan both = plan("again");
    both.warm = 4;
    Summary summary = measured(both);
    EXPECT_EQ(summary.new_runs, 3U);
    EXPECT_EQ(summary.new_warm, 4U);
    EXPECT_EQ(summary.warm_left, 0U);
    EXPECT_EQ(records().warm_of({0, 0}).calls.wall_us, (std::vector<double>{11, 12, 13, 14}));
    EXPECT_EQ(runs(records(), "a").runs(), 3U);
    both.warm = 6;
    EXPECT_EQ(outlook(both)->warm_left, 2U);
    EXPECT_EQ(measured(both).new_warm, 2U);
    EXPECT_EQ(records().warm_of({0, 0}).calls.wall_us, (std::vector<double>{11, 12, 13, 14, 11, 12}));
    EXPECT_EQ(measured(both).new_warm, 0U);
    EXPECT_EQ(lines("warm").size(), 2U);
}

TEST_F(MeasureTest, AModuleIsMadeReadyOnceForItsWarmCalls) {
    const std::string count = (folder_ / "count").string();
    folder_.put("table.json", R"({"schema": 1, "engines": [
        {"name": "again", "title": "Scripts", "package": "p", "programs": {"sh": ["sh"]}, "given": {"warm": "CALLS"},
         "compile": [["{sh}", "-c", "echo made >> )" +
                                  count + R"(; cp \"$0\" \"$1\"", "{module}", "{build}/script"]],
         "run": ["{sh}", "{build}/script", "{args}"]}]})");
    module("a", "rm -rf " + (folder_ / "cache").string() +
                    "/again-*; i=0; while [ $i -le ${CALLS:-0} ]; do echo 1; i=$((i + 1)); done");
    Plan both = plan("again");
    both.repeat = 1;
    both.warm = 4;
    EXPECT_EQ(measured(both).new_runs, 1U);
    EXPECT_EQ(content_of(count), "made\n") << "what was compiled is gone, and not compiled anew between runs";
}

TEST_F(MeasureTest, AStopKeepsTheWarmCallsThatWereMade) {
    folder_.put("table.json", kWarmTable);
    module("a", "[ -n \"$CALLS\" ] || exit 0; for i in 1 2 3; do echo 1; done; echo go > " + (folder_ / "go").string() +
                    "; sleep 60");
    Plan both = plan("again");
    both.warm = 5;
    const test::LaterStop stop(folder_ / "go");
    MeasureOptions options;
    options.stop = stop.token();
    const Summary summary = measured(both, options);
    EXPECT_TRUE(summary.stopped);
    EXPECT_EQ(summary.warm_calls, 2U);
    EXPECT_EQ(summary.failed_warm, 0U);
    EXPECT_EQ(summary.warm_left, 3U);
}

TEST_F(MeasureTest, WarmCallsThatFailAreGivenUp) {
    folder_.put("table.json", kWarmTable);
    module("a", "[ -z \"$CALLS\" ] || { echo 1; echo 2; exit 9; }");
    Plan both = plan("again");
    both.warm = 9;
    const Summary summary = measured(both);
    EXPECT_EQ(summary.warm_calls, 2U);
    EXPECT_EQ(summary.failed_warm, 2U);
    EXPECT_EQ(summary.failed_runs, 0U);
    EXPECT_EQ(summary.warm_left, 0U);
    EXPECT_EQ(summary.problems.at(0).reason, "warm: exit status 9");
}

TEST_F(MeasureTest, OutlookChangesNothing) {
    module("a", "exit 0");
    module("b", "sleep 0.05");
    auto left = outlook(plan());
    ASSERT_TRUE(left);
    EXPECT_EQ(left->runs_left, 6U);
    EXPECT_FALSE(left->left_s);
    EXPECT_DOUBLE_EQ(left->most_s, 6 * 30.0);
    EXPECT_FALSE(std::filesystem::exists(folder_ / "c"));
    static_cast<void>(measured(plan()));
    const std::string journal = content_of(folder_ / "c/journal.jsonl");
    Plan more = plan();
    more.repeat = 13;
    left = outlook(more);
    ASSERT_TRUE(left);
    EXPECT_EQ(left->runs_left, 20U);
    EXPECT_GT(*left->left_s, 10 * 0.05);
    EXPECT_EQ(content_of(folder_ / "c/journal.jsonl"), journal);
    more.settings.limit_s = 5.0;
    EXPECT_TRUE(fails_with(outlook(more), ErrorCode::kUsage, {"limit_s 30, not 5"}));
}

}  // namespace
}  // namespace pitot::measure
