// The table of engines: what it says, and what is refused and how.
#include "engines/engine_table.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "engines/engine_words.hpp"
#include "engines/files.hpp"
#include "support/expect_error.hpp"
#include "support/temp_folder.hpp"

namespace pitot::engines {
namespace {

using test::fails_with;
using test::refuses;

Result<EngineTable> parse(const std::string& text) {
    EngineTable table;
    if (const Result<void> added = add_to_table(text, "my.json", table); !added) {
        return Failure(added.error());
    }
    return table;
}

/// A table of one engine, with `fields` behind those it must have.
Result<EngineTable> parse_engine(const std::string& fields) {
    return parse(R"({"schema": 1, "engines": [{"name": "mine", "title": "t", "package": "p")" + fields + "}]}");
}

constexpr const char* kGood = R"(, "programs": {"run": ["run"]}, "run": ["{run}", "{module}", "{args}"])";

TEST(EngineTable, BuiltInOneNamesEachPlatformOnce) {
    const Result<EngineTable> table = read_engine_table({});
    ASSERT_TRUE(table) << table.error().to_string();
    std::set<std::string> names;
    for (const EngineEntry& entry : table->engines) {
        EXPECT_TRUE(names.insert(entry.name + "@" + entry.device).second) << entry.name;
        EXPECT_FALSE(entry.version.empty()) << entry.name;
    }
    for (const char* name : {"node-liftoff@",
                             "node-turbofan@",
                             "js102-baseline@",
                             "js102-ion@",
                             "jsc-omg@",
                             "jsc-bbq@",
                             "jsc-interpreter@",
                             "bun@",
                             "deno@",
                             "wasm2c-gcc-o0@",
                             "wasm2c-gcc-o3@",
                             "wasm2c-clang@",
                             "wasm2c-tcc@",
                             "wabt-interpreter@",
                             "wasmtime@",
                             "wasmedge@",
                             "wasm3@",
                             "iwasm@",
                             "iwasm-aot@",
                             "js102-ion@qemu-aarch64",
                             "wasm2c-gcc-o3@qemu-aarch64",
                             "wasm2c-gcc-o3@qemu-riscv64",
                             "wasm2c-gcc-o3@qemu-arm"}) {
        EXPECT_TRUE(names.contains(name)) << name;
    }
}

TEST(EngineTable, ReadsAllFields) {
    const auto table = parse(R"({"schema": 1,
        "devices": [{"name": "board", "title": "B", "package": "q", "cpu": "b1", "programs": {"q": ["qemu-b"]},
                     "emulator": ["{q}", "-cpu", "b1"]}],
        "engines": [{"name": "aot", "title": "A", "package": "p", "device": "board", "programs": {"c": ["c1", "/c2"]},
                     "version": {"c": ["{c}", "-v"]}, "environment": {"LEVEL": "3"},
                     "compile": [["{c}", "{module}", "-o", "{build}/m"]], "run": ["{emulator}", "{build}/m", "{args}"]}]})");
    ASSERT_TRUE(table) << table.error().to_string();
    const DeviceEntry* device = table->device("board");
    ASSERT_NE(device, nullptr);
    EXPECT_EQ(device->cpu, "b1");
    EXPECT_EQ(device->emulator, (Words{"{q}", "-cpu", "b1"}));
    EXPECT_EQ(table->device("other"), nullptr);
    ASSERT_EQ(table->engines.size(), 1U);
    const EngineEntry& engine = table->engines[0];
    EXPECT_EQ(engine.device, "board");
    EXPECT_EQ(engine.programs, (NamedWords{{"c", {"c1", "/c2"}}}));
    EXPECT_EQ(engine.version, (NamedWords{{"c", {"{c}", "-v"}}}));
    EXPECT_EQ(engine.environment.at(0).second, "3");
    EXPECT_EQ(engine.compile.at(0), (Words{"{c}", "{module}", "-o", "{build}/m"}));
}

TEST(EngineTable, RefusesWhatIsNoTable) {
    EXPECT_TRUE(refuses(parse("{"), {"my.json", "is not JSON (byte"}));
    EXPECT_TRUE(refuses(parse("[]"), {"my.json", "must be an object"}));
    EXPECT_TRUE(refuses(parse(R"({"engines": []})"), {"'schema' must be 1"}));
    EXPECT_TRUE(refuses(parse(R"({"schema": 2})"), {"'schema' must be 1"}));
    EXPECT_TRUE(refuses(parse(R"({"schema": 1, "engine": []})"), {"'engine' is not known", "did you mean 'engines'"}));
    EXPECT_TRUE(refuses(parse(R"({"schema": 1, "engines": {}})"), {"'engines' must be a list"}));
    EXPECT_TRUE(refuses(parse(R"({"schema": 1, "engines": [7]})"), {"engine 1 (counted from 1)", "must be an object"}));
}

TEST(EngineTable, RefusesFieldsByName) {
    ASSERT_TRUE(parse_engine(kGood));
    EXPECT_TRUE(refuses(parse(R"({"schema": 1, "engines": [{"title": "t"}]})"),
                        {"my.json: engine 1", "field 'name' is missing", "docs/engines.md"}));
    EXPECT_TRUE(refuses(parse_engine(R"(, "run": ["x"])"), {"engine 'mine'", "field 'programs' is missing"}));
    EXPECT_TRUE(refuses(parse_engine(R"(, "programs": {"r": "run"}, "run": ["{r}", "{module}", "{args}"])"),
                        {"field 'programs' must hold lists of words"}));
    EXPECT_TRUE(refuses(parse_engine(R"(, "programs": {}, "run": [])"), {"field 'run' must hold lists of words"}));
    EXPECT_TRUE(refuses(parse_engine(std::string(kGood) + R"(, "runn": [])"),
                        {"field 'runn' is not known", "did you mean 'run'"}));
    EXPECT_TRUE(refuses(parse_engine(std::string(kGood) + R"(, "environment": {"A=B": "x"})"), {"'environment'"}));
    EXPECT_TRUE(refuses(parse_engine(std::string(kGood) + R"(, "device": "board")"),
                        {"field 'device' names 'board', which is not among the devices"}));
    EXPECT_TRUE(refuses(parse(R"({"schema": 1, "engines": [{"name": "../up", "title": "t", "package": "p"}]})"),
                        {"field 'name' must be a name"}));
}

TEST(EngineTable, RefusesWhatCannotBeGiven) {
    const auto given = [](const std::string& fields, const std::string& run = R"("{options}", )") {
        return parse_engine(R"(, "programs": {"run": ["run"]}, "given": )" + fields + R"(, "run": ["{run}", )" + run +
                            R"("{module}", "{args}"])");
    };
    EXPECT_TRUE(given(R"({"env": ["-e", "{value}"], "dir": ["{value}"], "warm": "N", "stdin": false})"));
    EXPECT_TRUE(given(R"({"env": "E_", "warm": "N"})", ""));
    EXPECT_TRUE(refuses(given("7"), {"field 'given' must be an object"}));
    EXPECT_TRUE(refuses(given(R"({"envs": "E_"})"), {"'given'", "field 'envs' is not known", "did you mean 'env'"}));
    EXPECT_TRUE(refuses(given(R"({"dir": "D"})"), {"field 'dir' must hold lists of words"}));
    EXPECT_TRUE(refuses(given(R"({"env": "A=B"})"), {"field 'env' must be the name of a variable"}));
    EXPECT_TRUE(refuses(given(R"({"stdin": 1})"), {"field 'stdin' must be true or false"}));
    EXPECT_TRUE(refuses(given(R"({"env": ["-e"]})"), {"field 'env' has no '{value}'"}));
    EXPECT_TRUE(refuses(given(R"({"env": ["{valu}"]})"), {"field 'env' has '{valu}'", "did you mean 'value'"}));
    EXPECT_TRUE(refuses(given(R"({"env": ["{value}"]})", ""), {"field 'env' has words", "'{options}'"}));
    EXPECT_TRUE(refuses(given("{}", R"("-x{options}", )"), {"'{options}' inside a word"}));
}

TEST(EngineTable, RefusesPlacesThatNothingFills) {
    EXPECT_TRUE(refuses(parse_engine(R"(, "programs": {"run": ["run"]}, "run": ["{rum}", "{module}", "{args}"])"),
                        {"field 'run' has '{rum}'", "did you mean 'run'"}));
    EXPECT_TRUE(
        refuses(parse_engine(R"(, "programs": {"run": ["run"]}, "run": ["{run}", "{module}"])"), {"has no '{args}'"}));
    EXPECT_TRUE(
        refuses(parse_engine(R"(, "programs": {"run": ["run"]}, "run": ["{run}", "{args}"])"), {"has no '{module}'"}));
    EXPECT_TRUE(refuses(parse_engine(R"(, "programs": {"run": ["run"]}, "run": ["{run}", "{module}", "-{args}"])"),
                        {"inside a word"}));
    EXPECT_TRUE(refuses(parse_engine(R"(, "programs": {"r": ["r"]}, "run": ["{r}", "{module}", "{build}", "{args}"])"),
                        {"has '{build}'"}));
    EXPECT_TRUE(refuses(parse_engine(R"(, "programs": {"module": ["r"]}, "run": ["{module}", "{args}"])"),
                        {"field 'programs' has 'module', which is taken"}));
    EXPECT_TRUE(refuses(parse_engine(R"(, "programs": {"c": ["c"]}, "compile": [["{c}", "{module}"]],
                                          "run": ["{c}", "{module}", "{args}"])"),
                        {"has no '{build}'"}));
}

TEST(EngineTable, OneOfAUserTakesThePlaceOfItsNamesake) {
    const test::TempFolder folder;
    const auto file = folder.put("my.json", R"({"schema": 1, "engines": [{"name": "node", "title": "my own",
        "package": "p", "programs": {"n": ["n"]}, "run": ["{n}", "{module}", "{args}"]}]})");
    const Result<EngineTable> all = read_engine_table(file);
    ASSERT_TRUE(all) << all.error().to_string();
    const Result<EngineTable> built_in = read_engine_table({});
    EXPECT_EQ(all->engines.size(), built_in->engines.size());
    EXPECT_EQ(all->engines.back().title, "my own");
    const auto is_node = [](const EngineEntry& entry) { return entry.name == "node" && entry.device.empty(); };
    EXPECT_EQ(std::count_if(all->engines.begin(), all->engines.end(), is_node), 1);

    const std::string twice = R"({"name": "a", "title": "t", "package": "p")" + std::string(kGood) + "}";
    EXPECT_TRUE(refuses(parse(R"({"schema": 1, "engines": [)" + twice + "," + twice + "]}"), {"'a'", "stands twice"}));
    EXPECT_TRUE(fails_with(read_engine_table(folder / "none.json"), ErrorCode::kEnvironment, {"none.json"}));
}

TEST(Words, AreFilledInOnePass) {
    const Places places{{"a", {"{b}"}}, {"b", {"B"}}, {"args", {"x", "y z"}}, {"none", {}}};
    EXPECT_EQ(fill({"{a}", "-I{b}/{b}", "{args}", "{none}", "{other}", "${b}", "{"}, places),
              (Words{"{b}", "-IB/B", "x", "y z", "{other}", "${b}", "{"}));
    EXPECT_EQ(names_in("{build}/a{b}c ${c} {d"), (std::vector<std::string>{"build", "b"}));
}

TEST(Words, VersionsAreFoundInWhatProgramsSay) {
    EXPECT_EQ(version_in("v20.20.2\n"), "20.20.2");
    EXPECT_EQ(version_in("JavaScript-C102.15.1"), "102.15.1");
    EXPECT_EQ(version_in("gcc (Debian 12.2.0-14) 12.2.0"), "12.2.0-14");
    EXPECT_EQ(version_in("tcc version 0.9.27 (x86_64 Linux)"), "0.9.27");
    EXPECT_EQ(version_in("qemu-arm version 7.2.22 (Debian"), "7.2.22");
    EXPECT_EQ(version_in("version 12. 3"), "");
    EXPECT_EQ(version_in(""), "");
}

}  // namespace
}  // namespace pitot::engines
