#include "traces/trace_dataset.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "support/expect_error.hpp"
#include "support/pools.hpp"
#include "traces/trace_names.hpp"
#include "unit/dataset/datasets.hpp"
#include "unit/traces/trace_files.hpp"

namespace pitot::traces {
namespace {

using test::Doubles;
using test::Indices;
using test::Names;
using test::refuses;
using test::Runs;
using test::TraceFolder;
using test::values;

bool has_problem(const std::vector<TraceProblem>& problems, const std::string& file, const std::string& what) {
    return std::ranges::any_of(problems, [&](const TraceProblem& problem) {
        return problem.file.ends_with(file) && problem.what.find(what) != std::string::npos;
    });
}

// Two devices, two modules, one cell that failed; both modules beside each other.
struct Small : TraceFolder {
    Small() {
        devices({{"d1", test::device("pi", "cortex", 1e9)}, {"d2", test::device("desk", "skylake", 2e9, 4194304)}});
        alone("jit", "d1", "wasm/s/fft.wasm", {100, 0, 200, 600});
        alone("jit", "d2", "wasm/s/fft.wasm", {40, 60});
        alone("jit", "d1", "wasm/s/sort.wasm", {0, 0});
        alone("jit", "d2", "wasm/s/sort.wasm", {8});
        opcodes("wasm/s/fft.wasm", {{12, 6}, {64, 5}, {65, 3}});
        opcodes("wasm/s/sort.wasm", {{12, 5}, {64, 5}, {65, 3}});
        together("jit", "d2", {{"wasm/s/fft.wasm", {70, 0, 90}}, {"wasm/s/sort.wasm", {10}}});
    }
};

TEST(TraceDataset, ACellIsTheMeanOfItsPositiveRuns) {
    const auto made = make_dataset(Small().read());
    const Dataset& dataset = made.dataset;
    EXPECT_EQ(dataset.platforms.names, (Names{"jit.desk", "jit.pi"}));
    EXPECT_EQ(dataset.modules.names, (Names{"s/fft", "s/sort"}));
    EXPECT_EQ(values(dataset.pool(kAlone).platform), (Indices{0, 0, 1}));
    EXPECT_EQ(values(dataset.pool(kAlone).module), (Indices{0, 1, 0}));
    EXPECT_EQ(values(dataset.pool(kAlone).runtime_us), (Doubles{50, 8, 300}));
    EXPECT_EQ(dataset.pool(kAlone + 1).width, 1);
    EXPECT_EQ(values(dataset.pool(kAlone + 1).platform), (Indices{0, 0}));
    EXPECT_EQ(values(dataset.pool(kAlone + 1).module), (Indices{0, 1}));
    EXPECT_EQ(values(dataset.pool(kAlone + 1).co_runner), (Indices{1, 0}));
    EXPECT_EQ(values(dataset.pool(kAlone + 1).runtime_us), (Doubles{80, 10}));
    EXPECT_TRUE(made.problems.empty());
    ASSERT_EQ(made.failed.size(), 1U);
    EXPECT_EQ(made.failed[0].platform, "jit.pi");
    EXPECT_EQ(made.failed[0].module, "s/sort");
}

TEST(TraceDataset, The2023WayIsCpuTimeWithoutTheFirstRun) {
    TraceOptions options;
    options.release = Release::k2023;
    const auto made = make_dataset(Small().read(), options);
    EXPECT_EQ(values(made.dataset.pool(kAlone).runtime_us), (Doubles{45, 300}));  // 3/4 of 60, of (200 + 600) / 2
    EXPECT_EQ(made.failed.size(), 2U);
    options.skip_first = false;
    options.target = Target::kWall;
    EXPECT_EQ(values(make_dataset(Small().read(), options).dataset.pool(kAlone).runtime_us), (Doubles{50, 8, 300}));
}

TEST(TraceDataset, RunsMayBeMedianOrEach) {
    TraceOptions options;
    options.runs = RunUse::kMedian;
    EXPECT_EQ(values(make_dataset(Small().read(), options).dataset.pool(kAlone).runtime_us), (Doubles{50, 8, 200}));
    options.runs = RunUse::kEach;
    const auto made = make_dataset(Small().read(), options);
    EXPECT_EQ(values(made.dataset.pool(kAlone).runtime_us), (Doubles{40, 60, 8, 100, 200, 600}));
    EXPECT_EQ(values(made.dataset.pool(kAlone).platform), (Indices{0, 0, 0, 1, 1, 1}));
    EXPECT_EQ(values(made.dataset.pool(kAlone + 1).runtime_us), (Doubles{70, 90, 10}));
    EXPECT_TRUE(refuses(write_dataset(made.dataset, "never.npz", Layout::kDense), {"more than once", "'s/fft'"}));
}

TEST(TraceDataset, PlatformFeaturesAreInTheOrderOfTheRelease) {
    const auto made = make_dataset(Small().read());
    const Side& side = made.dataset.platforms;
    EXPECT_EQ(side.feature_names, (Names{"uarch=cortex", "uarch=skylake", "cpufreq", "l1d_size", "l1d_size:ind",
                                         "l1i_size", "l1i_size:ind", "l2_size", "l2_size:ind", "l2_line", "l2_line:ind",
                                         "l2_assoc=8", "l3_size", "l3_size:ind", "runtime=jit"}));
    const Doubles expected = {-1, 1,  std::log(2000.0) - 7, 0, 1, 1, 1, -1, 1, 0, 1, 1, 1, 1,  1,
                              1,  -1, std::log(1000.0) - 7, 0, 1, 1, 1, -1, 1, 0, 1, 1, 0, -1, 1};
    EXPECT_EQ(test::flat(side), expected);
    TraceOptions old;
    old.release = Release::k2023;
    const auto older = make_dataset(Small().read(), old);
    const Side& before = older.dataset.platforms;
    EXPECT_EQ(before.feature_names[3], "ind:l1d_size");
    EXPECT_EQ(before.feature_names[4], "l1d_size");
    EXPECT_EQ(before.feature_names.back(), "rt=jit");
    EXPECT_EQ(before.features(1, 12), -1);
    EXPECT_EQ(before.features(1, 13), 0);
}

TEST(TraceDataset, OpcodeFeaturesAreThoseTheReleaseKeeps) {
    const auto made = make_dataset(Small().read());
    EXPECT_EQ(made.dataset.modules.feature_names, (Names{"x0C"}));
    EXPECT_EQ(test::flat(made.dataset.modules), (Doubles{test::logged(6), test::logged(5)}));
    TraceOptions old;
    old.release = Release::k2023;
    EXPECT_EQ(make_dataset(Small().read(), old).dataset.modules.feature_names, (Names{"op12"}));  // 10 is not enough
}

TEST(TraceDataset, BothLayoutsReadBackAsTheSameDataset) {
    for (const Release release : {Release::k2023, Release::k2025}) {
        TraceOptions options;
        options.release = release;
        const auto made = make_dataset(Small().read(), options);
        const test::TempFolder folder;
        for (const Layout layout : {Layout::kIndex, Layout::kDense}) {
            const auto file = folder / "data.npz";
            ASSERT_TRUE(write_dataset(made.dataset, file, layout));
            const auto read = test::read_files({file});
            ASSERT_TRUE(read) << read.error().to_string();
            EXPECT_EQ(dataset_digest(*read), dataset_digest(made.dataset));
        }
    }
}

TEST(TraceDataset, WhatCannotBeUsedIsNamedAndTheRestKept) {
    Small folder;
    folder.put("jit.d1/cut.u.benchmarking.json", R"({"module": {)");
    folder.put("jit.d1/odd.u.power.json",
               test::Json{{"module", TraceFolder::module("wasm/x.wasm", "d1", "jit")}}.dump());
    folder.alone("jit", "d7", "wasm/s/fft.wasm", {1});
    folder.put(".cache/x.u.benchmarking.json", "broken");
    folder.put("jit.d1/.hidden.u.benchmarking.json", "broken");
    folder.put("journal.jsonl", "broken");
    folder.alone("jit", "d1", "wasm/new.wasm", {1});
    const auto made = make_dataset(folder.read());
    EXPECT_EQ(made.problems.size(), 4U);
    EXPECT_TRUE(has_problem(made.problems, "cut.u.benchmarking.json", "not JSON"));
    EXPECT_TRUE(has_problem(made.problems, "odd.u.power.json", "unknown type 'power'"));
    EXPECT_TRUE(has_problem(made.problems, ".benchmarking.json", "parent 'd7', which no runtimes.json describes"));
    EXPECT_TRUE(has_problem(made.problems, ".benchmarking.json", "module 'new', of which there are no opcode counts"));
    EXPECT_EQ(made.dataset.pool(kAlone).size(), 4);
    const Side& modules = made.dataset.modules;
    double sum = 0;
    for (std::int64_t i = 1; i < modules.size(); ++i) {
        sum += modules.features(i, 0);
    }
    EXPECT_GT(sum, 0);
    EXPECT_DOUBLE_EQ(modules.features(0, 0), sum / static_cast<double>(modules.size() - 1));  // 'new'
}

TEST(TraceDataset, WithoutDescriptionsNothingHasAPlatform) {
    TraceFolder folder;
    folder.alone("jit", "d1", "wasm/a.wasm", {1});
    const Collection collection = folder.read();
    EXPECT_TRUE(has_problem(collection.problems, folder.path().string(), "has no runtimes.json"));
    EXPECT_TRUE(refuses(require_observations(make_dataset(collection)),
                        {"no usable observation", "2 problems", "runtimes.json"}));
}

TEST(TraceDataset, ACopiedTraceCountsOnceAndASecondOneIsPooled) {
    Small folder;
    std::filesystem::copy_file(folder.path() / "jit.d2/m.u2.benchmarking.json",
                               folder.path() / "jit.d2/z.u2.benchmarking.json");
    const auto copied = make_dataset(folder.read());
    EXPECT_EQ(copied.problems.size(), 1U);
    EXPECT_TRUE(has_problem(copied.problems, "z.u2.benchmarking.json", "is a copy of"));
    EXPECT_EQ(values(copied.dataset.pool(kAlone).runtime_us), (Doubles{50, 8, 300}));
    folder.alone("jit", "d2", "wasm/s/fft.wasm", {110});
    const auto again = make_dataset(folder.read());
    EXPECT_EQ(again.pooled_cells, 1);
    EXPECT_EQ(again.problems.size(), 1U);
    EXPECT_EQ(values(again.dataset.pool(kAlone).runtime_us), (Doubles{70, 8, 300}));
    folder.put("later/m.u2.benchmarking.json",  // the same uuid, other runs
               test::Json{{"module", TraceFolder::module("wasm/s/fft.wasm", "d2", "jit")}, {"wall", {30}}}.dump());
    EXPECT_EQ(values(make_dataset(folder.read()).dataset.pool(kAlone).runtime_us), (Doubles{60, 8, 300}));
}

TEST(TraceDataset, WhereAMemberFailedNoTimeBesideItCounts) {
    Small folder;
    folder.together("jit", "d2", {{"wasm/s/fft.wasm", {70}}, {"wasm/s/sort.wasm", {0}}, {"wasm/s/fft.wasm", {5}}});
    const auto made = make_dataset(folder.read());
    EXPECT_EQ(made.dataset.pool(kAlone + 1).size(), 2);
    EXPECT_EQ(made.dataset.pool(kAlone + 1).width, 1);
    ASSERT_EQ(made.failed.size(), 4U);
    EXPECT_EQ(made.failed[0].co_runners, (Names{"s/sort", "s/fft"}));
}

TEST(TraceDataset, RowsOfDifferentWidthsAreFilledUp) {
    Small folder;
    folder.together("jit", "d2", {{"wasm/s/fft.wasm", {70}}, {"wasm/s/sort.wasm", {1}}, {"wasm/s/fft.wasm", {5}}});
    const auto made = make_dataset(folder.read());
    EXPECT_EQ(made.dataset.pool(kAlone + 1).width, 2);
    EXPECT_EQ(values(made.dataset.pool(kAlone + 1).co_runner), (Indices{1, -1, 0, -1, 1, 0, 0, 0, 0, 1}));
}

TEST(TraceDataset, ExcludedPlatformsLeaveNothingBehind) {
    TraceOptions options;
    options.exclude = {"jit.desk"};
    const auto made = make_dataset(Small().read(), options);
    EXPECT_EQ(made.dataset.platforms.names, (Names{"jit.pi"}));
    EXPECT_EQ(made.dataset.modules.names, (Names{"s/fft"}));
    EXPECT_EQ(made.dataset.pool(kAlone + 1).size(), 0);
    options.keep_unobserved = true;
    EXPECT_EQ(make_dataset(Small().read(), options).dataset.modules.names, (Names{"s/fft", "s/sort"}));
}

TEST(TraceDataset, ADescriptionThatIsWrongIsToldOfOnce) {
    Small folder;
    folder.devices({{"d1", test::device("pi", "cortex", 1e9)}, {"d2", test::device("desk", "skylake", 3)}});
    const auto made = make_dataset(folder.read());
    EXPECT_TRUE(has_problem(made.problems, "runtimes.json", "has 3 as cpufreq"));
    EXPECT_EQ(made.problems.size(), 1U);
}

TEST(TraceDataset, FlatFilesJoinAndTheirDevicesMayBeUnknown) {
    Small folder;
    const auto flat = folder.put("../" + folder.path().filename().string() + ".flat.json",
                                 std::string(R"({"x": {"device": "m7", "runtime": "tiny", "data": {"s/fft": 9}},)"
                                             R"("y": {"device": "pi", "runtime": "tiny", "data": {"s/fft": 7}}})"));
    const std::vector<std::filesystem::path> paths = {folder.path(), flat};
    const auto made = make_dataset(read_collections(paths).value());
    std::filesystem::remove(flat);
    EXPECT_EQ(made.dataset.platforms.names, (Names{"jit.desk", "jit.pi", "tiny.m7", "tiny.pi"}));
    EXPECT_EQ(values(made.dataset.pool(kAlone).runtime_us), (Doubles{50, 8, 300, 9, 7}));
    EXPECT_EQ(made.problems.size(), 1U);
    EXPECT_TRUE(has_problem(made.problems, ".flat.json", "device 'm7', which no runtimes.json describes"));
    const Side& side = made.dataset.platforms;
    for (std::int64_t j = 0; j < side.features.cols() - 2; ++j) {
        EXPECT_EQ(side.features(2, j), 0) << side.feature_names[static_cast<std::size_t>(j)];
        EXPECT_EQ(side.features(3, j), side.features(1, j));
    }
    EXPECT_EQ(side.features(2, side.features.cols() - 1), 1);
}

TEST(DeviceNames, TwoMeasuredDevicesOfOneNameAreNamedAndRefused) {
    TraceFolder folder;
    folder.devices({{"id-1", test::device("ubuntu", "skylake", 3e9)}, {"id-2", test::device("ubuntu", "cortex-a53")}});
    folder.alone("node", "id-1", "wasm/s/a.wasm", {10});
    folder.opcodes("wasm/s/a.wasm", {{1, 2}});
    // The second one has no times: nothing is joined, but features that are asked for by name are.
    EXPECT_TRUE(check_device_names(folder.read(), DeviceUse::kTimes));
    EXPECT_TRUE(refuses(check_device_names(folder.read(), DeviceUse::kFeatures), {"'ubuntu'", "id-1", "id-2"}));
    folder.alone("node", "id-2", "wasm/s/a.wasm", {1000});
    EXPECT_TRUE(refuses(check_device_names(folder.read(), DeviceUse::kTimes),
                        {"two devices are called 'ubuntu'", "'id-1' (", "runtimes.json: skylake at 3 GHz; measured in",
                         "node.id-1/", "'id-2' (", "cortex-a53 at 1 GHz", "node.id-2/", "'name'", "join them"}));
}

TEST(DeviceNames, OneDeviceMayBeListedTwice) {
    TraceFolder folder;
    test::Json devices = {{"id-1", test::device("desk")}, {"id-2", test::device("desk")}, {"id-3", {{"name", "desk"}}}};
    folder.devices(devices);
    folder.alone("node", "id-1", "wasm/s/a.wasm", {10});
    folder.put("micro.json", R"({"x": {"device": "desk", "runtime": "tiny", "data": {"s/a": 9}}})");
    const auto with_flat = [&] {
        return read_collections(std::vector<std::filesystem::path>{folder.path(), folder.path() / "micro.json"})
            .value();
    };
    EXPECT_TRUE(check_device_names(with_flat(), DeviceUse::kTimes));
    EXPECT_TRUE(check_device_names(with_flat(), DeviceUse::kFeatures));
    // A flat file knows its device by name: which of two that differ is not to be told.
    devices["id-2"] = test::device("desk", "cortex-a53");
    folder.devices(devices);
    EXPECT_TRUE(refuses(check_device_names(with_flat(), DeviceUse::kTimes), {"'desk'", "id-1", "id-2"}));
}

TEST(TraceMatrix, HasEveryRuntimeOnEveryDeviceUnlessFiltered) {
    Small folder;
    folder.alone("aot", "d1", "wasm/s/fft.wasm", {3});
    TraceOptions options;
    options.keep_unobserved = true;
    const auto all = make_matrix(folder.read(), options);
    EXPECT_EQ(all.dataset.platforms.names, (Names{"aot.desk", "aot.pi", "jit.desk", "jit.pi"}));
    EXPECT_EQ(all.dataset.pool(kAlone + 1).size(), 0);
    EXPECT_TRUE(all.dataset.platforms.feature_names.empty());
    options.keep_unobserved = false;
    EXPECT_EQ(make_matrix(folder.read(), options).dataset.platforms.names, (Names{"aot.pi", "jit.desk", "jit.pi"}));
}

TEST(TraceInterference, RowsAreNumberedAsTheDatasetNumbers) {
    const Collection collection = Small().read();
    Dataset known;
    known.platforms.names = {"other", "jit.desk"};
    known.modules.names = {"s/sort", "x", "s/fft"};
    const auto made = make_interference(collection, known);
    EXPECT_EQ(values(made.dataset.pool(kAlone + 1).platform), (Indices{1, 1}));
    EXPECT_EQ(values(made.dataset.pool(kAlone + 1).module), (Indices{2, 0}));
    EXPECT_EQ(values(made.dataset.pool(kAlone + 1).co_runner), (Indices{0, 2}));
    EXPECT_EQ(made.dataset.pool(kAlone).size(), 0);
    known.modules.names = {"s/fft", "s/sirt"};
    const auto none = make_interference(collection, known);
    EXPECT_EQ(none.dataset.pool(kAlone + 1).size(), 0);
    EXPECT_EQ(none.problems.size(), 1U);
    EXPECT_TRUE(has_problem(none.problems, "interference.json", "module 's/sort', which the dataset has not"));
}

TEST(TraceDataset, AMissingCollectionIsAnError) {
    const std::vector<std::filesystem::path> paths = {"/nowhere/at/all"};
    EXPECT_TRUE(test::fails_with(read_collections(paths), ErrorCode::kEnvironment, {"/nowhere/at/all", "no such"}));
}

TEST(TraceNames, FoldersAndExtensionsAreDropped) {
    Collection collection;
    TraceOptions options;
    const auto name = [&](const std::string& file, const Names& arguments = {}) {
        Trace trace;
        trace.engine = "jit";
        trace.members = {{file, arguments, {}, {}}};
        return ModuleNames(collection, options).of_trace(trace, trace.members[0]);
    };
    EXPECT_EQ(name("wasm/poly/2mm.wasm"), "poly/2mm");
    EXPECT_EQ(name("wasm/py3.13.wasm", {"a.py", "1"}), "py3.13:a.py:1");
    EXPECT_EQ(name("aot/jit/poly/2mm.aot"), "poly/2mm");
    EXPECT_EQ(name("aot/arm/poly/2mm.aot"), "arm/poly/2mm");
    EXPECT_EQ(name("poly/2mm"), "poly/2mm");
    EXPECT_EQ(name("2mm.wasm"), "2mm");
    collection.traces.resize(1);
    collection.traces[0].members = {{"wasm/poly/2mm.wasm", {}, {}, {}}};
    EXPECT_EQ(name("aot/arm/poly/2mm.aot"), "poly/2mm");
    options.renames = {{"poly/", "pb/"}, {"m", "mm"}};
    EXPECT_EQ(name("wasm/poly/2mm.wasm"), "pb/2mmmm");
    options = {};
    options.release = Release::k2023;
    EXPECT_EQ(name("native/poly/2mm", {"a.py"}), "poly/2mm");
}

RC_GTEST_PROP(TraceDatasetProperty, AnyCollectionReadsBackAsItsMeans, ()) {
    TraceFolder folder;
    const auto devices = *rc::gen::inRange(1, 4);
    const auto modules = *rc::gen::inRange(1, 5);
    test::Json described;
    for (int d = 0; d < devices; ++d) {
        described["d" + std::to_string(d)] = test::device("dev" + std::to_string(d));
    }
    folder.devices(described);
    std::map<std::pair<std::string, std::string>, double> expected;
    for (int d = 0; d < devices; ++d) {
        for (int m = 0; m < modules; ++m) {
            Runs runs;
            for (const int run : *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 50))) {
                runs.push_back(run / 4.0);
            }
            folder.alone("rt", "d" + std::to_string(d), "wasm/m" + std::to_string(m) + ".wasm", runs);
            const auto positive = std::ranges::count_if(runs, [](double run) { return run > 0; });
            if (positive > 0) {
                expected[{"rt.dev" + std::to_string(d), "m" + std::to_string(m)}] =
                    std::accumulate(runs.begin(), runs.end(), 0.0) / static_cast<double>(positive);
            }
        }
    }
    const auto made = make_dataset(folder.read(*rc::gen::inRange(1, 4)));
    RC_ASSERT(require_observations(made).has_value() != expected.empty());
    if (expected.empty()) {
        return;
    }
    const auto file = folder.path() / "out.npz";
    const auto layout = *rc::gen::element(Layout::kIndex, Layout::kDense);
    RC_ASSERT(write_dataset(made.dataset, file, layout).has_value());
    const auto read = test::read_files({file});
    RC_ASSERT(read.has_value());
    std::map<std::pair<std::string, std::string>, double> got;
    for (std::size_t i = 0; i < read->pool(kAlone).runtime_us.size(); ++i) {
        got[{read->platforms.names[static_cast<std::size_t>(read->pool(kAlone).platform[i])],
             read->modules.names[static_cast<std::size_t>(read->pool(kAlone).module[i])]}] =
            read->pool(kAlone).runtime_us[i];
    }
    RC_ASSERT(got == expected);
}

}  // namespace
}  // namespace pitot::traces
