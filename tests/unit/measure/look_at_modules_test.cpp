// What is known before anything is run: what tasks call, what cannot run where, and quotas.
#include "measure/look_at_modules.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "measure/cpu_quota.hpp"
#include "measure/tasks.hpp"
#include "support/expect_error.hpp"
#include "support/temp_folder.hpp"
#include "unit/wasm/wat.hpp"

namespace pitot::measure {
namespace {

/// Modules in a folder, and a plan of them.
class LookAtModules : public ::testing::Test {
protected:
    void put(const std::string& name, const std::string& wat) const {
        const std::vector<std::uint8_t> bytes = test::assemble(wat);
        folder_.put(name + ".wasm", std::string(bytes.begin(), bytes.end()));
    }
    /// Of an engine that is given our WASI, one with a WASI of its own, and one that nothing is known of.
    static engines::Engine engine(const std::string& name, const std::string& more) {
        return {name, "", "", "1", "", "", R"({"compile": [], )" + more + "}"};
    }
    static engines::Engine ours(const std::string& name = "ours") {
        return engine(name, R"("run": ["/n", "{files}/wasi.js", "{module}", "{args}"])");
    }
    static engines::Engine own() {
        return engine("own", R"("provides": ["wasi*"], "run": ["/w", "{module}", "{args}"])");
    }
    static engines::Engine unknown() { return engine("unknown", R"("run": ["/u", "{module}", "{args}"])"); }
    [[nodiscard]] Plan plan(std::vector<engines::Engine> engines) const {
        Plan plan;
        plan.modules = *find_modules(folder_.path(), {});
        plan.engines = std::move(engines);
        return plan;
    }
    static void look(Plan& plan) { ASSERT_TRUE(look_at_modules(plan, {}, {})); }

    const test::TempFolder folder_;
};

TEST_F(LookAtModules, TellsWhatCannotRunAnywhereAndWhy) {
    put("a_good", R"((module (func (export "_start"))))");
    put("b_library", R"((module (func (export "f") (param i32))))");
    put("c_param", R"((module (func (export "_start") (param i32))))");
    put("d_env", R"((module (import "env" "f" (func)) (func (export "_start"))))");
    put("e_memory",
        R"((module (import "wasi_snapshot_preview1" "proc_exit" (func (param i32))) (func (export "_start"))))");
    folder_.put("f_component.wasm", std::string("\0asm\x0D\0\x01\0", 8));
    folder_.put("g_page.wasm", "<html>");
    folder_.put("h_text.wasm", " (module)");
    put("i_unstable",
        R"((module (import "wasi_unstable" "proc_exit" (func (param i32))) (memory (export "memory") 1)
        (func (export "_start"))))");  // some engines have it
    Plan all = plan({ours()});
    double share = 0.0;
    ASSERT_TRUE(look_at_modules(all, [&](double done) { share = done; }, {}));
    EXPECT_EQ(share, 1.0);
    ASSERT_EQ(all.unfit.size(), 7U);
    const std::vector<std::pair<std::string, std::string>> expected{
        {"wasm/b_library.wasm", "no function '_start' and none without parameters"},
        {"wasm/c_param.wasm", "exports a '_start' that takes a parameter (i32)"},
        {"wasm/d_env.wasm", "imports 'f' from 'env'"},
        {"wasm/e_memory.wasm", "does not export its memory"},
        {"wasm/f_component.wasm", "component"},
        {"wasm/g_page.wasm", "HTML"},
        {"wasm/h_text.wasm", "text form"}};
    for (std::size_t i = 0; i < expected.size(); ++i) {
        EXPECT_EQ(all.unfit[i].file, expected[i].first);
        EXPECT_NE(all.unfit[i].reason.find(expected[i].second), std::string::npos) << all.unfit[i].reason;
        EXPECT_EQ(all.unfit[i].nowhere, i < 2 || i > 4);
        EXPECT_EQ(all.unfit[i].engines,
                  i == 2 || i == 3 ? std::vector<std::string>{"ours"} : std::vector<std::string>());
        EXPECT_EQ(all.is_refused(i + 1), i != 4);
    }
    EXPECT_TRUE(all.is_uncounted(5));
    EXPECT_EQ(all.refusal(0, 0), "");
    std::stop_source stop;
    stop.request_stop();
    EXPECT_TRUE(test::fails_with(look_at_modules(all, {}, stop.get_token()), ErrorCode::kCancelled, {"stopped"}));
}

TEST_F(LookAtModules, LeavesToEnginesWhatTheyMayHave) {
    put("a_socket", R"((module (import "wasi_snapshot_preview1" "sock_open" (func (param i32 i32 i32) (result i32)))
        (memory (export "memory") 1) (func (export "_start"))))");
    put("b_env", R"((module (import "env" "f" (func)) (func (export "_start"))))");
    folder_.put("c_script.wasm", "exit 0");
    Plan all = plan({ours(), own(), unknown()});
    look(all);
    const auto runs = [&](std::size_t module) {
        std::string names;
        for (std::size_t e = 0; e < all.engines.size(); ++e) {
            names += all.refusal(module, e).empty() ? " " + all.engines[e].name : "";
        }
        return names;
    };
    EXPECT_EQ(runs(0), " own unknown");
    EXPECT_EQ(runs(1), " unknown");
    EXPECT_EQ(runs(2), " unknown");
    EXPECT_TRUE(all.is_uncounted(0) && all.is_uncounted(1) && all.is_uncounted(2));
    EXPECT_NE(all.refusal(0, 0).find("WASI has no such function"), std::string::npos);
    for (const UnfitModule& unfit : all.unfit) {
        EXPECT_FALSE(unfit.nowhere) << unfit.reason;
    }
}

TEST_F(LookAtModules, TellsEnginesOfOneNameApart) {
    put("m", R"((module (func (export "_start"))))");
    engines::Engine there = ours();
    there.device = "qemu-arm";
    Plan both = plan({ours(), there});
    both.unfit = {{"wasm/m.wasm", "no", false, true, {"ours@qemu-arm"}}};
    EXPECT_EQ(both.refusal(0, 0), "");
    EXPECT_EQ(both.refusal(0, 1), "no");
}

TEST_F(LookAtModules, SettlesWhatTasksCall) {
    put("lib", R"((module (import "env" "f" (func (result i32))) (memory (export "memory") 1)
        (func (export "_initialize")) (func (export "g") (param i64) (drop (call 0))) (func (export "h"))))");
    const auto file = folder_.put("tasks.json", R"({"schema": 1, "tasks": {"lib.wasm": [
        {"invoke": "g", "args": ["0x10"], "stub_imports": true},
        {"invoke": "g", "args": ["ten"], "stub_imports": true},
        {"invoke": "nothing", "stub_imports": true},
        {"invoke": "h", "args": ["0x10"], "stub_imports": true},
        {"name": "all", "stub_imports": true},
        {"name": "bare"}]}})");
    Plan tasks = plan({ours(), own()});
    tasks.modules = *with_tasks(tasks.modules, file, true);
    look(tasks);
    ASSERT_EQ(tasks.unfit.size(), 3U);
    EXPECT_EQ(tasks.unfit[0].file, "wasm/lib.wasm:g:ten");
    EXPECT_NE(tasks.unfit[0].reason.find("'ten' is no i64"), std::string::npos);
    EXPECT_NE(tasks.unfit[1].reason.find("exports no function 'nothing'"), std::string::npos);
    EXPECT_TRUE(tasks.unfit[0].nowhere && tasks.unfit[1].nowhere);
    EXPECT_EQ(tasks.unfit[2].file, "wasm/lib.wasm:bare");
    EXPECT_EQ(tasks.unfit[2].engines, (std::vector<std::string>{"ours", "own"}));
    EXPECT_EQ(tasks.modules[0].input.program.parameters, std::vector<std::string>{"16"});
    EXPECT_TRUE(tasks.modules[3].input.program.parameters.empty()) << "a function without parameters";
    for (const std::size_t i : {0U, 3U, 4U}) {
        EXPECT_TRUE(tasks.modules[i].input.copies);
        EXPECT_EQ(tasks.refusal(i, 0), "");
    }
    EXPECT_EQ(
        tasks.remarks,
        (std::vector<std::string>{
            "1 import of wasm/lib.wasm:g:0x10 made up, of zeros: env.f",
            "1 import of wasm/lib.wasm:h:0x10 made up, of zeros: env.f",
            "wasm/lib.wasm:all exports no '_start': _initialize, h are called; 1 import of wasm/lib.wasm:all made "
            "up, of zeros: env.f"}));
}

TEST_F(LookAtModules, OneRowIsEnoughForTasksThatAreAlike) {
    put("m", R"((module (import "env" "f" (func)) (func (export "_start"))))");
    const auto file =
        folder_.put("tasks.json", R"({"schema": 1, "tasks": {"m.wasm": [{"args": ["1"]}, {"args": ["2"]}]}})");
    Plan tasks = plan({ours()});
    tasks.modules = *with_tasks(tasks.modules, file, true);
    look(tasks);
    ASSERT_EQ(tasks.unfit.size(), 1U);
    EXPECT_EQ(tasks.unfit[0].file, "wasm/m.wasm");
    EXPECT_TRUE(tasks.is_refused(0) && tasks.is_refused(1));
}

TEST_F(LookAtModules, TheTaskThatHasTheNameOfItsModuleSpeaksForItselfAlone) {
    put("m", R"((module (import "env" "f" (func)) (func (export "g")) (func (export "_start"))))");
    const auto file =
        folder_.put("tasks.json",
                    R"({"schema": 1, "tasks": {"m.wasm": [{}, {"name": "g", "invoke": "g", "stub_imports": true}]}})");
    Plan tasks = plan({ours()});
    tasks.modules = *with_tasks(tasks.modules, file, true);
    look(tasks);
    ASSERT_EQ(tasks.unfit.size(), 1U);
    EXPECT_EQ(tasks.unfit[0].file, "wasm/m.wasm");
    EXPECT_TRUE(tasks.is_refused(0));
    EXPECT_FALSE(tasks.is_refused(1));
    EXPECT_FALSE(tasks.is_uncounted(1));
}

TEST(CpuQuota, IsThatOfTheNarrowestGroup) {
    const test::TempFolder folder;
    std::filesystem::create_directories(folder / "fs/a/b");
    const auto self = folder.put("self", "0::/a/b\n");
    EXPECT_FALSE(find_cpu_quota(self, folder / "fs"));
    folder.put("fs/cpu.max", "max 100000\n");
    folder.put("fs/a/b/cpu.max", "200000 100000\n");
    folder.put("fs/a/cpu.max", "50000 100000\n");
    folder.put("fs/a/cpu.stat", "usage_usec 7\nnr_throttled 2\nthrottled_usec 1500\n");
    const auto quota = find_cpu_quota(self, folder / "fs");
    ASSERT_TRUE(quota);
    EXPECT_DOUBLE_EQ(quota->cpus, 0.5);
    EXPECT_EQ(held_up_us(*quota), 1500);
}

TEST(CpuQuota, IsReadInTheOlderForm) {
    const test::TempFolder folder;
    std::filesystem::create_directories(folder / "fs/cpu/a");
    const auto self = folder.put("self", "5:memory:/x\n4:cpu,cpuacct:/a\n");
    folder.put("fs/cpu/cpu.cfs_quota_us", "-1\n");
    folder.put("fs/cpu/cpu.cfs_period_us", "100000\n");
    EXPECT_FALSE(find_cpu_quota(self, folder / "fs"));
    folder.put("fs/cpu/a/cpu.cfs_quota_us", "150000\n");
    folder.put("fs/cpu/a/cpu.cfs_period_us", "100000\n");
    folder.put("fs/cpu/a/cpu.stat", "nr_periods 1\nthrottled_time 2000000\n");
    const auto quota = find_cpu_quota(self, folder / "fs");
    ASSERT_TRUE(quota);
    EXPECT_DOUBLE_EQ(quota->cpus, 1.5);
    EXPECT_EQ(held_up_us(*quota), 2000);
}

}  // namespace
}  // namespace pitot::measure
