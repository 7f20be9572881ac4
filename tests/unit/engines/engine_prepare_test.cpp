// Engines found on this machine, and modules made ready for them.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "core/programs.hpp"
#include "engines/engine.hpp"
#include "engines/engine_check.hpp"
#include "engines/engine_lacks.hpp"
#include "engines/files.hpp"
#include "engines/process.hpp"
#include "support/expect_error.hpp"
#include "support/processes.hpp"
#include "support/temp_folder.hpp"
#include "unit/wasm/wat.hpp"
#include "wasm/module.hpp"
#include "wasm/wasi_interpreter.hpp"

namespace pitot::engines {
namespace {

using test::fails_with;
using test::refuses;

/// The engine 'mine' of a table with these fields, as it is found here.
Engine find_mine(const test::TempFolder& folder, const std::string& fields) {
    const auto file = folder.put("table.json", R"({"schema": 1, "engines": [{"name": "mine", "title": "t",
        "package": "my package", )" + fields + "}]}");
    const Result<std::vector<Engine>> engines = find_engines(file);
    EXPECT_TRUE(engines) << engines.error().to_string();
    return engines ? engines->back() : Engine();
}

std::size_t entries(const std::filesystem::path& folder) {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator()));
}

TEST(FindEngines, TellsVersionsOrWhatIsMissing) {
    const test::TempFolder folder;
    const auto program = folder.put("tool", "#!/bin/sh\necho tool version 4.5.6\n");
    std::filesystem::permissions(program, std::filesystem::perms::owner_all);
    const std::string tool = program.string();
    const Engine here = find_mine(folder, R"("programs": {"t": ["no-such-program", ")" + tool + R"("]},
        "version": {"tool": ["{t}"], "odd": ["/bin/false"]}, "run": ["{t}", "{module}", "{args}"])");
    EXPECT_EQ(here.missing, "");
    EXPECT_EQ(here.version, "tool 4.5.6, odd of unknown version");
    const Engine missing = find_mine(folder, R"("programs": {"t": ["no-such-program", "/no/such/file"]},
        "run": ["{t}", "{module}", "{args}"])");
    EXPECT_EQ(missing.missing, "no-such-program or /no/such/file");
    EXPECT_EQ(missing.version, "");
    EXPECT_TRUE(fails_with(prepare(missing, "m.wasm", {}, folder / "cache"), ErrorCode::kEnvironment,
                           {"mine is not here", "no-such-program", "my package"}));
}

TEST(Prepare, FillsInModuleArgumentsAndEnvironment) {
    const test::TempFolder folder;
    const Engine engine = find_mine(folder, R"("programs": {"cat": ["cat"]}, "environment": {"LEVEL": "3"},
        "run": ["{cat}", "-n", "{files}/wasi.js", "{module}", "{args}"])");
    const Result<Command> command = prepare(engine, folder / "m.wasm", {.args = {"a b", "{module}"}}, folder / "cache");
    ASSERT_TRUE(command) << command.error().to_string();
    ASSERT_EQ(command->argv.size(), 6U);
    EXPECT_TRUE(std::filesystem::path(command->argv[0]).is_absolute());
    EXPECT_EQ(test::content_of(command->argv[2]), embedded_file("wasi.js"));
    EXPECT_EQ(command->argv[3], (folder / "m.wasm").string());
    EXPECT_EQ(command->argv[4], "a b");
    EXPECT_EQ(command->argv[5], "{module}");
    EXPECT_EQ(command->environment, std::vector<std::string>{"LEVEL=3"});
}

TEST(Prepare, PutsWhatIsGivenWhereTheEngineTakesIt) {
    const test::TempFolder folder;
    const std::string programs = R"("programs": {"cat": ["cat"]}, )";
    const Engine words =
        find_mine(folder, programs + R"("given": {"env": ["--env", "{value}"], "dir": ["--dir={value}"],
        "warm": ["--calls={value}"], "imports": ["--js", "{value}"]}, "run": ["{cat}", "{options}", "{module}", "{args}"])");
    const RunInput input{{"a"}, folder / "in.txt", {"X=1", "Y={module}"}, {"data"}, folder.path(), folder / "i.mjs"};
    const auto once = prepare(words, folder / "m.wasm", input, folder / "cache");
    ASSERT_TRUE(once) << once.error().to_string();
    EXPECT_EQ(once->warm_calls, 0U);
    const Command command = with_warm_calls(*once, words, 7);
    EXPECT_EQ(std::vector<std::string>(command.argv.begin() + 1, command.argv.end()),
              (std::vector<std::string>{"--env", "X=1", "--env", "Y={module}", "--dir=data", "--js",
                                        (folder / "i.mjs").string(), "--calls=7", (folder / "m.wasm").string(), "a"}));
    EXPECT_EQ(command.standard_input, folder / "in.txt");
    EXPECT_EQ(command.folder, folder.path());
    EXPECT_EQ(command.warm_calls, 7U);
    const Engine variables = find_mine(folder, programs + R"("given": {"env": "V_", "warm": "CALLS"},
        "run": ["{cat}", "{module}", "{args}"])");
    const auto prepared = prepare(variables, "m.wasm", {.environment = {"X=1"}}, folder / "cache");
    ASSERT_TRUE(prepared) << prepared.error().to_string();
    const Command other = with_warm_calls(*prepared, variables, 2);
    EXPECT_EQ(other.argv.size(), 2U);
    EXPECT_EQ(other.environment, (std::vector<std::string>{"V_X=1", "CALLS=2"}));
}

TEST(Prepare, RefusesWhatTheEngineCannotGive) {
    const test::TempFolder folder;
    const Engine engine = find_mine(folder, R"("programs": {"cat": ["cat"]}, "given": {"stdin": false},
        "run": ["{cat}", "{module}", "{args}"])");
    EXPECT_FALSE(engine.warms);
    const RunInput input{{}, folder / "in.txt", {"X=1"}, {"data"}, folder.path(), folder / "i.mjs"};
    EXPECT_TRUE(fails_with(
        prepare(engine, "m.wasm", input, folder / "cache"), ErrorCode::kInput,
        {"mine gives a module no folders and no environment and no standard input and no imports", "the task"}));
    EXPECT_EQ(what_is_not_given(engine, {.args = {"a"}}), "");
}

TEST(FindEngines, WhatMayBeGivenMakesNoOtherEngine) {
    const test::TempFolder folder;
    const std::string programs = R"("programs": {"cat": ["cat"]}, )";
    const Engine old = find_mine(folder, programs + R"("run": ["{cat}", "{module}", "{args}"])");
    const Engine now = find_mine(folder, programs + R"("given": {"env": ["--env={value}"], "warm": "CALLS"},
        "run": ["{cat}", "{options}", "{module}", "{args}"])");
    const Engine other = find_mine(folder, programs + R"("run": ["{cat}", "-n", "{module}", "{args}"])");
    EXPECT_TRUE(now.warms && !old.warms);
    EXPECT_TRUE(runs_alike(old.declared, now.declared));
    EXPECT_FALSE(runs_alike(old.declared, other.declared));
}

TEST(Prepare, HasACopyRunThatCallsAFunction) {
    const test::TempFolder folder;
    const auto bytes = test::assemble(R"((module (import "env" "f" (func (result i32)))
        (func (export "g") (param i64) (result i32) call 0)))");
    const auto module = folder.put("m.wasm", std::string(bytes.begin(), bytes.end()));
    const Engine engine = find_mine(folder, R"("programs": {"cat": ["cat"]}, "run": ["{cat}", "{module}", "{args}"])");
    RunInput input{.args = {"0x7"}, .program = {"g", {"7"}, true}, .copies = true};
    const auto command = prepare(engine, module, input, folder / "cache");
    ASSERT_TRUE(command) << command.error().to_string();
    ASSERT_EQ(command->argv.size(), 2U) << "parameters are no arguments";
    EXPECT_EQ(std::filesystem::path(command->argv[1]).filename(), "m.wasm");
    const std::string copy = test::content_of(command->argv[1]);
    const wasm::Module read = test::read_module({copy.begin(), copy.end()});
    EXPECT_TRUE(read.exported_function("_start"));
    EXPECT_TRUE(read.imports().empty());
    input.program.parameters = {"8"};
    EXPECT_NE(prepare(engine, module, input, folder / "cache")->argv[1], command->argv[1]);
    input.program.parameters.clear();
    EXPECT_TRUE(refuses(prepare(engine, module, input, folder / "cache"), {"no function 'g' with 0 parameters"}));
    input.copies = false;
    EXPECT_EQ(prepare(engine, module, input, folder / "cache")->argv[1], module.string());
}

TEST(FindEngines, TellsWhichImportsEnginesHave) {
    const test::TempFolder folder;
    const std::string programs = R"("programs": {"cat": ["cat"], "pitot": ["cat"]}, )";
    const Engine ours = find_mine(folder, programs + R"("run": ["{cat}", "{files}/wasi.js", "{module}", "{args}"])");
    const Engine own = find_mine(folder, programs + R"("provides": ["wasi*", "env"], "run": ["{cat}", "{module}",
        "{args}"])");
    const Engine unknown = find_mine(folder, programs + R"("run": ["{cat}", "{module}", "{args}"])");
    EXPECT_EQ(provided_imports(ours).what, Provides::What::kOurs);
    EXPECT_TRUE(provided_imports(ours).may_have("wasi_unstable"));
    EXPECT_FALSE(provided_imports(ours).may_have("wasi_nn"));
    EXPECT_EQ(provided_imports(own).what, Provides::What::kOwn);
    EXPECT_TRUE(provided_imports(own).may_have("wasi_nn") && provided_imports(own).may_have("env"));
    EXPECT_FALSE(provided_imports(own).may_have("environment"));
    EXPECT_TRUE(provided_imports(unknown).may_have("anything"));
    EXPECT_TRUE(runs_alike(own.declared, unknown.declared));
    const auto table = find_engines({});
    ASSERT_TRUE(table);
    for (const Engine& engine : *table) {
        if (engine.missing.empty()) {
            EXPECT_NE(provided_imports(engine).what, Provides::What::kUnknown) << engine.name;
        }
    }
}

TEST(Prepare, CompilesOnceAModule) {
    const test::TempFolder folder;
    const auto module = folder.put("m.wasm", "one");
    const Engine engine = find_mine(folder, R"("programs": {"cp": ["cp"], "cat": ["cat"]},
        "compile": [["{cp}", "{module}", "{build}/first"], ["{cp}", "{build}/first", "{build}/second"]],
        "run": ["{cat}", "{build}/second", "{args}"])");
    const auto cache = folder / "cache";
    const Result<Command> first = prepare(engine, module, {}, cache);
    ASSERT_TRUE(first) << first.error().to_string();
    const std::filesystem::path made = first->argv[1];
    EXPECT_EQ(test::content_of(made), "one");
    std::ofstream(made) << "kept";
    const Result<Command> again = prepare(engine, module, {}, cache);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->argv, first->argv);
    EXPECT_EQ(test::content_of(made), "kept");

    folder.put("m.wasm", "two");
    const Result<Command> changed = prepare(engine, module, {}, cache);
    ASSERT_TRUE(changed);
    EXPECT_NE(changed->argv[1], first->argv[1]);
    EXPECT_EQ(test::content_of(changed->argv[1]), "two");
    EXPECT_EQ(entries(cache), 3U) << "two modules and the runtime, nothing left over";
}

TEST(Prepare, TellsRefusalsFromFailures) {
    const test::TempFolder folder;
    const auto module = folder.put("m.wasm", "x");
    const auto cache = folder / "cache";
    const auto with_step = [&](const std::string& step) {
        const Engine engine = find_mine(folder, R"("programs": {"sh": ["sh"]}, "compile": [)" + step +
                                                    R"(], "run": ["{sh}", "{build}/m", "{args}"])");
        return prepare(engine, module, {}, cache);
    };
    EXPECT_TRUE(refuses(with_step(R"(["{sh}", "-c", "echo no SIMD here >&2; exit 3", "{module}"])"),
                        {"mine refuses", "m.wasm", "no SIMD here"}));
    EXPECT_TRUE(fails_with(with_step(R"(["{sh}", "-c", "echo disk full; exit 3"])"), ErrorCode::kEnvironment,
                           {"mine cannot compile", "status 3", "disk full", "my package"}));
    EXPECT_TRUE(fails_with(with_step(R"(["{sh}", "-c", "kill -SEGV $$", "{module}"])"), ErrorCode::kEnvironment,
                           {"signal 11"}));
    EXPECT_TRUE(fails_with(with_step(R"(["/no/such/compiler", "{module}"])"), ErrorCode::kEnvironment, {"127"}));
    EXPECT_EQ(entries(cache), 1U) << "the runtime alone";
    // A compiler that breaks down on this module and on no other.
    EXPECT_TRUE(
        refuses(with_step(R"(["{sh}", "-c", "if head -c1 $0 | grep -q x; then kill -SEGV $$; fi", "{module}"])"),
                {"mine cannot compile", "m.wasm", "but others", "signal 11"}));
    std::filesystem::remove(module);
    EXPECT_TRUE(fails_with(with_step(R"(["{sh}", "{module}"])"), ErrorCode::kEnvironment, {"cannot read "}));
}

TEST(Prepare, KillsACompilerAtItsLimitOrByAWishToStop) {
    const test::TempFolder folder;
    const auto module = folder.put("m.wasm", "x");
    const auto pid = folder / "pid";
    const Engine engine = find_mine(folder, R"("programs": {"sh": ["sh"]}, "compile": [["{sh}", "-c",
        "sleep 71 & echo $! >)" + pid.string() + R"(; wait", "{module}"]], "run": ["{sh}", "{build}/m", "{args}"])");
    EXPECT_TRUE(fails_with(prepare(engine, module, {}, folder / "cache", {.limit_s = 0.3}), ErrorCode::kEnvironment,
                           {"mine cannot compile", "m.wasm", "0.3 s", "give it longer"}));
    EXPECT_TRUE(test::ends(test::content_of(pid)));
    std::filesystem::remove(pid);
    const test::LaterStop stop(std::chrono::milliseconds(300));
    EXPECT_TRUE(fails_with(prepare(engine, module, {}, folder / "cache", {.stop = stop.token()}), ErrorCode::kCancelled,
                           {"stopped"}));
    EXPECT_TRUE(test::ends(test::content_of(pid)));
    EXPECT_EQ(entries(folder / "cache"), 1U) << "the runtime alone";
}

TEST(FindEngines, HearsAWishToStop) {
    const test::TempFolder folder;
    const auto pid = folder / "pid";
    const auto table = folder.put("table.json", R"({"schema": 1, "engines": [{"name": "mine", "title": "t",
        "package": "p", "programs": {"sh": ["sh"]}, "run": ["{sh}", "{module}", "{args}"], "version": {"slow":
        ["{sh}", "-c", "sleep 71 & echo $! >)" + pid.string() +
                                                    R"(; wait"]}}]})");
    const test::LaterStop stop(std::chrono::milliseconds(1500));  // after those built in
    EXPECT_TRUE(fails_with(find_engines(table, stop.token()), ErrorCode::kCancelled, {"stopped"}));
    EXPECT_TRUE(!std::filesystem::exists(pid) || test::ends(test::content_of(pid)));
}

TEST(CheckEngine, HearsAWishToStop) {
    const test::TempFolder folder;
    const Engine slow =
        find_mine(folder, R"("programs": {"sh": ["sh"]}, "run": ["{sh}", "-c", "sleep 71", "{module}", "{args}"])");
    const test::LaterStop stop(std::chrono::milliseconds(100));
    EXPECT_TRUE(fails_with(check_engine(slow, stop.token()), ErrorCode::kCancelled, {"stopped"}));
}

TEST(CheckEngine, FailsWhereTheModuleIsNotRun) {
    const test::TempFolder folder;
    const Engine wrong =
        find_mine(folder, R"("programs": {"echo": ["echo"]}, "run": ["{echo}", "{module}", "{args}"])");
    EXPECT_TRUE(fails_with(check_engine(wrong), ErrorCode::kEnvironment, {"status 0", "check.wasm wind tunnel"}));
    const Engine right =
        find_mine(folder, R"("programs": {"sh": ["sh"]}, "run": ["{sh}", "-c", "echo $1", "{module}", "{args}"])");
    const Result<void> works = check_engine(right);
    EXPECT_TRUE(works) << works.error().to_string();
}

/// Those of the build's own needs; the others are checked by `pitot engines --check`.
class BuiltInEngines : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Some, BuiltInEngines, testing::Values("node", "wasm2c-gcc-o0"), [](const auto& each) {
    std::string name = each.param;
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
});

TEST_P(BuiltInEngines, RunAModule) {
    const Result<std::vector<Engine>> engines = find_engines({});
    ASSERT_TRUE(engines) << engines.error().to_string();
    const auto engine = std::find_if(engines->begin(), engines->end(),
                                     [](const Engine& one) { return one.name == GetParam() && one.device.empty(); });
    ASSERT_NE(engine, engines->end());
    if (!engine->missing.empty()) {
        GTEST_SKIP() << "there is no " << engine->missing;
    }
    const Result<void> works = check_engine(*engine);
    EXPECT_TRUE(works) << works.error().to_string();
}

Result<core::ChildAnswer> interpret(const std::vector<std::string>& args) {
    const std::string_view module = embedded_file("check.wasm");
    return core::run_child(
        [&](int answer_fd) {
            ::dup2(answer_fd, STDOUT_FILENO);
            const wasm::WasiRun run = wasm::interpret_wasi({module.begin(), module.end()}, args);
            if (run.reason.empty()) {
                return static_cast<int>(run.status);
            }
            return run.reason.find("unreachable") != std::string::npos && !run.refused ? 100 : 101;
        },
        {60.0});
}

TEST(Interpreter, GivesArgumentsAndTakesOutputAndTheExit) {
    const auto good = interpret({"name", "hello"});
    ASSERT_TRUE(good);
    EXPECT_EQ(good->bytes, "hello\n");
    EXPECT_EQ(good->exit_status, 0);
    const auto trapped = interpret({"name"});
    ASSERT_TRUE(trapped);
    EXPECT_EQ(trapped->exit_status, 100);
}

TEST(Process, TellsHowItEndedAndItsLastWords) {
    core::ChildAnswer answer;
    answer.exit_status = 3;
    EXPECT_EQ(ending_of(answer, 5.0), "ended with status 3");
    answer.signal = 9;
    EXPECT_EQ(ending_of(answer, 5.0), "was ended by signal 9");
    answer.timed_out = true;
    EXPECT_EQ(ending_of(answer, 5.0), "was killed after 5 s");
    EXPECT_EQ(last_words("a\nb\n\n"), "a b");
    EXPECT_EQ(last_words(std::string(398, 'x') + "ä" + std::string(399, 'y')), std::string(399, 'y'));
}

}  // namespace
}  // namespace pitot::engines
