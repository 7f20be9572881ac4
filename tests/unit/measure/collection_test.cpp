// The journal, what it is read back as, and the files made from it.
#include "measure/collection.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "support/expect_error.hpp"
#include "support/temp_folder.hpp"

namespace pitot::measure {
namespace {

using test::content_of;
using test::fails_with;
using test::refuses;
using test::TempFolder;

const Settings kSettings{30.0, {0, 1}, 1, 42};
const engines::Device kDevice{"aaaaaaaa-0000-4000-8000-000000000001", "here", R"({"name":"here","platform":{}})"};
const engines::Device kEmulated{"aaaaaaaa-0000-4000-8000-000000000002", "qemu", R"({"name":"qemu","platform":{}})"};

engines::Engine engine_named(const std::string& name) {
    return {name, "A title", "", "1.2", "Debian x", "", "{\"a\":1}"};
}

/// A collection of one engine and two modules.
std::unique_ptr<Collection> opened(const std::filesystem::path& folder) {
    auto collection = Collection::open(folder, kSettings);
    EXPECT_TRUE(collection) << collection.error().to_string();
    EXPECT_EQ((*collection)->add_engine(engine_named("quick"), kDevice), 0U);
    EXPECT_EQ((*collection)->add_module({{}, "wasm/a/x.wasm", "11"}), 0U);
    EXPECT_EQ((*collection)->add_module({{}, "wasm/b.wasm", "22"}), 1U);
    return std::move(*collection);
}

Json json_of(const std::filesystem::path& file) { return Json::parse(content_of(file)); }

/// The one file in `folder` whose name has these ends.
std::filesystem::path only_file(const std::filesystem::path& folder, const std::string& start, const std::string& end) {
    std::vector<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        const std::string name = entry.path().filename();
        if (name.starts_with(start) && name.ends_with(end)) {
            found.push_back(entry.path());
        }
    }
    EXPECT_EQ(found.size(), 1U) << start << "…" << end;
    return found.empty() ? std::filesystem::path() : found[0];
}

TEST(Records, RefusalsOfOlderJournalsTellWhetherTheyWereKnownBeforehand) {
    Records records;
    const auto apply = [&](const char* line) { ASSERT_TRUE(records.apply(Json::parse(line))) << line; };
    apply(R"({"engine": "e", "device": "d", "version": "1", "title": "", "package": "", "declared": ""})");
    for (const char* module : {"a", "b", "c"}) {
        apply(fmt::format(R"({{"module": "wasm/{}.wasm", "sha256": ""}})", module).c_str());
    }
    apply(R"({"refused": [0, 0], "reason": "it imports 'f' from 'env', and engines provide nothing but WASI"})");
    apply(R"({"refused": [0, 1], "reason": "e refuses 'b.wasm': no reason given; leave out the module"})");
    apply(R"({"refused": [0, 2], "reason": "it imports more than it may", "beforehand": false})");
    EXPECT_TRUE(records.runs_of({0, 0}).beforehand);
    EXPECT_FALSE(records.runs_of({0, 1}).beforehand);
    EXPECT_FALSE(records.runs_of({0, 2}).beforehand);
}

TEST(Collection, IsReadBackAsItWasWritten) {
    const TempFolder folder;
    {
        const auto collection = opened(folder / "c");
        ASSERT_TRUE(collection->add_run({0, 0}, {1000, 800, 100, ""}, 0.001));
        ASSERT_TRUE(collection->add_run({0, 0}, {0, 0, 0, "exit status 1"}, 2.5));
        ASSERT_TRUE(collection->add_run({0, 0}, {0, 0, 0, "exit status 2"}, 0.5));
        ASSERT_TRUE(collection->add_refusal({0, 1}, "no such import", false));
        ASSERT_TRUE(collection->add_set({0, 2, 7}, {{1, 0}, 5.0, {{10, 20}, {30}}, ""}));
        ASSERT_TRUE(collection->add_set({0, 2, 8}, {{0, 1}, 5.0, {}, "wasm/b.wasm: exit status 1"}));
        ASSERT_TRUE(collection->add_profile(0, {"node", std::vector<std::uint64_t>(256, 3), "", 0.0, {"env.now"}, 12}));
        ASSERT_TRUE(collection->add_profile(1, {"", {}, "it traps"}));
    }
    const auto again = opened(folder / "c");
    const Records& records = again->records();
    ASSERT_EQ(records.engines.size(), 1U);
    ASSERT_EQ(records.modules.size(), 2U);
    const CellRuns& runs = records.runs_of({0, 0});
    EXPECT_EQ(runs.wall_us, (std::vector<std::int64_t>{1000, 0, 0}));
    EXPECT_EQ(runs.utime_us, (std::vector<std::int64_t>{800, 0, 0}));
    EXPECT_EQ(runs.stime_us, (std::vector<std::int64_t>{100, 0, 0}));
    EXPECT_EQ(runs.failed_in_a_row, 2U);
    EXPECT_DOUBLE_EQ(runs.seconds, 3.001);
    EXPECT_EQ(runs.failures.at(1), (std::pair<std::size_t, std::string>(2, "exit status 2")));
    EXPECT_EQ(records.runs_of({0, 1}).refusal, "no such import");
    EXPECT_EQ(records.sets.at({0, 2, 7}).wall_us, (std::vector<std::vector<std::int64_t>>{{10, 20}, {30}}));
    EXPECT_EQ(records.sets.at({0, 2, 8}).failure, "wasm/b.wasm: exit status 1");
    EXPECT_EQ(records.profiles.at(0).counts.size(), 256U);
    EXPECT_EQ(records.profiles.at(0).stubs, std::vector<std::string>{"env.now"});
    EXPECT_EQ(records.profiles.at(0).stub_calls, 12U);
    EXPECT_EQ(records.profiles.at(1).failure, "it traps");
}

TEST(Collection, WritesTraces) {
    const TempFolder folder;
    const auto collection = opened(folder / "c");
    ASSERT_TRUE(collection->add_run({0, 0}, {1000, 800, 100, ""}, 0.001));
    ASSERT_TRUE(collection->add_run({0, 0}, {0, 0, 0, "exit status 1"}, 2.5));
    ASSERT_TRUE(collection->add_refusal({0, 1}, "no such import", false));
    ASSERT_TRUE(collection->add_set({0, 2, 7}, {{1, 0}, 5.0, {{10, 20}, {30}}, ""}));
    ASSERT_TRUE(collection->add_profile(0, {"node", std::vector<std::uint64_t>(256, 3), ""}));
    ASSERT_TRUE(collection->write_files());

    EXPECT_EQ(json_of(folder / "c/runtimes.json"), Json::parse(R"({"aaaaaaaa-0000-4000-8000-000000000001":
        {"name":"here","platform":{}}})"));
    EXPECT_EQ(json_of(folder / "c/engines.json").at(0).at("declared"), Json::parse(R"({"a":1})"));
    EXPECT_EQ(json_of(only_file(folder / "c/quick", "a.x.", ".benchmarking.json")), Json::parse(R"({"module":
        {"name":"a.x","file":"wasm/a/x.wasm","parent":"aaaaaaaa-0000-4000-8000-000000000001",
         "args":{"engine":"quick","argv":[]}},
        "wall":[1000,0],"utime":[800,0],"stime":[100,0],"failures":[{"run":1,"reason":"exit status 1"}]})"));
    EXPECT_EQ(json_of(only_file(folder / "c/quick", "b+a.x.", ".interference.json")), Json::parse(R"({
        "0:wasm/b.wasm":[10,20],"1:wasm/a/x.wasm":[30],
        "module":{"name":"b+a.x","file":"wasm/b.wasm:wasm/a/x.wasm","parent":"aaaaaaaa-0000-4000-8000-000000000001",
         "args":{"engine":"quick","argv":[]}},"limit_s":5.0})"));
    const Json opcodes = json_of(only_file(folder / "c/profile", "a.x.", ".opcodes.json"));
    EXPECT_EQ(opcodes.at("opcodes").size(), 256U);
    EXPECT_EQ(opcodes.at("module").at("file"), "wasm/a/x.wasm");
    const Json failures = json_of(folder / "c/failures.json");
    ASSERT_EQ(failures.size(), 2U);
    EXPECT_EQ(failures.at(0).at("run"), 1);
    EXPECT_EQ(failures.at(1).at("reason"), "no such import");
}

TEST(Collection, DevicesWithTheSameRuntimeKeepTheirTracesApart) {
    const TempFolder folder;
    const auto collection = opened(folder / "c");
    ASSERT_EQ(collection->add_engine(engine_named("quick"), kEmulated), 1U);
    ASSERT_TRUE(collection->add_run({0, 1}, {1, 1, 1, ""}, 1e-6));
    ASSERT_TRUE(collection->add_run({1, 1}, {2, 2, 2, ""}, 2e-6));
    ASSERT_TRUE(collection->write_files());
    std::vector<std::string> parents;
    for (const auto& entry : std::filesystem::directory_iterator(folder / "c/quick")) {
        parents.push_back(json_of(entry.path()).at("module").at("parent"));
    }
    std::sort(parents.begin(), parents.end());
    EXPECT_EQ(parents, (std::vector<std::string>{kDevice.id, kEmulated.id}));
    EXPECT_EQ(json_of(folder / "c/runtimes.json").size(), 2U);
}

TEST(Collection, RefusesWhatDiffers) {
    const TempFolder folder;
    auto collection = opened(folder / "c");
    ASSERT_TRUE(collection->add_run({0, 0}, {1000, 800, 100, ""}, 0.001));
    engines::Engine newer = engine_named("quick");
    newer.version = "1.3";
    EXPECT_TRUE(refuses(collection->add_engine(newer, kDevice), {"quick", "'1.3' was '1.2'"}));
    EXPECT_TRUE(refuses(collection->add_module({{}, "wasm/b.wasm", "33"}), {"wasm/b.wasm", "other content"}));
    EXPECT_EQ(collection->add_module({{}, "wasm/b.wasm", "22"}), 1U);
    collection.reset();
    const auto refused = [&](Settings settings, const std::string& words) {
        return fails_with(Collection::open(folder / "c", settings), ErrorCode::kUsage, {words}) &&
               fails_with(Collection::look(folder / "c", settings), ErrorCode::kUsage, {words});
    };
    EXPECT_TRUE(refused({10.0, {0, 1}, 1, 42}, "limit_s 30, not 10"));
    EXPECT_TRUE(refused({30.0, {1}, 1, 42}, "cores 0,1, not 1"));
    EXPECT_TRUE(refused({30.0, {0, 1}, 2, 42}, "jobs 1, not 2"));
    EXPECT_TRUE(refused({30.0, {0, 1}, 1, 43}, "seed 42, not 43"));
}

TEST(Collection, AnEngineThatOnlyRefusedMayBeReplaced) {
    const TempFolder folder;
    {
        const auto collection = opened(folder / "c");
        ASSERT_TRUE(collection->add_refusal({0, 0}, "no SIMD", false));
        engines::Engine newer = engine_named("quick");
        newer.version = "1.3";
        ASSERT_EQ(collection->add_engine(newer, kDevice), 1U);
        EXPECT_EQ(collection->add_engine(newer, kDevice), 1U);
        EXPECT_EQ(collection->records().runs_of({1, 0}).refusal, "");
        ASSERT_TRUE(collection->add_run({1, 0}, {1000, 800, 100, ""}, 0.001));
        ASSERT_TRUE(collection->write_files());
        EXPECT_TRUE(refuses(collection->add_engine(engine_named("quick"), kDevice), {"'1.2' was '1.3'"}));
    }
    EXPECT_EQ(json_of(folder / "c/failures.json"), Json::array());
    ASSERT_EQ(json_of(folder / "c/engines.json").size(), 1U);
    EXPECT_EQ(json_of(folder / "c/engines.json")[0].at("version"), "1.3");
    EXPECT_EQ(read_records(folder / "c")->find_engine("quick", kDevice.id), 1U);
}

TEST(Collection, RefusesAnotherProgramsCollection) {
    const TempFolder folder;
    folder.put("runtimes.json", "{}");
    EXPECT_TRUE(refuses(Collection::open(folder.path(), kSettings), {"without a journal"}));
}

TEST(Collection, OneProcessAtATime) {
    const TempFolder folder;
    {
        const auto first = opened(folder / "c");
        EXPECT_TRUE(fails_with(Collection::open(folder / "c", kSettings), ErrorCode::kEnvironment,
                               {"another process", "'" + (folder / "c").string() + "'"}));
        EXPECT_TRUE(Collection::look(folder / "c", kSettings));
    }
    EXPECT_TRUE(Collection::open(folder / "c", kSettings));
}

TEST(Collection, LookingLeavesNothingBehind) {
    const TempFolder folder;
    const auto collection = Collection::look(folder / "c", kSettings);
    ASSERT_TRUE(collection);
    EXPECT_EQ((*collection)->add_engine(engine_named("quick"), kDevice), 0U);
    EXPECT_FALSE(std::filesystem::exists(folder / "c"));
}

TEST(Journal, ALineThatWasCutShortIsDropped) {
    const TempFolder folder;
    std::string whole;
    {
        const auto collection = opened(folder / "c");
        ASSERT_TRUE(collection->add_run({0, 0}, {5, 5, 5, ""}, 5e-6));
        whole = content_of(folder / "c/journal.jsonl");
        ASSERT_TRUE(collection->add_run({0, 0}, {6, 6, 6, ""}, 6e-6));
    }
    const std::string all = content_of(folder / "c/journal.jsonl");
    for (std::size_t size = whole.size(); size < all.size(); ++size) {
        folder.put("c/journal.jsonl", all.substr(0, size));
        ASSERT_EQ(read_records(folder / "c")->runs_of({0, 0}).runs(), 1U);
        const auto again = opened(folder / "c");
        ASSERT_EQ(again->records().runs_of({0, 0}).runs(), 1U) << size;
        ASSERT_EQ(content_of(folder / "c/journal.jsonl"), whole) << size;
    }
    folder.put("c/journal.jsonl", whole + std::string(100, '\0'));  // as a file system may leave it
    EXPECT_EQ(opened(folder / "c")->records().runs_of({0, 0}).runs(), 1U);
}

TEST(Journal, ABrokenLineInTheMiddleIsNamed) {
    const TempFolder folder;
    { opened(folder / "c"); }
    std::string text = content_of(folder / "c/journal.jsonl");
    text[text.find('\n') + 1] = 'x';
    folder.put("c/journal.jsonl", text);
    EXPECT_TRUE(refuses(Collection::open(folder / "c", kSettings), {"line 2"}));
    EXPECT_EQ(content_of(folder / "c/journal.jsonl"), text);
}

TEST(Journal, LinesOfAnotherFormAreNamed) {
    const TempFolder folder;
    std::string text;
    {
        opened(folder / "c");
        text = content_of(folder / "c/journal.jsonl");
    }
    for (const std::string line :
         {R"({"run":[0,5,1,1,1]})", R"({"run":[0,0,1]})", R"({"run":[0]})", R"({"what":1})",
          R"({"pitot":"measure","version":2})", R"({"set":[0,0],"modules":[9],"limit_s":1,"wall":[[]]})",
          R"({"engine":"x"})", R"({"opcodes":7,"counts":[]})"}) {
        folder.put("c/journal.jsonl", text + line + "\n");
        EXPECT_TRUE(refuses(Collection::open(folder / "c", kSettings), {"line 6"})) << line;
    }
}

RC_GTEST_PROP(JournalProperty, AnyPrefixHoldsTheRunsThatAreWholeInIt, (const std::vector<std::uint16_t>& walls)) {
    const TempFolder folder;
    {
        const auto collection = opened(folder / "c");
        for (const std::uint16_t wall : walls) {
            RC_ASSERT(collection->add_run({0, 0}, {wall, 1, 1, wall % 3 == 0 ? "failed" : ""}, 1e-6).has_value());
        }
    }
    const std::string all = content_of(folder / "c/journal.jsonl");
    const std::size_t head = all.find("{\"run\"") == std::string::npos ? all.size() : all.find("{\"run\"");
    const std::size_t size = *rc::gen::inRange(head, all.size() + 1);
    folder.put("c/journal.jsonl", all.substr(0, size));
    const auto lines = std::count(all.begin() + static_cast<std::ptrdiff_t>(head),
                                  all.begin() + static_cast<std::ptrdiff_t>(size), '\n');
    const auto records = read_records(folder / "c");
    RC_ASSERT(records.has_value());
    RC_ASSERT(static_cast<std::ptrdiff_t>(records->runs_of({0, 0}).runs()) == lines);
}

}  // namespace
}  // namespace pitot::measure
