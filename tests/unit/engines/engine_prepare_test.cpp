// Engines found on this machine, and modules made ready for them.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "core/programs.hpp"
#include "engines/engine.hpp"
#include "engines/engine_check.hpp"
#include "engines/files.hpp"
#include "engines/process.hpp"
#include "support/expect_error.hpp"
#include "support/processes.hpp"
#include "support/temp_folder.hpp"
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
    const Result<Command> command = prepare(engine, folder / "m.wasm", {"a b", "{module}"}, folder / "cache");
    ASSERT_TRUE(command) << command.error().to_string();
    ASSERT_EQ(command->argv.size(), 6U);
    EXPECT_TRUE(std::filesystem::path(command->argv[0]).is_absolute());
    EXPECT_EQ(test::content_of(command->argv[2]), embedded_file("wasi.js"));
    EXPECT_EQ(command->argv[3], (folder / "m.wasm").string());
    EXPECT_EQ(command->argv[4], "a b");
    EXPECT_EQ(command->argv[5], "{module}");
    EXPECT_EQ(command->environment, std::vector<std::string>{"LEVEL=3"});
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
