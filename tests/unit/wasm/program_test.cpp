// Copies of modules that run as programs.
#include "wasm/program.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/expect_error.hpp"
#include "unit/wasm/wat.hpp"
#include "wasm/wasi_interpreter.hpp"

namespace pitot::wasm {
namespace {

using Names = std::vector<std::string>;

/// A module that ends with a status: that of `f`, plus 10 if `_initialize` was called before.
constexpr const char* kLibrary = R"((module
    (import "env" "far" (func $far (param i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (import "env" "near" (func $near (result i64 f32)))
    (import "env" "base" (global $base i32))
    (import "env" "count" (global $count (mut i64)))
    (import "env" "memory" (memory 1 2))
    (import "env" "table" (table 4 funcref))
    (global $ready (mut i32) (i32.const 0))
    (global $copy i32 (global.get $base))
    (data (global.get $base) "\05")
    (elem (global.get $base) $near $leave $far)
    (func $first (global.set $count (i64.const 3)))
    (start $first)
    (func $leave (param i32) (call $exit (local.get 0)))
    (func (export "_initialize") (global.set $ready (i32.const 10)))
    (func (export "f") (param i32 i64 f32 f64) (result i32)
      (call $near) (drop) (drop)
      (call $leave
        (i32.add (i32.add (i32.add (local.get 0) (i32.wrap_i64 (local.get 1)))
                          (i32.add (i32.trunc_f32_s (local.get 2)) (i32.trunc_f64_s (local.get 3))))
                 (i32.add (i32.add (global.get $ready) (i32.wrap_i64 (global.get $count)))
                          (i32.add (call $far (i32.const 9)) (i32.load8_u (global.get $copy))))))
      (i32.const 1))
    (func (export "g") (call_indirect (param i32) (i32.const 77) (i32.const 1)))))";

WasiRun run(const std::string& wat, const ProgramRequest& request) {
    const auto copy = make_program(test::read_module(test::assemble(wat)), request, "test.wasm");
    EXPECT_TRUE(copy) << copy.error().to_string();
    return copy ? interpret_wasi(*copy, {"test"}) : WasiRun();
}

TEST(Program, CallsAFunctionWithItsParametersAndMadeUpImports) {
    const WasiRun ended = run(kLibrary, {"f", {"-1", "4294967300", "20.5", "40"}, true});
    EXPECT_FALSE(ended.refused) << ended.reason;
    EXPECT_EQ(ended.reason, "");
    EXPECT_EQ(ended.status, static_cast<std::uint32_t>(-1 + 4 + 20 + 40 + 10 + 3 + 0 + 5));
}

TEST(Program, FunctionsOfTablesKeepTheirPlaces) { EXPECT_EQ(run(kLibrary, {"g", {}, true}).status, 77U); }

TEST(Program, OfALibraryCallsAllWithoutParameters) {
    const std::string library = R"((module
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") 1) (global $sum (mut i32) (i32.const 0))
        (func (export "a") (result i32) (global.set $sum (i32.mul (global.get $sum) (i32.const 10))) (i32.const 5))
        (func (export "b") (param i32) unreachable)
        (func (export "_initialize") (global.set $sum (i32.add (global.get $sum) (i32.const 2))))
        (func (export "z") (call $exit (global.get $sum)))))";
    EXPECT_EQ(calls_of(test::read_module(test::assemble(library)), ""), (Names{"_initialize", "a", "z"}));
    EXPECT_EQ(run(library, {}).status, 20U);
}

TEST(Program, OnlyWhatIsNoPlainProgramNeedsACopy) {
    const auto program = test::assemble(R"((module (import "wasi_unstable" "proc_exit" (func (param i32)))
        (func (export "_start")) (func (export "f"))))");
    EXPECT_FALSE(needs_copy(test::read_module(program), {}));
    EXPECT_FALSE(needs_copy(test::read_module(program), {"", {}, true}));
    EXPECT_FALSE(needs_copy(test::read_module(program), {"_start", {}, false}));
    EXPECT_TRUE(needs_copy(test::read_module(program), {"f", {}, false}));
    const auto takes = test::assemble(R"((module (func (export "_start") (param i32))))");
    EXPECT_TRUE(needs_copy(test::read_module(takes), {"_start", {"1"}, false}));
    const auto unknown = test::assemble(R"((module (import "wasi_snapshot_preview1" "sock_open" (func))
        (func (export "_start"))))");
    EXPECT_TRUE(needs_copy(test::read_module(unknown), {"", {}, true}));
    EXPECT_EQ(made_up(test::read_module(unknown).imports()), Names{"wasi_snapshot_preview1.sock_open"});
}

TEST(Program, HasOneStartAndNoInitialize) {
    const auto module = test::assemble(R"((module (func (export "_start") unreachable) (func (export "f"))
        (func (export "_initialize"))))");
    const auto copy = make_program(test::read_module(module), {"f", {}, false}, "test.wasm");
    ASSERT_TRUE(copy);
    EXPECT_EQ(test::read_module(*copy).exported_functions(), (Names{"f", "_start"}));
    EXPECT_EQ(interpret_wasi(*copy, {"test"}).reason, "");
}

TEST(Program, KeepsResultsSoThatNoCallIsLeftOut) {
    const auto module = test::assemble(R"((module (func (export "f") (param i32) (result i32 f64 externref)
        (local.get 0) (f64.const 2) (ref.null extern))))");
    const auto copy = make_program(test::read_module(module), {"f", {"1"}, false}, "test.wasm");
    ASSERT_TRUE(copy);
    const auto counts = test::by_name(test::read_module(*copy).static_counts());
    EXPECT_EQ(counts.at("global.get"), 1U);
    EXPECT_EQ(counts.at("global.set"), 3U);
    EXPECT_FALSE(counts.contains("drop"));
    EXPECT_EQ(interpret_wasi(*copy, {"test"}).reason, "");
}

TEST(Program, OfALibraryWithAStartFunctionAloneRunsThat) {
    EXPECT_EQ(run(R"((module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") 1) (func $main (call $exit (i32.const 7))) (start $main)))",
                  {})
                  .status,
              7U);
}

TEST(Program, NeedsSomethingToCall) {
    const auto nothing = test::assemble(R"((module (func (export "f") (param i32))))");
    EXPECT_TRUE(
        test::refuses(make_program(test::read_module(nothing), {}, "m.wasm"), {"'m.wasm'", "without parameters"}));
    EXPECT_TRUE(test::refuses(make_program(test::read_module(nothing), {"f", {}, false}, "m.wasm"),
                              {"no function 'f' with 0 parameters"}));
}

}  // namespace
}  // namespace pitot::wasm
