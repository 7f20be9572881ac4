// What running an instrumented copy counts, against libwabt's interpreter and against counts by hand.
#include "wasm/profile.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <numeric>
#include <set>

#include "support/expect_error.hpp"
#include "support/temp_folder.hpp"
#include "unit/wasm/counters.hpp"
#include "unit/wasm/modules.hpp"
#include "unit/wasm/wat.hpp"

namespace pitot::wasm {
namespace {

using test::Counts;
using test::fails_with;

/// What the interpreter's own code has instead: branches are compiled away into others.
const std::set<std::string>& structure() {
    static const std::set<std::string> names{"block", "loop",  "if",  "else",   "end",
                                             "br",    "br_if", "nop", "return", "unreachable"};
    return names;
}
const std::set<std::string>& of_interpreter() {
    static const std::set<std::string> names{"br",     "br_if",     "br_unless",  "return",
                                             "alloca", "drop_keep", "catch_drop", "unreachable"};
    return names;
}

Counts without(Counts counts, const std::set<std::string>& names) {
    for (const std::string& name : names) {
        counts.erase(name);
    }
    return counts;
}

Result<Profile> profile(const std::string& wat, Engine engine, RunRequest request = {}, bool partial = false) {
    request.name = "test";
    Module module = test::read_module(test::assemble(wat));
    const std::vector<ImportName> imports = module.imports();
    const Result<Instrumented> instrumented = instrument(std::move(module), "test.wasm");
    EXPECT_TRUE(instrumented);
    return run_profile(*instrumented, imports, request, engine, partial);
}

Counts counts_of(const Result<Profile>& profile) {
    EXPECT_TRUE(profile) << profile.error().to_string();
    return profile ? test::by_name(profile->counts) : Counts{};
}

class Engines : public testing::TestWithParam<Engine> {
protected:
    void SetUp() override {
        if (GetParam() == Engine::kNode && !find_node()) {
            GTEST_SKIP() << "there is no node";
        }
    }
};
INSTANTIATE_TEST_SUITE_P(All, Engines, testing::Values(Engine::kNode, Engine::kInterpreter),
                         [](const auto& each) { return each.param == Engine::kNode ? "Node" : "Wabt"; });

TEST_P(Engines, CountsAreThoseOfTheTrace) {
    for (const char* wat : {test::kControlFlow, test::kSort, test::kPrefixed}) {
        const Counts counted = counts_of(profile(wat, GetParam()));
        const Counts traced = test::traced(test::assemble(wat));
        EXPECT_EQ(without(counted, structure()), without(traced, of_interpreter()));
        // An `if` is a br_unless there, and a br_if one too or itself.
        const auto count = [](const Counts& counts, const char* name) {
            const auto found = counts.find(name);
            return found == counts.end() ? 0 : found->second;
        };
        EXPECT_EQ(count(counted, "if") + count(counted, "br_if"), count(traced, "br_unless") + count(traced, "br_if"));
    }
}

TEST_P(Engines, StructureCountsAsDefined) {
    const Counts counts = counts_of(profile(R"((module (func (export "run") (local i32)
        block                                    ;; 1 block
          loop                                   ;; 1 loop
            local.get 0 i32.const 3 i32.eq br_if 1   ;; 4 br_if, the last leaves the block: no end of either
            local.get 0 i32.const 1 i32.and if   ;; 3 if
              nop                                ;; 1 nop, then 1 else and 1 end
            else                                 ;; 2 nops, 2 ends
              nop
            end
            local.get 0 i32.const 1 i32.add local.set 0
            br 0                                 ;; 3 br
          end
        end
        i32.const 0 if unreachable end           ;; 1 if, 1 end
        block block br 1 end end                 ;; 2 blocks, 1 br, no end
      )))",
                                            GetParam()));  // and the function's end
    const Counts expected{{"block", 3},  {"loop", 1},    {"br_if", 4},   {"if", 4},         {"nop", 3},
                          {"else", 1},   {"end", 5},     {"br", 4},      {"local.get", 10}, {"i32.const", 11},
                          {"i32.eq", 4}, {"i32.and", 3}, {"i32.add", 3}, {"local.set", 3}};
    EXPECT_EQ(counts, expected);
}

/// if nop else end, twice: with the condition true, then false. An assembler would leave the `else` out.
TEST_P(Engines, AnElseWithNothingBehindItCounts) {
    const std::vector<std::uint8_t> bytes{0,    'a',  's', 'm',  1,    0,    0,    0,        // header
                                          1,    4,    1,   0x60, 0,    0,                    // type () -> ()
                                          3,    2,    1,   0,                                // function
                                          7,    7,    1,   3,    'r',  'u',  'n',  0,    0,  // export
                                          10,   19,   1,   17,   0,    0x41, 1,    0x04, 0x40, 0x01, 0x05,
                                          0x0B, 0x41, 0,   0x04, 0x40, 0x01, 0x05, 0x0B, 0x01, 0x0B};
    Module module = test::read_module(bytes);
    EXPECT_EQ(test::by_name(module.static_counts()).at("else"), 2U);
    const Result<Instrumented> copy = instrument(std::move(module), "test.wasm");
    ASSERT_TRUE(copy);
    EXPECT_EQ(counts_of(run_profile(*copy, {}, {}, GetParam(), false)),
              (Counts{{"i32.const", 2}, {"if", 2}, {"nop", 2}, {"else", 1}, {"end", 3}}));
}

TEST_P(Engines, TheStartFunctionCounts) {
    const Counts counts = counts_of(
        profile(R"((module (func $s nop nop) (start $s) (func (export "run") i32.const 1 drop)))", GetParam()));
    EXPECT_EQ(counts, (Counts{{"nop", 2}, {"i32.const", 1}, {"drop", 1}, {"end", 2}}));
}

TEST_P(Engines, OneFunctionIsCalledByName) {
    RunRequest request;
    request.invoke = "two";
    const char* const wat = R"((module (func (export "one") nop) (func (export "two") i32.const 1 drop)))";
    EXPECT_EQ(counts_of(profile(wat, GetParam(), request)), (Counts{{"i32.const", 1}, {"drop", 1}, {"end", 1}}));
    request.invoke = "three";
    EXPECT_TRUE(test::refuses(profile(wat, GetParam(), request), {"no function 'three'"}));
}

TEST_P(Engines, AReactorIsInitialisedOnce) {
    const char* const wat = R"((module (func (export "_initialize") nop) (func (export "f") i32.const 1 drop)))";
    RunRequest request;
    request.invoke = "_initialize";
    EXPECT_EQ(counts_of(profile(wat, GetParam(), request)), (Counts{{"nop", 1}, {"end", 1}}));
    const Counts both{{"nop", 1}, {"i32.const", 1}, {"drop", 1}, {"end", 2}};
    request.invoke = "f";
    EXPECT_EQ(counts_of(profile(wat, GetParam(), request)), both);
    EXPECT_EQ(counts_of(profile(wat, GetParam())), both);
}

TEST_P(Engines, ATrapIsAnErrorAndItsPiecesAreCounted) {
    const char* const wat = R"((module (memory 1)
        (func $f nop i32.const -1 i32.load drop) (func (export "run") i32.const 1 drop call $f nop)))";
    EXPECT_TRUE(test::refuses(profile(wat, GetParam()), {"'test' trapped", "out of bounds", "counted until then"}));
    const Result<Profile> partial = profile(wat, GetParam(), {}, true);
    // The piece of $f was entered, and is credited whole; behind the call nothing is.
    EXPECT_EQ(counts_of(partial),
              (Counts{{"nop", 1}, {"i32.const", 2}, {"i32.load", 1}, {"drop", 2}, {"call", 1}, {"end", 1}}));
    EXPECT_NE(partial->incomplete.find("trapped"), std::string::npos);
}

TEST_P(Engines, ALoopWithoutEndIsStopped) {
    RunRequest request;
    request.timeout_s = 0.3;
    const char* const wat = R"((module (func (export "run") nop loop $l br $l end)))";
    EXPECT_TRUE(
        test::refuses(profile(wat, GetParam(), request), {"stopped after 0.3 s", "longer", "counted until then"}));
    const Counts counts = counts_of(profile(wat, GetParam(), request, true));
    EXPECT_EQ(without(counts, {"br"}), (Counts{{"nop", 1}, {"loop", 1}}));
    EXPECT_GT(counts.at("br"), 1000U);
}

TEST_P(Engines, EndlessRecursionIsATrap) {
    const char* const wat = R"((module (func $r (export "run") call $r)))";
    EXPECT_TRUE(test::refuses(profile(wat, GetParam()), {"trapped", "stack"}));
}

/// Deeper than libwabt's own limit, and what V8 has room for.
TEST_P(Engines, DeepRecursionRuns) {
    const char* const wat = R"((module
        (func $r (param i32) local.get 0 if local.get 0 i32.const 1 i32.sub call $r end)
        (func (export "run") i32.const 8000 call $r)))";
    EXPECT_EQ(counts_of(profile(wat, GetParam())).at("if"), 8001U);
}

TEST_P(Engines, ParametersAreGivenByTheirTypes) {
    const char* const wat = R"((module
        (func (export "_initialize") nop)
        (func (export "f") (param $i i32) (param $l i64) (param $f f32) (param $d f64)
          local.get $i i32.const -1 i32.ne if unreachable end
          local.get $l i64.const 0x8000000000000001 i64.ne if unreachable end
          local.get $f f32.const 0.1 f32.ne if unreachable end
          local.get $d f64.const 1e300 f64.ne if unreachable end
          drop_here)))";
    std::string text = wat;
    text.replace(text.find("drop_here"), 9, "nop nop");
    const Module module = test::read_module(test::assemble(text));
    RunRequest request;
    for (const std::vector<std::string>& values : std::vector<std::vector<std::string>>{
             {"-1", "0x8000000000000001", "0.1", "1e300"}, {"4294967295", "-9223372036854775807", "0.1", "1e300"}}) {
        request = {};
        ASSERT_TRUE(set_invocation(module, "f", values, request));
        EXPECT_EQ(counts_of(profile(text, GetParam(), request)).at("nop"), 3U);
    }
}

TEST(Invocation, ValuesThatDoNotFitAreRefused) {
    const Module module = test::read_module(
        test::assemble(R"((module (func (export "f") (param i32 f32)) (func (export "g") (param funcref))
                           (func (export "h"))))"));
    RunRequest request;
    EXPECT_TRUE(fails_with(set_invocation(module, "e", {}, request), ErrorCode::kUsage, {"exports no function 'e'"}));
    EXPECT_TRUE(fails_with(set_invocation(module, "f", {"1"}, request), ErrorCode::kUsage,
                           {"takes 2 parameters (i32, f32)", "1 is"}));
    EXPECT_TRUE(fails_with(set_invocation(module, "f", {"4294967296", "1"}, request), ErrorCode::kUsage,
                           {"'4294967296' is no i32"}));
    EXPECT_TRUE(fails_with(set_invocation(module, "f", {"1", "x"}, request), ErrorCode::kUsage,
                           {"'x' is no f32", "parameter 2"}));
    EXPECT_TRUE(fails_with(set_invocation(module, "f", {"1.5", "1"}, request), ErrorCode::kUsage, {"'1.5' is no i32"}));
    EXPECT_TRUE(
        fails_with(set_invocation(module, "g", {"1"}, request), ErrorCode::kUsage, {"funcref", "cannot be given"}));
    request = {};
    ASSERT_TRUE(set_invocation(module, "h", {"a", "b"}, request));
    EXPECT_EQ(request.args, (std::vector<std::string>{"a", "b"}));
    EXPECT_TRUE(request.parameters.empty());
}

TEST(Invocation, WholeNumbersAreDecimalOrHexadecimal) {
    const Module module = test::read_module(test::assemble(
        R"((module (func (export "f") (param i32)) (func (export "g") (param i64)) (func (export "h") (param f32)) (func (export "d") (param f64))))"));
    const auto given = [&](const char* function, const std::string& value) -> std::string {
        RunRequest request;
        return set_invocation(module, function, {value}, request) ? request.parameters.at(0) : "refused";
    };
    for (const char* function : {"f", "g"}) {
        EXPECT_EQ(given(function, "010"), "10");
        EXPECT_EQ(given(function, "-010"), "-10");
        EXPECT_EQ(given(function, "09"), "9");
        EXPECT_EQ(given(function, "0x10"), "16");
        EXPECT_EQ(given(function, "-0X10"), "-16");
        EXPECT_EQ(given(function, "+5"), "5");
        for (const char* none : {" -5", " 5", "\t5", "5 ", "", "-", "+-5", "0x", "1e3", "five"}) {
            EXPECT_EQ(given(function, none), "refused") << none;
        }
    }
    EXPECT_EQ(given("g", "-9223372036854775809"), "refused");
    EXPECT_EQ(given("h", "3e38"), "3e+38");
    EXPECT_EQ(given("h", "1e39"), "refused");
    EXPECT_EQ(given("h", "-1e39"), "refused");
    EXPECT_EQ(given("h", "inf"), "Infinity");
    EXPECT_EQ(given("d", "1e39"), "1e+39");
    EXPECT_EQ(given("d", "1e309"), "refused");
    EXPECT_EQ(given("d", " 1"), "refused");
}

/// However few globals there are, the counts are the same.
TEST_P(Engines, CountersThatAreSharedOrSplitCountTheSame) {
    for (const char* wat : {test::kControlFlow, test::kSort, test::kPrefixed}) {
        const Counts expected = counts_of(profile(wat, GetParam()));
        const Result<Instrumented> roomy = instrument(test::read_module(test::assemble(wat)), "test.wasm");
        ASSERT_TRUE(roomy);
        const std::vector<std::uint64_t> times = test::times_counted(*roomy);
        const std::uint64_t in_code = std::accumulate(times.begin(), times.end(), std::uint64_t{0});
        EXPECT_LT(roomy->pieces.size(), in_code);
        const std::size_t least = roomy->first_counter + 2 * roomy->opcodes.size();
        for (const std::size_t most : {least, least + 3}) {
            const Result<Instrumented> tight = instrument(test::read_module(test::assemble(wat)), "test.wasm", most);
            ASSERT_TRUE(tight) << tight.error().to_string();
            EXPECT_LE(tight->pieces.size(), roomy->opcodes.size() + 3);
            RunRequest request;
            request.name = "test";
            EXPECT_EQ(counts_of(run_profile(*tight, {}, request, GetParam(), false)), expected);
        }
        EXPECT_TRUE(test::refuses(instrument(test::read_module(test::assemble(wat)), "test.wasm", least - 1),
                                  {"test.wasm", "globals"}));
    }
}

TEST_P(Engines, SomethingMustBeThereToCall) {
    EXPECT_TRUE(
        test::refuses(profile("(module (func (export \"f\") (param i32)))", GetParam()), {"no start function"}));
}

TEST(Profile, ForeignImportsAreRefused) {
    EXPECT_TRUE(test::refuses(profile(R"((module (import "env" "f" (func)) (func (export "run"))))", Engine::kAny),
                              {"imports 'f' from 'env'", "return zeros", "count without running"}));
}

class Wasi : public testing::Test {
protected:
    void SetUp() override {
        if (!find_node()) {
            GTEST_SKIP() << "there is no node";
        }
    }
};

constexpr const char* kExit = R"((module
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (import "wasi_snapshot_preview1" "args_sizes_get" (func $args (param i32 i32) (result i32)))
    (memory (export "memory") 1)
    (func $leave (param i32) nop local.get 0 call $exit nop)
    (func (export "_start")
      i32.const 0 i32.const 4 call $args drop
      i32.const 0 i32.load i32.const 1 i32.sub call $leave
      nop nop)))";

TEST_F(Wasi, WhatIsBehindProcExitDoesNotCount) {
    EXPECT_EQ(counts_of(profile(kExit, Engine::kNode)), (Counts{{"i32.const", 4},
                                                                {"call", 3},
                                                                {"drop", 1},
                                                                {"i32.load", 1},
                                                                {"i32.sub", 1},
                                                                {"nop", 1},
                                                                {"local.get", 1}}));
}

TEST_F(Wasi, AStatusOtherThanZeroIsAnError) {
    RunRequest request;
    request.args = {"a", "--b"};
    EXPECT_TRUE(test::refuses(profile(kExit, Engine::kNode, request), {"exited with status 2", "counted until then"}));
    EXPECT_EQ(counts_of(profile(kExit, Engine::kNode, request, true)), counts_of(profile(kExit, Engine::kNode)));
}

TEST_F(Wasi, CodeCannotCatchProcExit) {
    EXPECT_EQ(counts_of(profile(R"((module
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") 1)
        (tag $t (param i32))
        (func (export "_start")
          try (result i32) i32.const 7 throw $t catch $t nop end drop
          try nop catch_all nop end
          try i32.const 0 call $exit catch_all nop end)))",
                                Engine::kNode)),
              (Counts{{"try", 3},
                      {"i32.const", 2},
                      {"throw", 1},
                      {"catch", 1},
                      {"nop", 2},
                      {"end", 2},
                      {"drop", 1},
                      {"call", 1}}));
}

/// One of every kind.
constexpr const char* kForeign = R"((module
    (import "env" "f" (func $f (param i32) (result i64)))
    (import "env" "two" (func $two (result i32 f64)))
    (import "env" "none" (func $none))
    (import "env" "memory" (memory 2 4))
    (import "env" "table" (table 3 funcref))
    (import "env" "g" (global $g i32))
    (import "env" "m" (global $m (mut i64)))
    (import "env" "t" (tag (param i32)))
    (func (export "_start")
      i32.const 5 call $f i64.eqz if nop end
      call $two drop drop call $none
      global.get $g i32.const 3 i32.eq if nop nop end)))";

TEST_F(Wasi, ImportsAreMadeUpOfZeros) {
    RunRequest request;
    request.stub_imports = true;
    const Result<Profile> made = profile(kForeign, Engine::kNode, request);
    EXPECT_EQ(counts_of(made).at("nop"), 1U);
    EXPECT_EQ(made->stubs.size(), 8U);
    EXPECT_EQ(made->stub_calls, 3U);
}

TEST_F(Wasi, ImportsAreGivenByAModuleOfJavaScript) {
    const test::TempFolder folder;
    RunRequest request;
    request.imports_module = folder
                                 .put("imports.mjs", R"(export default ({ memory }) => ({ env: {
        f: (n) => BigInt(n), two: () => [1, 2], none: () => {}, memory: new WebAssembly.Memory({ initial: 2, maximum: 4 }),
        table: new WebAssembly.Table({ element: 'anyfunc', initial: 3 }), g: 3,
        m: new WebAssembly.Global({ value: 'i64', mutable: true }, 0n), t: new WebAssembly.Tag({ parameters: ['i32'] }) } }))")
                                 .string();
    const Result<Profile> made = profile(kForeign, Engine::kNode, request);
    EXPECT_EQ(counts_of(made).at("nop"), 2U);
    EXPECT_TRUE(made->stubs.empty());
    request.imports_module = folder.put("few.mjs", "export const imports = { env: { g: 3 } };").string();
    EXPECT_TRUE(test::refuses(profile(kForeign, Engine::kNode, request), {"'f' from 'env'", "and 4 more"}));
    request.imports_module = folder.put("none.mjs", "export default null;").string();
    EXPECT_TRUE(test::refuses(profile(kForeign, Engine::kNode, request), {"exports no object of imports"}));
}

TEST_F(Wasi, TheEnvironmentIsWhatTheRequestSays) {
    RunRequest request;
    request.environment = {"A=b=c", "D="};
    EXPECT_EQ(counts_of(profile(R"((module
        (import "wasi_snapshot_preview1" "environ_sizes_get" (func $sizes (param i32 i32) (result i32)))
        (memory (export "memory") 1)
        (func (export "_start") i32.const 0 i32.const 4 call $sizes drop
          i32.const 0 i32.load i32.const 2 i32.eq i32.const 4 i32.load i32.const 9 i32.eq i32.and if nop end)))",
                                Engine::kNode, request))
                  .at("nop"),
              1U);
}

TEST(Profile, TheInterpreterHasNoWasi) {
    EXPECT_TRUE(fails_with(profile(kExit, Engine::kInterpreter), ErrorCode::kEnvironment, {"imports", "nodejs"}));
}

}  // namespace
}  // namespace pitot::wasm
