// Reading modules, counting what stands in them, and the instrumented copy.
#include "wasm/module.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "support/expect_error.hpp"
#include "unit/wasm/counters.hpp"
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
        EXPECT_EQ(std::ranges::count(test::times_counted(*copy), 0U), 0);
        const std::vector<std::uint64_t> counts = copy->counts_from(test::times_counted(*copy));
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

/// One function is declared, and the file ends before its code.
std::vector<std::uint8_t> with_no_code() { return {0, 'a', 's', 'm', 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0}; }

TEST(Module, ProposalsInUseAreTold) {
    const auto of = [](const std::string& wat) { return Module::read(test::assemble(wat), "x.wasm")->proposals(); };
    using Names = std::vector<std::string>;
    EXPECT_EQ(of("(module (func nop))"), Names{});
    EXPECT_EQ(of("(module (func (drop (v128.const i32x4 1 2 3 4))))"), Names{"SIMD"});
    EXPECT_EQ(of("(module (memory 1 1 shared))"), Names{"threads"});
    EXPECT_EQ(of("(module (func $f return_call $f))"), Names{"tail calls"});
    EXPECT_EQ(of("(module (tag) (memory i64 1))"), (Names{"exception handling", "memory64"}));
}

TEST(Module, ImportsFromWasiHaveItsTypes) {
    const auto fault = [](const std::string& name, const std::string& type, bool unknown) {
        return find_wasi_fault(Module::read(test::assemble("(module (import \"wasi_snapshot_preview1\" \"" + name +
                                                           "\" (func " + type + ")))"),
                                            "x.wasm")
                                   ->imports(),
                               unknown);
    };
    EXPECT_EQ(fault("proc_exit", "(param i32)", false), "");
    EXPECT_EQ(fault("path_open", "(param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)", false), "");
    EXPECT_EQ(fault("proc_exit", "(param i64)", true),
              "imports 'proc_exit' from 'wasi_snapshot_preview1' as (i64), and WASI's is (i32)");
    EXPECT_EQ(fault("fd_close", "(param i32)", false),
              "imports 'fd_close' from 'wasi_snapshot_preview1' as (i32), and WASI's is (i32) -> i32");
    EXPECT_EQ(fault("fd_frob", "", false),
              "imports 'fd_frob' from 'wasi_snapshot_preview1', and WASI has no such function");
    EXPECT_EQ(fault("fd_frob", "", true), "");
}

TEST(Module, WhatIsNoModuleIsRefused) {
    EXPECT_TRUE(test::refuses(Module::read({}, "empty.wasm"), {"empty.wasm", "is empty"}));
    std::vector<std::uint8_t> bytes = test::assemble(test::kSort);
    EXPECT_TRUE(test::refuses(Module::read(std::span(bytes).first(bytes.size() - 9), "cut.wasm"),
                              {"cut.wasm", "ends too early"}));
    bytes.insert(bytes.end(), {'j', 'u', 'n', 'k'});
    EXPECT_TRUE(test::refuses(Module::read(bytes, "junk.wasm"), {"junk.wasm", "behind its end"}));
    EXPECT_FALSE(Module::may_be_taken(bytes));
    EXPECT_TRUE(test::refuses(Module::read(with_no_code(), "edge.wasm"), {"ends too early: before the code"}));
    const std::string script = "console.log(1)";
    const std::vector<std::uint8_t> text(script.begin(), script.end());
    EXPECT_TRUE(test::refuses(Module::read(text, "run.mjs"), {"run.mjs", "is a script"}));
    EXPECT_TRUE(test::refuses(Module::read(text, "run.wasm"), {"run.wasm", "is no WebAssembly module"}));
    // A body that leaves the wrong type: read without fault, and not valid.
    const std::vector<std::uint8_t> wrong_type{0,    'a', 's', 'm', 1, 0,  0, 0, 1, 5, 1,    0x60, 0,   1,
                                               0x7F, 3,   2,   1,   0, 10, 6, 1, 4, 0, 0x42, 0,    0x0B};
    EXPECT_TRUE(test::refuses(Module::read(wrong_type, "wrong.wasm"), {"wrong.wasm", "type mismatch"}));
}

/// A module of these sections.
std::vector<std::uint8_t> with_sections(std::initializer_list<std::uint8_t> sections) {
    std::vector<std::uint8_t> bytes{0, 'a', 's', 'm', 1, 0, 0, 0};
    bytes.insert(bytes.end(), sections);
    return bytes;
}

/// A function () -> () of this body.
std::vector<std::uint8_t> with_body(const std::vector<std::uint8_t>& body) {
    std::vector<std::uint8_t> bytes = with_sections({1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 5, 3, 1, 0, 1, 10});
    const auto size = static_cast<std::uint8_t>(body.size() + 1);
    bytes.insert(bytes.end(), {static_cast<std::uint8_t>(size + 2), 1, size, 0});
    bytes.insert(bytes.end(), body.begin(), body.end());
    return bytes;
}

TEST(Module, ProposalsThatAreNotReadAreNamed) {
    const std::vector<std::pair<std::vector<std::uint8_t>, const char*>> all{
        {with_sections({1, 4, 1, 0x5F, 0, 0}), "GC"},
        {with_sections({1, 4, 1, 0x5E, 0x7F, 0}), "GC"},
        {with_sections({1, 6, 1, 0x4E, 1, 0x60, 0, 0}), "GC"},
        {with_sections({1, 5, 1, 0x60, 1, 0x6E, 0}), "GC"},
        {with_sections({1, 6, 1, 0x60, 1, 0x63, 0x6B, 0}), "GC"},
        {with_sections({1, 9, 2, 0x60, 0, 0, 0x60, 1, 0x64, 0, 0}), "typed function references"},
        {with_sections({1, 5, 1, 0x60, 1, 0x69, 0}), "exnref"},
        {with_sections({4, 4, 1, 0x70, 4, 1}), "64-bit tables"},
        {with_sections({5, 4, 1, 8, 1, 0}), "custom page sizes"},
        {with_body({0x1F, 0x40, 0, 0x0B, 0x0B}), "exnref"},
        {with_body({0x02, 0x40, 0x0A, 0x0B, 0x0B}), "exnref"},
        {with_body({0x41, 0, 0xFB, 0x1C, 0x1A, 0x0B}), "GC"},
        {with_body({0xD0, 0x70, 0xD4, 0x1A, 0x0B}), "typed function references"},
        {with_body({0xD0, 0, 0x1A, 0x0B}), "typed function references"},
        {with_body({0x42, 0, 0x42, 0, 0xFC, 0x15, 0x1A, 0x1A, 0x0B}), "wide arithmetic"},
    };
    for (const auto& [bytes, words] : all) {
        EXPECT_TRUE(test::refuses(Module::read(bytes, "new.wasm"), {"'new.wasm' uses", words, "at byte"})) << words;
    }
}

/// No walk of them is deep.
TEST(Module, ReferencesOfReferencesAreNoTypes) {
    std::vector<std::uint8_t> bytes = with_sections({1, 0xC5, 0x9A, 0x0C, 1, 0x60, 1});
    bytes.resize(bytes.size() + 200'002, 0x63);
    EXPECT_TRUE(test::refuses(Module::read(bytes, "deep.wasm"), {"deep.wasm"}));
}

TEST(Module, WhatAFileIsInsteadIsSaid) {
    const std::vector<std::pair<std::string, const char*>> all{
        {std::string("\0asm\x0D\0\x01\0", 8), "component"},
        {std::string("\0asm\x02\0\0\0", 8), "version 2"},
        {"(module)", "text form"},
        {"  ;; words\n(module)", "text form"},
        {"\xEF\xBB\xBF(component)", "text form"},
        {"\x7F"
         "ELF\x02",
         "this machine"},
        {"\x1F\x8B\x08", "compressed"},
        {"<!doctype html>", "HTML"},
        {"version https://git-lfs.github.com/spec/v1", "Git LFS"},
    };
    for (const auto& [text, words] : all) {
        const std::vector<std::uint8_t> bytes(text.begin(), text.end());
        EXPECT_TRUE(test::refuses(Module::read(bytes, "x.wasm"), {"x.wasm", words})) << words;
    }
}

TEST(Module, AnyCutOrChangedByteIsRefusedInWordsOrRead) {
    const std::vector<std::uint8_t> bytes = with_body({0x41, 0, 0xFD, 0x0F, 0xFD, 0x15, 0x01, 0x1A, 0x0B});
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        std::vector<std::uint8_t> cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(i));
        const Result<Module> whole = Module::read(cut, "cut.wasm");
        EXPECT_TRUE(whole || whole.error().message().find("cut.wasm") != std::string::npos);
        for (const int byte : {0x00, 0x1F, 0x63, 0x64, 0x69, 0x7F, 0x80, 0xFB, 0xFF}) {
            std::vector<std::uint8_t> changed = bytes;
            changed[i] = static_cast<std::uint8_t>(byte);
            const Result<Module> read = Module::read(changed, "changed.wasm");
            EXPECT_TRUE(read || read.error().message().find("changed.wasm") != std::string::npos);
        }
    }
}

TEST(Module, AStartWithAParameterIsRefused) {
    const Module plain = test::read_module(test::assemble(R"((module (func (export "_start"))))"));
    EXPECT_TRUE(plain.check_start("m.wasm"));
    const Module takes = test::read_module(test::assemble(R"((module (func (export "_start") (param i64))))"));
    EXPECT_TRUE(test::refuses(takes.check_start("m.wasm"), {"m.wasm", "takes a parameter (i64)"}));
    const Module gives =
        test::read_module(test::assemble(R"((module (func (export "_start") (result i32) i32.const 1)))"));
    EXPECT_TRUE(test::refuses(gives.check_start("m.wasm"), {"m.wasm", "gives a result (i32)"}));
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
