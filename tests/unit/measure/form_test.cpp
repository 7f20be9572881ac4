// What one room writes another reads: the files of a collection, and a dataset made of them.
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "measure/collection.hpp"
#include "support/temp_folder.hpp"
#include "traces/collection.hpp"
#include "traces/trace_dataset.hpp"

namespace pitot::measure {
namespace {

using test::TempFolder;

constexpr const char* kId = "aaaaaaaa-0000-4000-8000-000000000001";

/// Two modules on one engine of this very machine, alone, side by side and counted.
void write_collection(const std::filesystem::path& folder) {
    const auto described = engines::describe_device("", {}, "here");
    ASSERT_TRUE(described) << described.error().to_string();
    const engines::Device device{kId, "here", described->json};
    const auto collection = measure::Collection::open(folder, {30.0, {0, 1}, 1, 42}).value();
    ASSERT_TRUE(collection->add_engine({"quick", "A title", "", "1.2", "Debian x", "", "{}"}, device));
    ASSERT_TRUE(collection->add_module({{}, "wasm/a/x.wasm", "11"}));
    ASSERT_TRUE(collection->add_module({{}, "wasm/b.wasm", "22"}));
    ASSERT_TRUE(collection->add_run({0, 0}, {1000, 800, 100, ""}, 0.001));
    ASSERT_TRUE(collection->add_run({0, 0}, {0, 0, 0, "exit status 1"}, 0.001));
    ASSERT_TRUE(collection->add_run({0, 1}, {3000, 2000, 500, ""}, 0.003));
    ASSERT_TRUE(collection->add_set({0, 2, 7}, {{1, 0}, 5.0, {{4000, 4200}, {1500}}, ""}));
    std::vector<std::uint64_t> counts(traces::form::kOpcodeCount, 0);
    counts[0x6A] = 17;
    ASSERT_TRUE(collection->add_profile(0, {"node", counts, ""}));
    ASSERT_TRUE(collection->write_files());
}

traces::Collection read_collection(const std::filesystem::path& folder) {
    const std::array folders{folder};
    return traces::read_collections(folders).value();
}

const traces::Trace& only_trace(const traces::Collection& collection, traces::TraceKind kind,
                                const std::string& first_file) {
    const auto fits = [&](const traces::Trace& trace) {
        return trace.kind == kind && trace.members.front().module_file == first_file;
    };
    EXPECT_EQ(std::ranges::count_if(collection.traces, fits), 1) << first_file;
    return *std::ranges::find_if(collection.traces, fits);
}

TEST(Form, TracesAreReadAsTheyWereWritten) {
    const TempFolder folder;
    write_collection(folder / "c");
    const auto read = read_collection(folder / "c");
    EXPECT_TRUE(read.problems.empty()) << read.problems.front().to_string();
    ASSERT_EQ(read.traces.size(), 4U);

    const traces::Trace& alone = only_trace(read, traces::TraceKind::kBenchmarking, "wasm/a/x.wasm");
    EXPECT_EQ(alone.parent, kId);
    EXPECT_EQ(alone.engine, "quick");
    EXPECT_EQ(alone.members.front().wall_us, (std::vector<double>{1000, 0}));
    EXPECT_EQ(alone.members.front().cpu_us, (std::vector<double>{900, 0}));

    const traces::Trace& together = only_trace(read, traces::TraceKind::kInterference, "wasm/b.wasm");
    ASSERT_EQ(together.members.size(), 2U);
    EXPECT_EQ(together.members[0].wall_us, (std::vector<double>{4000, 4200}));
    EXPECT_EQ(together.members[1].module_file, "wasm/a/x.wasm");
    EXPECT_EQ(together.members[1].wall_us, (std::vector<double>{1500}));

    const traces::Trace& counted = only_trace(read, traces::TraceKind::kOpcodes, "wasm/a/x.wasm");
    ASSERT_EQ(counted.opcodes.size(), traces::form::kOpcodeCount);
    EXPECT_EQ(counted.opcodes[0x6A], 17.0);
}

TEST(Form, WarmCallsAreObservationsWhereTheyAreAskedFor) {
    const TempFolder folder;
    {
        const engines::Device device{kId, "here", R"({"name": "here"})"};
        const auto collection = measure::Collection::open(folder / "c", {30.0, {0, 1}, 1, 42}).value();
        ASSERT_TRUE(collection->add_engine({"quick", "A title", "", "1.2", "Debian x", "", "{}"}, device));
        ModuleFile task{{}, "wasm/b.wasm:-n:5", "22"};
        task.task = {{"args", {"-n", "5"}}};
        ModuleFile named{{}, "wasm/b.wasm:small", "22"};
        named.task = {{"name", "small"}, {"args", {"-n", "1"}}};
        ASSERT_TRUE(collection->add_module(task));
        ASSERT_TRUE(collection->add_module(named));
        ASSERT_TRUE(collection->add_run({0, 0}, {3000, 2000, 500, ""}, 0.003));
        ASSERT_TRUE(collection->add_warm({0, 0}, {0, 0, 0, "", {{10.5, 11.5}, {9, 9}, {1, 1}}}, 0.1));
        ASSERT_TRUE(collection->add_warm({0, 1}, {0, 0, 0, "late", {{20.0}, {}, {}}}, 0.1));
        ASSERT_TRUE(collection->write_files());
    }
    const auto read = read_collection(folder / "c");
    EXPECT_TRUE(read.problems.empty()) << read.problems.front().to_string();
    const traces::Trace& warm = only_trace(read, traces::TraceKind::kWarm, "wasm/b.wasm");
    EXPECT_EQ(warm.members.front().wall_us, (std::vector<double>{10.5, 11.5}));
    EXPECT_EQ(warm.members.front().cpu_us, (std::vector<double>{10, 10}));
    traces::TraceOptions options;
    const auto names = [&](traces::RunKind kind) {
        options.kind = kind;
        const auto made = traces::make_dataset(read, options);
        return std::pair(made.dataset.platforms.names, made.dataset.modules.names);
    };
    using Names = std::vector<std::string>;
    EXPECT_EQ(names(traces::RunKind::kCold), std::pair(Names{"quick.here"}, Names{"b:-n:5"}));
    EXPECT_EQ(names(traces::RunKind::kWarm), std::pair(Names{"quick+warm.here"}, Names({"b:-n:5", "b:small"})));
    EXPECT_EQ(names(traces::RunKind::kBoth),
              std::pair(Names({"quick.here", "quick+warm.here"}), Names({"b:-n:5", "b:small"})));
}

TEST(Form, DevicesAreReadAsTheyWereWritten) {
    const TempFolder folder;
    write_collection(folder / "c");
    const auto read = read_collection(folder / "c");
    const traces::Device* device = read.find_device(kId);
    ASSERT_NE(device, nullptr);
    EXPECT_EQ(device->name, "here");
    EXPECT_TRUE(device->described);
    const auto entry = nlohmann::json::parse(engines::describe_device("", {}, "here")->json).at("platform");
    EXPECT_EQ(device->microarchitecture, entry.at("cpu").at("cpu"));
    EXPECT_EQ(device->l1d_bytes, entry.at("mem").at("l1d_size"));
    EXPECT_EQ(device->l2_bytes, entry.at("mem").at("l2_size"));
    EXPECT_EQ(device->l2_line_bytes, entry.at("mem").at("l2_line"));
    EXPECT_EQ(device->l2_ways, entry.at("mem").at("l2_assoc"));
    EXPECT_EQ(device->l3_bytes, entry.at("mem").at("l3_size"));
}

TEST(Form, WhatWasMeasuredBecomesADataset) {
    const TempFolder folder;
    write_collection(folder / "c");
    const auto made = traces::make_dataset(read_collection(folder / "c"));
    EXPECT_EQ(made.dataset.platforms.names, (std::vector<std::string>{"quick.here"}));
    EXPECT_EQ(made.dataset.modules.names, (std::vector<std::string>{"a/x", "b"}));
    EXPECT_EQ(made.dataset.pool(kAlone).size(), 2);
    EXPECT_EQ(made.dataset.pool(kAlone + 1).size(), 2);
}

TEST(Form, NamesAndKeysAreTakenApartAsTheyWereMade) {
    for (const traces::TraceKind kind : {traces::TraceKind::kBenchmarking, traces::TraceKind::kWarm,
                                         traces::TraceKind::kOpcodes, traces::TraceKind::kInterference}) {
        const traces::TraceName name =
            traces::parse_trace_name(traces::form::trace_file_name("a.b+c", "0123-4567", kind));
        EXPECT_EQ(name.uuid, "0123-4567");
        EXPECT_EQ(traces::form::kind_of_type(name.type), kind);
    }
    EXPECT_EQ(traces::form::kind_of_type("profile"), std::nullopt);
    EXPECT_EQ(traces::form::parse_member_key(traces::form::member_key(12, "wasm/a:b.wasm")),
              std::pair(12U, std::string("wasm/a:b.wasm")));
    for (const char* other : {"module", ":x", "1:", "1x:y", "-1:x", ""}) {
        EXPECT_EQ(traces::form::parse_member_key(other), std::nullopt) << other;
    }
}

}  // namespace
}  // namespace pitot::measure
