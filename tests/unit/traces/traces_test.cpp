#include "traces/traces.hpp"

#include <gtest/gtest.h>

#include <string>

#include "formats/json_text.hpp"
#include "support/expect_error.hpp"
#include "unit/dataset/datasets.hpp"
#include "unit/traces/trace_files.hpp"

namespace pitot::traces {
namespace {

using test::Doubles;
using test::Json;
using test::Names;
using test::refuses;
using test::TraceFolder;

Result<Trace> parse(const Json& json, const std::string& type = "benchmarking") {
    return parse_trace("t.json", {"u", type}, json.dump());
}

Json with_module(Json json) {
    json["module"] = TraceFolder::module("wasm/fft.wasm", "d", "jit", {"-n", "5"});
    return json;
}

TEST(Traces, FileNamesEndInUuidAndType) {
    const TraceName name = parse_trace_name("poly.2mm.0f-1.opcodes.json");
    EXPECT_EQ(name.uuid, "0f-1");
    EXPECT_EQ(name.type, "opcodes");
    EXPECT_EQ(parse_trace_name("2mm.json").type, "");
    EXPECT_EQ(parse_trace_name("2mm.opcodes.json").type, "");
}

TEST(Traces, BenchmarkingHasWallAndCpuTimes) {
    const auto trace =
        parse(with_module({{"wall", {4, 0, 2.5}}, {"utime", {1, 0, 2}}, {"stime", {2, 0, 0.25}}, {"failures", {1}}}));
    ASSERT_TRUE(trace) << trace.error().to_string();
    EXPECT_EQ(trace->kind, TraceKind::kBenchmarking);
    EXPECT_EQ(trace->parent, "d");
    EXPECT_EQ(trace->engine, "jit");
    ASSERT_EQ(trace->members.size(), 1U);
    EXPECT_EQ(trace->members[0].module_file, "wasm/fft.wasm");
    EXPECT_EQ(trace->members[0].arguments, (Names{"-n", "5"}));
    EXPECT_EQ(trace->members[0].wall_us, (Doubles{4, 0, 2.5}));
    EXPECT_EQ(trace->members[0].cpu_us, (Doubles{3, 0, 2.25}));
}

TEST(Traces, AnEngineMayBeTheLastPartOfTheName) {
    Json json = {{"wall", {1}},
                 {"module", {{"name", "poly.2mm.wasmtime"}, {"file", "wasm/2mm.wasm"}, {"parent", "d"}}}};
    EXPECT_EQ(parse(json)->engine, "wasmtime");
    json["module"]["args"]["engine"] = "jit";
    EXPECT_EQ(parse(json)->engine, "jit");
    json["module"] = {{"name", "2mm"}, {"file", "wasm/2mm.wasm"}, {"parent", "d"}};
    EXPECT_TRUE(refuses(parse(json), {"names no engine", "'2mm'"}));
}

TEST(Traces, MembersAreInTheOrderOfTheirNumbers) {
    Json json = with_module({{"1:wasm/b.wasm", {2}}, {"0:wasm/a.wasm", {1}}, {"10:wasm/k.wasm", {3}}});
    EXPECT_TRUE(refuses(parse(json, "interference"), {"no member 2", "number 10"}));
    json.erase("10:wasm/k.wasm");
    json["2:wasm/a.wasm"] = {3, 4};
    const auto trace = parse(json, "interference");
    ASSERT_TRUE(trace) << trace.error().to_string();
    ASSERT_EQ(trace->members.size(), 3U);
    EXPECT_EQ(trace->members[1].module_file, "wasm/b.wasm");
    EXPECT_EQ(trace->members[2].module_file, "wasm/a.wasm");
    EXPECT_EQ(trace->members[2].wall_us, (Doubles{3, 4}));
}

TEST(Traces, TheTypeOfAnUnnamedFileIsThatOfItsContent) {
    EXPECT_EQ(parse(with_module({{"wall", {1}}}), "")->kind, TraceKind::kBenchmarking);
    EXPECT_EQ(parse(with_module({{"opcodes", Doubles(256, 1.0)}}), "")->kind, TraceKind::kOpcodes);
    EXPECT_EQ(parse(with_module({{"0:a", {1}}, {"1:b", {1}}}), "")->kind, TraceKind::kInterference);
    EXPECT_TRUE(refuses(parse(with_module({{"power", 1}}), ""), {"is no trace"}));
}

TEST(Traces, WhatIsWrongIsSaid) {
    const Json wall = {{"wall", {1}}};
    EXPECT_TRUE(refuses(parse(wall), {"no object 'module'"}));
    EXPECT_TRUE(refuses(parse(with_module(wall), "power"), {"unknown type 'power'", "benchmarking"}));
    EXPECT_TRUE(refuses(parse(with_module({{"x", 1}})), {"neither wall"}));
    EXPECT_TRUE(refuses(parse(with_module({{"wall", {1, -2}}})), {"-2", "wall[1]"}));
    EXPECT_TRUE(refuses(parse(with_module({{"wall", {1e14}}})), {"100000000000000", "wall[0]"}));
    EXPECT_TRUE(refuses(parse(with_module({{"wall", {nullptr}}})), {"null", "wall[0]", "number"}));
    EXPECT_TRUE(refuses(parse(with_module({{"wall", "fast"}})), {"a text", "wall", "array"}));
    EXPECT_TRUE(refuses(parse(with_module({{"utime", {1, 2}}, {"stime", {1}}})), {"2 numbers in utime", "1 in stime"}));
    EXPECT_TRUE(refuses(parse(with_module({{"opcodes", {1, 2}}}), "opcodes"), {"2 opcode counts", "256"}));
    EXPECT_TRUE(refuses(parse(with_module({{"opcodes", Doubles(256, 0.5)}}), "opcodes"), {"0.5", "opcodes[0]"}));
    EXPECT_TRUE(refuses(parse(with_module({{"0:a", {1}}}), "interference"), {"fewer than two members"}));
    Json nameless = with_module(wall);
    nameless["module"]["file"] = "a\nb";
    EXPECT_TRUE(refuses(parse(nameless), {"module.file", "control"}));
    nameless["module"].erase("file");
    EXPECT_TRUE(refuses(parse(nameless), {"has no module.file"}));
    nameless = with_module(wall);
    nameless["module"]["args"]["argv"] = {1};
    EXPECT_TRUE(refuses(parse(nameless), {"argv", "a number"}));
}

TEST(Traces, BrokenJsonIsToldByItsPlace) {
    EXPECT_TRUE(refuses(formats::parse_json("{\"a\": [1, 2"), {"not JSON", "too early"}));
    EXPECT_TRUE(refuses(formats::parse_json("{\"a\": NaN}"), {"not JSON", "line 1, column 7"}));
    EXPECT_TRUE(refuses(formats::parse_json("[1e999]"), {"beyond what a double can", "line 1, column 2"}));
    EXPECT_TRUE(refuses(formats::parse_json("[1,\n  2, 1e999, 3]"), {"beyond what a double can", "line 2, column 6"}));
    EXPECT_TRUE(refuses(formats::parse_json("[1,\n 2 3]"), {"unexpected text at line 2, column 4"}));
    EXPECT_TRUE(refuses(formats::parse_json("{} x"), {"unexpected text at line 1, column 4"}));
    EXPECT_TRUE(refuses(formats::parse_json("[1,\n"), {"ends too early, in line 2"}));
    EXPECT_TRUE(refuses(formats::parse_json(" \n"), {"is empty"}));
    EXPECT_TRUE(refuses(formats::parse_json(std::string(formats::kDeepestJson + 1, '[')), {"nests"}));
    EXPECT_TRUE(refuses(formats::parse_json(std::string(10'000'000, '[')), {"nests"}));
    EXPECT_TRUE(formats::parse_json(std::string(formats::kDeepestJson, '[') + std::string(formats::kDeepestJson, ']')));
    EXPECT_TRUE(formats::parse_json("[\"" + std::string(1000, '[') + "\\\"[[\"]"));
}

TEST(Devices, AreReadWithWhatTheyLackTakenAsAbsent) {
    Json json;
    json["d1"] = test::device("desk", "skylake", 3e9, 8388608);
    json["d1"]["emulated"] = true;
    json["d2"] = {{"name", "pi"}, {"platform", {{"cpu", {{"cpu", "cortex-a53"}, {"cpufreq", "1400000000"}}}}}};
    json["d3"] = {{"name", "bare"}};
    const auto list = parse_devices("r.json", json.dump());
    ASSERT_TRUE(list);
    EXPECT_TRUE(list->problems.empty());
    ASSERT_EQ(list->devices.size(), 3U);
    EXPECT_EQ(list->devices[0], (Device{"d1", "desk", true, "skylake", 3e9, 65536, 131072, 1048576, 1024, 8, 8388608}));
    EXPECT_EQ(list->devices[1], (Device{"d2", "pi", true, "cortex-a53", 1.4e9}));
    EXPECT_EQ(list->devices[2], (Device{"d3", "bare", false, ""}));
}

TEST(Devices, ThoseThatCannotBeUsedAreNamed) {
    Json json;
    json["d1"] = {{"platform", 1}};
    json["d2"] = test::device("neg", "skylake", -1);
    json["d3"] = "text";
    json["d4"] = test::device("good");
    json["d5"] = test::device("slow", "skylake", 3);  // GHz
    const auto list = parse_devices("r.json", json.dump());
    ASSERT_TRUE(list);
    ASSERT_EQ(list->problems.size(), 4U);
    EXPECT_EQ(list->problems[0].to_string(), "r.json: device 'd1' has no name");
    EXPECT_EQ(
        list->problems[1].what,
        "device 'd2' ('neg') has -1.0 as cpufreq, which should be a number from 0 to 1e+12; its features are taken "
        "as absent");
    EXPECT_EQ(list->problems[2].what, "device 'd3' has no name");
    EXPECT_EQ(list->problems[3].what,
              "device 'd5' ('slow') has 3 as cpufreq, which is in Hz and should be 0 (not known) or from 100000 to "
              "1e+12; its features are taken as absent");
    ASSERT_EQ(list->devices.size(), 3U);
    Device negative{"d2", "neg", false, ""};
    negative.misdescribed = true;
    EXPECT_EQ(list->devices[0], negative);
    EXPECT_TRUE(refuses(parse_devices("r.json", "[1]"), {"an array"}));
}

TEST(Flat, HoldsATimeOrSeveralRunsAModule) {
    const std::string text =
        R"({"a": {"device": "m7", "runtime": "wamr", "data": {"fft": 5, "sort": [1, 2], "lost": 0, "bad": -1}},
            "b": {"device": "m7", "data": {}}, "c": {"device": "m7", "runtime": "wamr", "data": [1]}})";
    EXPECT_TRUE(looks_flat(text));
    const auto flat = parse_flat("f.json", text);
    ASSERT_TRUE(flat);
    ASSERT_EQ(flat->platforms.size(), 1U);
    EXPECT_EQ(flat->platforms[0].device, "m7");
    EXPECT_EQ(flat->platforms[0].runtime, "wamr");
    const std::vector<std::pair<std::string, Doubles>> runs = {{"fft", {5}}, {"lost", {0}}, {"sort", {1, 2}}};
    EXPECT_EQ(flat->platforms[0].runs_us, runs);
    ASSERT_EQ(flat->problems.size(), 3U);
    EXPECT_EQ(flat->problems[0].what, "entry 'a', module 'bad' has -1 as data[0], which should be 0 to 1e+13");
    EXPECT_EQ(flat->problems[1].what, "entry 'b' has no runtime");
    EXPECT_EQ(flat->problems[2].what, "entry 'c' has no object 'data' of modules and their times");
    EXPECT_FALSE(looks_flat(Json{{"d", test::device("desk")}}.dump()));
}

}  // namespace
}  // namespace pitot::traces
