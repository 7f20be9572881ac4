// Reading modules, counting what stands in them, and the instrumented copy.
#include "wasm/module.hpp"

#include <gtest/gtest.h>

#include <numeric>

#include "support/expect_error.hpp"
#include "unit/wasm/modules.hpp"
#include "unit/wasm/wat.hpp"
#include "wasm/instrument.hpp"

namespace pitot::wasm {
namespace {

using test::Counts;

TEST(Module, CountsWhatStandsInTheCode) {
    const Module module = test::read_module(test::assemble(R"((module (memory 1) (global i32 (i32.const 5))
        (func (param i32) (result i32) local.get 0 if nop else nop end
          i32.const 1 i32.const 2 local.get 0 select
          ref.null func ref.null func local.get 0 select (result funcref) drop
          i32.const 0 i32.const 0 i32.const 0 memory.fill
          v128.const i64x2 1 2 v128.any_true drop
          f32.const 1 i64.trunc_sat_f32_u drop)))"));
    const Counts expected{
        {"local.get", 3},   {"if", 1},         {"nop", 2},           {"else", 1},      {"end", 2},
        {"i32.const", 5},   {"select", 1},     {"select_t", 1},      {"ref.null", 2},  {"drop", 3},
        {"memory.fill", 1}, {"v128.const", 1}, {"v128.any_true", 1}, {"f32.const", 1}, {"i64.trunc_sat_f32_u", 1}};
    EXPECT_EQ(test::by_name(module.static_counts()), expected);
    const auto bytes = counts_by_byte(module.static_counts());
    EXPECT_EQ(bytes[0x41], 5U);
    EXPECT_EQ(bytes[0x1B], 1U);
    EXPECT_EQ(bytes[0x1C], 1U);
    EXPECT_EQ(bytes[0xFC], 2U);
    EXPECT_EQ(bytes[0xFD], 2U);
    EXPECT_EQ(std::accumulate(bytes.begin(), bytes.end(), std::uint64_t{0}), total(module.static_counts()));
}

/// Entered once each, the pieces of code that can all be reached and is straight make up what stands in the code.
TEST(Instrument, PiecesHaveTheOpcodesOfTheCode) {
    for (const char* wat : {test::kControlFlow, test::kSort}) {
        Module module = test::read_module(test::assemble(wat));
        Counts standing = test::by_name(module.static_counts());
        const Result<Instrumented> copy = instrument(std::move(module), "test.wasm");
        ASSERT_TRUE(copy);
        const std::vector<std::uint64_t> counts = copy->counts_from(std::vector<std::uint64_t>(copy->pieces.size(), 1));
        Counts counted;
        for (std::size_t i = 0; i < counts.size(); ++i) {
            counted[copy->opcodes[i].name] = counts[i];
        }
        standing.erase("end");  // some cannot be reached: a branch stands before them
        counted.erase("end");
        standing.erase("else");
        counted.erase("else");
        EXPECT_EQ(counted, standing);
    }
}

TEST(Instrument, TheCopyIsAValidModuleThatIsNotInstrumentedAgain) {
    const Result<Instrumented> copy = instrument(test::read_module(test::assemble(test::kControlFlow)), "test.wasm");
    ASSERT_TRUE(copy);
    Result<Module> again = Module::read(copy->bytes, "copy.wasm");
    ASSERT_TRUE(again) << again.error().to_string();
    EXPECT_TRUE(test::refuses(instrument(std::move(*again), "copy.wasm"), {"copy.wasm", "instrumented copy"}));
}

/// Tail calls, threads, 64-bit and several memories, exceptions, tables and relaxed SIMD come out as they went in.
TEST(Instrument, EveryFeatureGoesThroughIt) {
    for (const char* wat : {
             R"((module (func $f) (func (export "a") return_call $f)))",
             R"((module (memory 1 1 shared) (func (export "a") i32.const 0 i32.const 1 i32.atomic.rmw.add drop
                 atomic.fence i32.const 0 i32.const 1 i32.const 2 i32.atomic.rmw.cmpxchg drop
                 i32.const 0 i32.const 1 memory.atomic.notify drop i32.const 0 i32.atomic.load drop
                 i32.const 0 i32.const 1 i32.atomic.store
                 i32.const 0 i32.const 1 i64.const 0 memory.atomic.wait32 drop)))",
             R"((module (memory i64 1) (func (export "a") i64.const 0 i32.load drop)))",
             R"((module (tag $t) (func (export "a") try try throw $t delegate 0 catch $t rethrow 0 end)))",
             R"((module (table $t 2 funcref) (elem $e func $f) (func $f) (func (export "a")
                 i32.const 0 i32.const 0 i32.const 1 table.init $e elem.drop $e i32.const 0 table.get 0 drop
                 i32.const 0 ref.func $f table.set 0 table.size 0 drop ref.null func i32.const 1 table.grow 0 drop
                 i32.const 0 ref.null func i32.const 1 table.fill 0 i32.const 0 i32.const 0 i32.const 1 table.copy
                 ref.null func ref.is_null drop)))",
             R"((module (memory 1) (data $d "ab") (func (export "a")
                 i32.const 0 i32.const 0 i32.const 1 memory.init $d data.drop $d memory.size drop
                 i32.const 1 memory.grow drop
                 i32.const 0 v128.load32_splat drop i32.const 0 v128.load64_zero drop
                 i32.const 0 i32.const 0 v128.load v128.load8_lane 3 drop
                 i32.const 0 i32.const 0 v128.load8x8_s v128.store16_lane 2
                 i32.const 0 v128.load i32.const 0 v128.load i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15
                 i32.const 0 v128.load i32.const 0 v128.load v128.bitselect i8x16.abs drop)))",
         }) {
        const Counts standing = test::by_name(test::read_module(test::assemble(wat)).static_counts());
        const Result<Instrumented> copy = instrument(test::read_module(test::assemble(wat)), "test.wasm");
        ASSERT_TRUE(copy) << wat;
        const Result<Module> again = Module::read(copy->bytes, "copy.wasm");
        ASSERT_TRUE(again) << wat << again.error().to_string();
        const Counts in_copy = test::by_name(again->static_counts());
        for (const auto& [name, count] : standing) {
            EXPECT_GE(in_copy.contains(name) ? in_copy.at(name) : 0, count) << name << " in " << wat;
        }
    }
}

TEST(Module, WhatIsNoModuleIsRefused) {
    EXPECT_TRUE(test::refuses(Module::read({}, "empty.wasm"), {"empty.wasm", "not a valid"}));
    std::vector<std::uint8_t> bytes = test::assemble(test::kSort);
    EXPECT_TRUE(
        test::refuses(Module::read(std::span(bytes).first(bytes.size() - 9), "cut.wasm"), {"cut.wasm", "byte"}));
    // A body that leaves the wrong type: read without fault, and not valid.
    const std::vector<std::uint8_t> wrong_type{0,    'a', 's', 'm', 1, 0,  0, 0, 1, 5, 1,    0x60, 0,   1,
                                               0x7F, 3,   2,   1,   0, 10, 6, 1, 4, 0, 0x42, 0,    0x0B};
    EXPECT_TRUE(test::refuses(Module::read(wrong_type, "wrong.wasm"), {"wrong.wasm", "type mismatch"}));
}

TEST(Module, DeepNestingIsRefusedAndAllOfTheRestWorks) {
    const auto nested = [](int depth) {
        std::string wat = "(module (func (export \"run\") ";
        for (int i = 0; i < depth; ++i) {
            wat += "block ";
        }
        for (int i = 0; i < depth; ++i) {
            wat += "end ";
        }
        return test::assemble(wat + "))");
    };
    EXPECT_TRUE(test::refuses(Module::read(nested(Module::kMostNested + 1), "deep.wasm"), {"deep.wasm", "nests"}));
    EXPECT_TRUE(instrument(test::read_module(nested(Module::kMostNested)), "test.wasm"));
}

}  // namespace
}  // namespace pitot::wasm
