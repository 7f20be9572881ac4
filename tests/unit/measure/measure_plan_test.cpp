// What a plan is made of, and which runs it leaves.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <filesystem>
#include <set>

#include "measure/measure.hpp"
#include "measure/measure_schedule.hpp"
#include "support/expect_error.hpp"
#include "support/temp_folder.hpp"

namespace pitot::measure {
namespace {

using test::fails_with;
using test::refuses;
using test::TempFolder;

std::vector<std::string> chosen(const std::vector<std::string>& patterns) {
    const std::vector<engines::Engine> found{
        {"node-liftoff", "", "", "18", "", "", ""},
        {"node-turbofan", "", "", "18", "", "", ""},
        {"node-turbofan", "", "qemu-arm", "18", "", "", ""},
        {"wasm2c-gcc-o3", "", "", "12", "", "", ""},
        {"wasmtime", "", "", "", "crate wasmtime-cli", "no program 'wasmtime'", ""}};
    std::vector<std::string> names;
    const auto engines = choose_engines(found, patterns);
    EXPECT_TRUE(engines) << engines.error().to_string();
    for (const engines::Engine& engine : *engines) {
        names.push_back(engine.name + (engine.device.empty() ? "" : "@" + engine.device));
    }
    return names;
}

TEST(Engines, AreChosenByNameDeviceAndGlob) {
    using Names = std::vector<std::string>;
    EXPECT_EQ(chosen({"wasm2c-gcc-o3", "node-liftoff"}), (Names{"node-liftoff", "wasm2c-gcc-o3"}));
    EXPECT_EQ(chosen({"node-turbofan@qemu-arm"}), (Names{"node-turbofan@qemu-arm"}));
    EXPECT_EQ(chosen({"node-turbofan"}), (Names{"node-turbofan"}));
    EXPECT_EQ(chosen({"node-*"}), (Names{"node-liftoff", "node-turbofan"}));
    EXPECT_EQ(chosen({"*", "node*@*arm"}),
              (Names{"node-liftoff", "node-turbofan", "node-turbofan@qemu-arm", "wasm2c-gcc-o3"}));
    EXPECT_EQ(chosen({"*@*"}), (Names{"node-turbofan@qemu-arm"}));
    EXPECT_EQ(chosen({"all"}), (Names{"node-liftoff", "node-turbofan", "node-turbofan@qemu-arm", "wasm2c-gcc-o3"}));
    EXPECT_EQ(chosen({"wasm*"}), (Names{"wasm2c-gcc-o3"}));
}

TEST(Engines, UnknownAndMissingOnesAreErrors) {
    const std::vector<engines::Engine> found{
        {"node-liftoff", "", "", "18", "", "", ""},
        {"wasmtime", "", "", "", "crate wasmtime-cli", "no program 'wasmtime'", ""}};
    EXPECT_TRUE(fails_with(choose_engines(found, {"node-lift"}), ErrorCode::kUsage,
                           {"engines: there is no 'node-lift'", "did you mean 'node-liftoff'"}));
    EXPECT_TRUE(fails_with(choose_engines(found, {"bun*"}), ErrorCode::kUsage, {"engines: none is named like 'bun*'"}));
    EXPECT_TRUE(fails_with(choose_engines(found, {"wasmtime"}), ErrorCode::kEnvironment,
                           {"no program 'wasmtime'", "crate wasmtime-cli"}));
    EXPECT_TRUE(
        fails_with(choose_engines(found, {"node-liftoff", ""}), ErrorCode::kUsage, {"engines: there is no ''"}));
}

TEST(Modules, AreFoundBelowAFolderInOrder) {
    const TempFolder folder;
    std::filesystem::create_directories(folder / "m/sort/deep");
    folder.put("m/z.wasm", "z");
    folder.put("m/sort/b.wasm", "b");
    folder.put("m/sort/deep/a.wasm", "a");
    folder.put("m/sort/b.txt", "no module");
    const auto all = find_modules(folder / "m/", {});
    ASSERT_TRUE(all);
    ASSERT_EQ(all->size(), 3U);
    EXPECT_EQ((*all)[0].file, "wasm/sort/b.wasm");
    EXPECT_EQ((*all)[1].file, "wasm/sort/deep/a.wasm");
    EXPECT_EQ((*all)[2].file, "wasm/z.wasm");
    EXPECT_EQ((*all)[2].sha256, "594e519ae499312b29433b7dd8a97ff068defcba9755b6d5d00e84c524d67b06");
    EXPECT_TRUE((*all)[2].path.is_absolute());
    EXPECT_EQ(find_modules(folder / "m", {"sort/*", "nothing"})->size(), 2U);
    EXPECT_TRUE(refuses(find_modules(folder / "m", {"x*", "y"}), {"matches x* or y"}));
    EXPECT_TRUE(fails_with(find_modules(folder / "none", {}), ErrorCode::kEnvironment, {"none"}));
    folder.put("m/a:b.wasm", "");
    EXPECT_TRUE(refuses(find_modules(folder / "m", {}), {"a:b.wasm", "rename"}));
}

TEST(Cores, AreListedOrAll) {
    const std::vector<int> all = *choose_cores("");
    ASSERT_FALSE(all.empty());
    EXPECT_EQ(choose_cores(std::to_string(all[0])), std::vector<int>{all[0]});
    for (const std::string wrong : {"x", "0,", "1-0", "-1", "99999"}) {
        EXPECT_TRUE(fails_with(choose_cores(wrong), ErrorCode::kUsage, {"cores: "})) << wrong;
    }
    const std::string twice = std::to_string(all[0]) + "," + std::to_string(all[0]);
    EXPECT_TRUE(fails_with(choose_cores(twice), ErrorCode::kUsage, {"given twice"}));
}

RC_GTEST_PROP(SetsProperty, MembersDifferAndDependOnTheKeyAlone, (std::uint64_t seed)) {
    const auto count = *rc::gen::inRange<std::size_t>(2, 200);
    const auto members = *rc::gen::inRange<std::size_t>(2, std::min<std::size_t>(count, 8) + 1);
    const auto drawn = draw_members(core::Key(seed), count, members);
    RC_ASSERT(drawn.size() == members);
    RC_ASSERT(std::set<std::size_t>(drawn.begin(), drawn.end()).size() == members);
    RC_ASSERT(*std::max_element(drawn.begin(), drawn.end()) < count);
    RC_ASSERT(draw_members(core::Key(seed), count, members) == drawn);
}

TEST(Sets, EveryPairIsAsLikely) {
    std::map<std::vector<std::size_t>, int> seen;
    constexpr int draws = 6000;
    for (std::uint64_t i = 0; i < draws; ++i) {
        ++seen[draw_members(core::Key(42).fold(i), 3, 2)];
    }
    ASSERT_EQ(seen.size(), 6U);
    for (const auto& [pair, times] : seen) {
        EXPECT_NEAR(times, draws / 6, 150);
    }
}

CellRuns runs_of(std::size_t count, double seconds) {
    CellRuns runs;
    runs.wall_us.assign(count, 1);
    runs.seconds = seconds;
    return runs;
}

TEST(Schedule, ACellIsDueOnceARound) {
    Plan plan;
    plan.repeat = 5;
    EXPECT_TRUE(is_due(runs_of(0, 0.0), plan, 0));
    EXPECT_FALSE(is_due(runs_of(1, 0.0), plan, 0));
    EXPECT_TRUE(is_due(runs_of(1, 0.0), plan, 3));
    EXPECT_FALSE(is_due(runs_of(5, 0.0), plan, 4));
    CellRuns refused;
    refused.refusal = "no";
    EXPECT_FALSE(is_due(refused, plan, 0));
}

TEST(Schedule, FailuresInARowEndACell) {
    Plan plan;
    CellRuns runs = runs_of(4, 1.0);
    runs.failed_in_a_row = 1;
    EXPECT_TRUE(is_open(runs, plan));
    runs.failed_in_a_row = 2;
    EXPECT_FALSE(is_open(runs, plan));
    EXPECT_EQ(runs_left(runs, plan, 0.25), 0U);
    plan.abandon = 3;
    EXPECT_TRUE(is_open(runs, plan));
}

TEST(Schedule, SecondsEndACellThatHasThreeRuns) {
    Plan plan;
    plan.repeat = 50;
    plan.cell_seconds = 10.0;
    EXPECT_TRUE(is_open(runs_of(2, 30.0), plan));
    EXPECT_FALSE(is_open(runs_of(3, 10.0), plan));
    EXPECT_TRUE(is_open(runs_of(3, 9.0), plan));
    EXPECT_EQ(runs_left(runs_of(2, 30.0), plan, 15.0), 1U);
    EXPECT_EQ(runs_left(runs_of(1, 1.0), plan, 1.0), 9U);
    EXPECT_EQ(runs_left(runs_of(0, 0.0), plan, 0.01), 50U);
    EXPECT_EQ(runs_left(runs_of(0, 0.0), plan, 20.0), 3U);
}

TEST(Schedule, WarmCallsAreDueUntilThereAreEnough) {
    Plan plan;
    plan.warm = 20;
    Records records;
    const Cell cell{0, 0};
    EXPECT_EQ(warm_calls_due(records, plan, cell), 20U);
    WarmRuns& warm = records.warm[cell];
    warm.calls.wall_us.assign(6, 1.0);
    warm.seconds = 3.0;
    EXPECT_EQ(warm_calls_due(records, plan, cell), 14U);
    plan.cell_seconds = 8.0;
    records.cells[cell] = runs_of(4, 4.0);
    EXPECT_EQ(warm_calls_due(records, plan, cell), 5U);
    warm.seconds = 8.0;
    EXPECT_EQ(warm_calls_due(records, plan, cell), 0U);
    warm = {};
    plan.cell_seconds = 0.5;
    EXPECT_EQ(warm_calls_due(records, plan, cell), 3U);
    records.cells[cell].failed_in_a_row = 2;
    EXPECT_EQ(warm_calls_due(records, plan, cell), 0U);
    records.cells[cell] = {};
    records.cells[cell].refusal = "no";
    EXPECT_EQ(warm_calls_due(records, plan, cell), 0U);
    records.cells[cell] = {};
    warm.failed_in_a_row = 2;
    EXPECT_EQ(warm_calls_due(records, plan, cell), 0U);
}

TEST(Schedule, TheTimeLeftComesFromEachCellsOwnRuns) {
    Plan plan;
    plan.repeat = 10;
    Records records;
    const std::vector<Cell> cells{{0, 0}, {0, 1}, {1, 0}};
    EXPECT_FALSE(estimate_alone(records, plan, cells).left_s);
    records.cells[{0, 0}] = runs_of(5, 10.0);
    EXPECT_DOUBLE_EQ(*estimate_alone(records, plan, cells).left_s, (5 + 10 + 10) * 2.0);
    records.cells[{1, 0}] = runs_of(2, 1.0);
    const Estimate estimate = estimate_alone(records, plan, cells);
    EXPECT_DOUBLE_EQ(*estimate.left_s, (5 + 10) * 2.0 + 8 * 0.5);
    EXPECT_DOUBLE_EQ(estimate.spent_s, 11.0);
    EXPECT_EQ(estimate.runs_left, 23U);
    plan.settings.jobs = 2;
    EXPECT_DOUBLE_EQ(*estimate_alone(records, plan, cells).left_s, 17.0);
}

TEST(Schedule, WarmCallsOfUnknownLengthTakeAsLongAsOthers) {
    Plan plan;
    plan.alone = false;
    plan.warm = 10;
    plan.engines = {{"a", "", "", "1", "", "", "", true}, {"b", "", "", "1", "", "", "", true}};
    Records records;
    records.engines.resize(2);
    records.modules.resize(2);
    const auto left_s = [&] {
        Summary summary;
        summarize(records, plan, {0, 1}, {0, 1}, summary);
        EXPECT_EQ(summary.warm_left + summary.warm_calls, 40U);
        return summary.left_s;
    };
    EXPECT_FALSE(left_s()) << "nothing is known yet";
    records.cells[{0, 0}] = runs_of(2, 8.0);
    EXPECT_DOUBLE_EQ(*left_s(), 40 * 4.0);
    records.warm[{0, 0}].calls.wall_us.assign(10, 1.0);
    records.warm[{0, 0}].seconds = 5.0;
    EXPECT_DOUBLE_EQ(*left_s(), 30 * 0.5);
    records.cells[{1, 1}] = runs_of(1, 3.0);
    EXPECT_DOUBLE_EQ(*left_s(), 10 * 0.5 + 20 * 3.0);
}

TEST(Schedule, MissingSetsGoOverEngines) {
    Plan plan;
    plan.together = 2;
    plan.sets = 2;
    Records records;
    records.sets[{4, 2, 0}] = {};
    records.sets[{3, 3, 0}] = {};  // of another size
    EXPECT_EQ(missing_sets(records, plan, {3, 4}), (std::vector<SetKey>{{3, 2, 0}, {3, 2, 1}, {4, 2, 1}}));
}

TEST(PlanTest, WrongNumbersAreNamed) {
    Plan plan;
    plan.settings.cores = {0, 1};
    plan.modules.resize(3);
    EXPECT_TRUE(plan.validate());
    const auto refused = [&](auto change, const std::string& words) {
        Plan wrong = plan;
        change(wrong);
        return fails_with(wrong.validate(), ErrorCode::kUsage, {words});
    };
    EXPECT_TRUE(refused([](Plan& p) { p.settings.limit_s = 0.0; }, "limit_s: 0 is not above 0"));
    EXPECT_TRUE(refused([](Plan& p) { p.repeat = 0; }, "repeat, alone: "));
    EXPECT_TRUE(refused([](Plan& p) { p.abandon = 0; }, "abandon: "));
    EXPECT_TRUE(refused([](Plan& p) { p.cell_seconds = -1.0; }, "cell_seconds: "));
    EXPECT_TRUE(refused([](Plan& p) { p.settings.jobs = 3; }, "jobs: give 1 to 2"));
    EXPECT_TRUE(refused([](Plan& p) { p.together = 4, p.sets = 1; }, "together: give 2 to 3"));
    EXPECT_TRUE(refused([](Plan& p) { p.together = 2; }, "together, sets: "));
    EXPECT_TRUE(refused([](Plan& p) { p.alone = false; }, "alone, together, sets: "));
}

}  // namespace
}  // namespace pitot::measure
