// Tables of runtimes in the forms that people have.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "dataset/co_runner_lists.hpp"
#include "dataset/table_columns.hpp"
#include "dataset/text_table.hpp"
#include "support/expect_error.hpp"
#include "support/pools.hpp"
#include "support/temp_folder.hpp"
#include "unit/dataset/datasets.hpp"

namespace pitot::dataset {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): every name here is of the fixtures

// The runtimes alone of a text, or NaN and the error on the way.
Doubles runtimes(const std::string& text, const ReadOptions& options = {}) {
    const auto dataset = read_texts({text}, options);
    EXPECT_TRUE(dataset) << dataset.error().to_string() << " in " << text;
    return dataset ? test::values(dataset->pool(kAlone).runtime_us) : Doubles{-1};
}

auto says(const std::string& text) {
    return [text](const std::string& problem) { return problem.find(text) != std::string::npos; };
}

ReadOptions in_unit(const std::string& unit) {
    ReadOptions options;
    options.unit = unit;
    return options;
}

TEST(Tables, UnitsOfHeaders) {
    for (const char* header : {"runtime_ms", "Runtime (ms)", "time[ms]", "wall_time_ms", "mean_ms", "RUNTIME_MS", "ms",
                               "wallTimeMs", "Elapsed time in milliseconds", "duration_msec", "exec. time / ms",
                               "Median [ms]", "ms per iteration", "latency_millis", "Runtime_Ms"}) {
        EXPECT_EQ(runtimes(std::string("platform,module,") + header + "\np,a,1.5\n"), (Doubles{1500})) << header;
    }
    EXPECT_EQ(runtimes("platform,module,time_s\np,a,0.0015\n"), (Doubles{1500}));
    EXPECT_EQ(runtimes("platform,module,time_ns\np,a,1500000\n"), (Doubles{1500}));
    EXPECT_EQ(runtimes("platform,module,runtime_\xC2\xB5s\np,a,1500\n"), (Doubles{1500}));
    EXPECT_EQ(runtimes("platform,module,runtime (min)\np,a,2\n"), (Doubles{120e6}));
}

TEST(Tables, AUnitIsSaidOrGiven) {
    EXPECT_EQ(runtimes("platform,module,runtime\np,a,1.5\n", in_unit("ms")), (Doubles{1500}));
    EXPECT_EQ(runtimes("platform,module,runtime\np,a,1.5 ms\np,b,7 us\n"), (Doubles{1500, 7}));
    EXPECT_EQ(runtimes("platform,module,runtime,unit\np,a,1.5,ms\np,b,7,us\n"), (Doubles{1500, 7}));
    EXPECT_EQ(runtimes("platform,module,runtime_us\np,a,1.5\n", in_unit("us")), (Doubles{1.5}));
    const auto unsaid = read_texts({"platform,module,runtime\np,a,1.5\np,b,2\n"});
    EXPECT_TRUE(refuses(unsaid, {"a.csv", "which unit", "runtime_ms"}));
    EXPECT_EQ(unsaid.error().remedy(), Remedy::kUnit);
    EXPECT_TRUE(refuses(read_texts({"platform,module,runtime\np,a,1.5\n"}, {true, {}, {}}), {"which unit"}));
    EXPECT_TRUE(
        refuses(read_texts({"platform,module,runtime\np,a,1 ms\np,b,2\n"}), {"line 3", "'2'", "unit is not said"}));
    EXPECT_TRUE(fails_with(read_texts({"platform,module,runtime_ms\np,a,1\n"}, in_unit("us")), ErrorCode::kUsage,
                           {"says", "ms", "us"}));
    EXPECT_TRUE(fails_with(read_texts({"platform,module,runtime\np,a,1\n"}, in_unit("weeks")), ErrorCode::kUsage,
                           {"'weeks'", "no unit"}));
    EXPECT_TRUE(refuses(read_texts({"platform,module,runtime_us\np,a,12 ms\n"}), {"'12 ms'", "said to be in us"}));
    ReadOptions looking;
    looking.allow_unknown_unit = true;
    const auto looked = read_texts({"platform,module,runtime\np,a,1.5\n"}, looking);
    ASSERT_TRUE(looked);
    ASSERT_EQ(looked->problems.size(), 1U);
    EXPECT_NE(looked->problems[0].find("which unit"), std::string::npos);
}

TEST(Tables, ArchivesHoldMicroseconds) {
    const TempFolder folder;
    const auto file = folder.put("a.npz", npz(index_arrays()));
    EXPECT_TRUE(read_files({file}, in_unit("us")));
    EXPECT_TRUE(fails_with(read_files({file}, in_unit("ms")), ErrorCode::kUsage, {"a.npz", "microseconds", "ms"}));
}

TEST(Tables, DelimitersAndDecimals) {
    EXPECT_EQ(runtimes("platform;module;runtime_ms\r\np;a;14,026\r\np;b;92,43\r\n"), (Doubles{14026, 92430}));
    EXPECT_EQ(runtimes("platform\tmodule\truntime_us\np\ta\t1.234,5\n"), (Doubles{1234.5}));
    EXPECT_EQ(runtimes("platform,module,runtime_us\np,a,\"1,234,567.5\"\n"), (Doubles{1234567.5}));
    EXPECT_EQ(runtimes("platform,module,runtime_us\np,a,1'234.5\np,b,1 000\n"), (Doubles{1234.5, 1000}));
    EXPECT_EQ(runtimes("platform|module|runtime_us\rp|a|5\r"), (Doubles{5}));
    EXPECT_EQ(runtimes("sep=;\nplatform;module;runtime_us\np;a;5\n"), (Doubles{5}));
    ReadOptions comma;
    comma.decimal_mark = ',';
    EXPECT_EQ(runtimes("platform\tmodule\truntime_us\np\ta\t14,026\n", comma), (Doubles{14.026}));
    const auto unclear = read_texts({"platform\tmodule\truntime_us\np\ta\t14,026\n"});
    EXPECT_TRUE(refuses(unclear, {"'14,026'", "point or a comma"}));
    EXPECT_EQ(unclear.error().remedy(), Remedy::kDecimalMark);
}

TEST(Tables, HeadersInOtherWords) {
    EXPECT_EQ(runtimes("Device,Benchmark,Time (us)\np,a,5\n"), (Doubles{5}));
    const auto made = read_texts({"engine,Host Name,workload,runtime_us\nwasmtime,pi,a,5\n"});
    ASSERT_TRUE(made) << made.error().to_string();
    EXPECT_EQ(made->platforms.names, (Names{"wasmtime.pi"}));
    const auto wasure =
        read_texts({"benchmark,runtime,elapsed_time_ns,return_code\na,wasmtime,5000,0\nb,wasmtime,7,1\n"});
    ASSERT_TRUE(wasure) << wasure.error().to_string();
    EXPECT_EQ(wasure->platforms.names, (Names{"wasmtime"}));
    EXPECT_EQ(test::values(wasure->pool(kAlone).runtime_us), (Doubles{5}));
    EXPECT_EQ(wasure->dropped_rows, 0);  // a failed run is no fault of the file
    EXPECT_TRUE(std::ranges::any_of(wasure->problems, says("1 run failed")));
    ReadOptions options;
    options.columns = {{"platform", "maschine"}, {"module", "#2"}, {"runtime", "Laufzeit"}};
    options.unit = "ms";
    EXPECT_EQ(runtimes("Maschine,Programm,Laufzeit,time_s\np,a,5,9\n", options), (Doubles{5000}));
    options.columns = {{"platform", "Maschin"}};
    EXPECT_TRUE(fails_with(read_texts({"Maschine,Programm,Laufzeit\np,a,5\n"}, options), ErrorCode::kUsage,
                           {"'Maschin'", "did you mean 'Maschine'", "'Laufzeit'"}));
    ReadOptions device;
    device.device = "pi";
    EXPECT_EQ(read_texts({"module,runtime_us\na,5\n"}, device)->platforms.names, (Names{"pi"}));
    EXPECT_EQ(read_texts({"engine,module,runtime_us\nnode,a,5\n"}, device)->platforms.names, (Names{"node.pi"}));
    EXPECT_EQ(read_texts({"module,runtime_us\na,5\n"}).error().remedy(), Remedy::kDevice);
}

TEST(Tables, WhatIsAmbiguousIsRefused) {
    const auto both = read_texts({"platform,module,runtime_us,runtime_ms\np,a,5,5\n"});
    EXPECT_TRUE(refuses(both, {"'runtime_us' and 'runtime_ms'", "say which"}));
    EXPECT_EQ(both.error().remedy(), Remedy::kColumns);
    EXPECT_EQ(read_texts({"host,device,module,runtime_us\nq,p,a,5\n"})->platforms.names, (Names{"p"}));
    EXPECT_TRUE(refuses(read_texts({"host,board,module,runtime_us\np,q,a,5\n"}), {"'host' and 'board'", "device"}));
    EXPECT_EQ(runtimes("platform,module,Time,runtime_us\np,a,2025-11-02 10:00,5\n"), (Doubles{5}));
}

TEST(Tables, Matrices) {
    const auto dataset = read_texts({"module,p,\"q, r\"\na,5,\nb,,NaN\nc,\"1,234.5\",7\n"}, in_unit("ms"));
    ASSERT_TRUE(dataset) << dataset.error().to_string();
    EXPECT_EQ(dataset->platforms.names, (Names{"p", "q, r"}));
    EXPECT_EQ(dataset->modules.names, (Names{"a", "b", "c"}));
    EXPECT_EQ(test::values(dataset->pool(kAlone).runtime_us), (Doubles{5000, 1234500, 7000}));
    EXPECT_EQ(test::values(dataset->pool(kAlone).platform), (Indices{0, 0, 1}));
    EXPECT_EQ(test::values(dataset->pool(kAlone).module), (Indices{0, 2, 2}));
    const auto turned = read_texts({"Device;a (ms);b (ms);notes\np;5;1,5;x\n"});
    ASSERT_TRUE(turned) << turned.error().to_string();
    EXPECT_EQ(turned->modules.names, (Names{"a", "b"}));
    EXPECT_EQ(test::values(turned->pool(kAlone).runtime_us), (Doubles{5000, 1500}));
    EXPECT_TRUE(refuses(read_texts({"module,p,q\na,5,timeout\nb,0,7\n"}, in_unit("ms")),
                        {"2 rows", "line 2: column 'q' holds 'timeout'", "line 3: column 'p' is 0"}));
    const auto unclear = read_texts({",p,q\na,5,6\n"}, in_unit("ms"));
    EXPECT_TRUE(refuses(unclear, {"matrix", "what its rows are"}));
    EXPECT_EQ(unclear.error().remedy(), Remedy::kColumns);
    EXPECT_TRUE(refuses(read_texts({"platform,modul,runtime_us\np,a,1\n"}), {"'module'", "did you mean 'modul'"}));
}

TEST(Tables, ListsOfCoRunners) {
    for (const char* cell : {"b;c", "\"b, c\"", "b+c", "b|c", "\"['b', 'c']\"", "[b;c]", "b; c;"}) {
        const auto dataset =
            read_texts({std::string("platform,module,runtime_us,with\np,a,9,") + cell + "\np,b,1,\np,c,2,none\n"});
        ASSERT_TRUE(dataset) << cell << ": " << dataset.error().to_string();
        EXPECT_EQ(dataset->modules.size(), 3) << cell;
        EXPECT_EQ(dataset->pool(kAlone + 1).width, 2) << cell;
        EXPECT_EQ(dataset->pool(kAlone).size(), 2) << cell;
    }
    for (const char* header : {"With1", "with_1", "WITH 1", "co_runner", "Co-Runner", "coRunner", "interferer"}) {
        const auto dataset = read_texts({std::string("platform,module,runtime_us,") + header + "\np,a,9,b\np,b,1,\n"});
        ASSERT_TRUE(dataset) << header << ": " << dataset.error().to_string();
        EXPECT_EQ(dataset->rows_beside_others(), 1) << header;
    }
    for (const char* header : {"wiht", "wth1", "with_x", "corunnr", "interfering"}) {
        EXPECT_TRUE(refuses(read_texts({std::string("platform,module,runtime_us,") + header + "\np,a,9,b\n"}),
                            {header, "co-runners"}));
    }
    EXPECT_TRUE(read_texts({"platform,module,runtime_us,width\np,a,9,b\n"}));
    EXPECT_TRUE(refuses(read_texts({"platform,module,runtime_us,with\np,a,9,\"b,x\"\np,b,1,\n"}),
                        {"line 2", "'b,x'", "separate them with ';'"}));
    EXPECT_TRUE(refuses(read_texts({"platform,module,runtime_us,with1\np,a,9,b;c\np,b,1,\n"}),
                        {"line 2", "'with1'", "'with'"}));
    // A module whose name has a comma is that module.
    const auto comma = read_texts({"platform,module,runtime_us,with\np,a,9,\"x, y\"\np,\"x, y\",1,\n"});
    ASSERT_TRUE(comma) << comma.error().to_string();
    EXPECT_EQ(comma->pool(kAlone + 1).width, 1);
}

TEST(Tables, AllFaultsAreToldTogether) {
    std::string text = "platform,module,runtime_us\n";
    for (int i = 0; i < 13; ++i) {
        text += "p,a,x" + std::to_string(i) + "\n";
    }
    const auto read = read_texts({text});
    EXPECT_TRUE(
        refuses(read, {"13 rows cannot be used", "line 2: column 'runtime_us' holds 'x0'", "line 11", "and 3 more"}));
    EXPECT_EQ(read.error().message().find("'x10'"), std::string::npos);
    EXPECT_TRUE(refuses(read_texts({"platform,module,runtime_us\n,a,x\n"}),
                        {"'runtime_us' holds 'x'", "and column 'platform' is empty"}));
    for (const char* runtime : {"1e99", "1e-9", "2e13", "9e-5"}) {
        EXPECT_TRUE(refuses(read_texts({std::string("platform,module,runtime_us\np,a,") + runtime + "\n"}), {runtime}));
    }
    EXPECT_TRUE(refuses(read_texts({"platform,module,runtime_s\np,a,1e93\n"}), {"1e93"}));
    EXPECT_TRUE(refuses(read_texts({"platform,module,runtime_us\np,a,12%\n"}), {"percentage"}));
}

TEST(Tables, FilesByTheirContent) {
    const TempFolder folder;
    const std::string text = "platform,module,runtime_us\np,a,5\n";
    for (const char* name : {"A.CSV", "a.tsv", "a", "a.txt"}) {
        EXPECT_EQ(read_files({folder.put(name, text)})->platforms.names, (Names{"p"})) << name;
    }
    folder.put("b.platforms.csv", "name,ghz\np,2\n");
    EXPECT_EQ(read_files({folder.put("b.tsv", text)})->platforms.feature_names, (Names{"ghz"}));
    EXPECT_EQ(read_files({folder.put("arrays", npz(index_arrays()))})->platforms.size(), 2);
    EXPECT_TRUE(refuses(read_files({folder.put("a.parquet", "PAR1....")}), {"a.parquet", "Parquet", "CSV"}));
}

TEST(Tables, WhatIsWrittenComesBackWhateverItIsCalled) {
    const TempFolder folder;
    const std::string odd = "\"a;b\",\"c|d\",5,\n\"a;b\",none,6,\"c|d\"\n\"a;b\",\"x,y\",7,\"none\"\n";
    folder.put("odd.modules.csv", "name,\"op;1\"\n\"c|d\",1\nnone,2\n\"x,y\",3\n");
    const auto first = read_files({folder.put("odd.csv", "platform,module,runtime_us,with\n" + odd)});
    ASSERT_TRUE(first) << first.error().to_string();
    EXPECT_EQ(first->modules.names, (Names{"c|d", "none", "x,y"}));
    EXPECT_EQ(first->rows_beside_others(), 2);
    ASSERT_TRUE(write_dataset(*first, folder / "out.csv"));
    const auto back = read_files({folder / "out.csv"});
    ASSERT_TRUE(back) << back.error().to_string();
    EXPECT_EQ(dataset_digest(*back), dataset_digest(*first));
    // Features that are no logarithms of whole counts.
    folder.put("f.modules.csv", "name,count(mb)\na,2.5\n");
    const auto fractions = read_files({folder.put("f.csv", "platform,module,runtime_us\np,a,1\n")});
    ASSERT_TRUE(fractions) << fractions.error().to_string();
    ASSERT_TRUE(write_dataset(*fractions, folder / "g.csv"));
    EXPECT_EQ(read_files({folder / "g.csv"})->modules.feature_names, (Names{"mb"}));
}

TEST(Tables, UnitsThatContradictAreRefused) {
    EXPECT_TRUE(refuses(read_texts({"platform,module,runtime_us,unit\np,a,5,ms\n"}),
                        {"line 2", "'runtime_us' holds '5'", "'unit' says ms", "header says us"}));
    EXPECT_TRUE(refuses(read_texts({"platform,module,runtime,unit\np,a,5,ms\n"}, in_unit("us")),
                        {"line 2", "'unit' says ms", "us was given"}));
    EXPECT_EQ(runtimes("platform,module,runtime_ms,unit\np,a,5,msec\np,b,6,\n"), (Doubles{5000, 6000}));
    EXPECT_EQ(runtimes("platform,module,runtime,unit\np,a,5,ms\np,b,6,\n", in_unit("ms")), (Doubles{5000, 6000}));
}

TEST(Tables, MatricesHaveAUnitAColumn) {
    const auto mixed = read_texts({"module,p (ms),q (us)\na,14.026,7\n"});
    ASSERT_TRUE(mixed) << mixed.error().to_string();
    EXPECT_EQ(mixed->platforms.names, (Names{"p", "q"}));
    EXPECT_EQ(test::values(mixed->pool(kAlone).runtime_us), (Doubles{14026, 7}));
    const auto some = read_texts({"module,p (ms),q\na,14.026,7\n"});
    EXPECT_TRUE(refuses(some, {"line 1", "'p (ms)'", "'q'", "unit"}));
    EXPECT_EQ(some.error().remedy(), Remedy::kUnit);
    const auto given = read_texts({"module,p (ms),q\na,14.026,7\n"}, in_unit("ms"));
    ASSERT_TRUE(given) << given.error().to_string();
    EXPECT_EQ(given->platforms.names, (Names{"p", "q"}));
    EXPECT_EQ(test::values(given->pool(kAlone).runtime_us), (Doubles{14026, 7000}));
    EXPECT_EQ(runtimes("module,p (ms),q\na,14.026,7 us\n"), (Doubles{14026, 7}));
    EXPECT_TRUE(fails_with(read_texts({"module,p (ms),q\na,14.026,7\n"}, in_unit("s")), ErrorCode::kUsage,
                           {"'p (ms)' is in ms", "s was given"}));
    ReadOptions corner;
    corner.columns = {{"module", "#1"}};
    EXPECT_TRUE(refuses(read_texts({"module (s),p (ms),q\na,14.026,7\n"}, corner),
                        {"'p (ms)' is in ms", "'module (s)' says s"}));
    EXPECT_TRUE(refuses(read_texts({"module,p (ms),p (us)\na,1,1000\n"}), {"'p (ms)' and 'p (us)' are both 'p'"}));
}

TEST(Tables, ATimeOfDayIsNoRuntime) {
    const auto log = read_texts({"date,time,platform,module,mean_ms\n2025-11-02,10:00:00,p,a,14.026\n"});
    EXPECT_TRUE(refuses(log, {"'time' and 'mean_ms' may both hold the runtime"}));
    EXPECT_EQ(log.error().remedy(), Remedy::kColumns);
    ReadOptions options;
    options.columns = {{"runtime", "mean_ms"}};
    EXPECT_EQ(runtimes("date,time,platform,module,mean_ms\n2025-11-02,10:00:00,p,a,14.026\n", options),
              (Doubles{14026}));
    EXPECT_EQ(runtimes("platform,module,runtime_us,mean_ms\np,a,5,7\n"), (Doubles{5}));
    EXPECT_EQ(runtimes("platform,module,runtime,unit,mean_s\np,a,5,ms,7\n"), (Doubles{5000}));
}

TEST(Tables, MarksThatAreNotClearAreRefused) {
    const auto thousand = read_texts({"platform;module;runtime_ms\np;a;14.026\np;b;15.583\n"});
    EXPECT_TRUE(refuses(thousand, {"'14.026'", "point or a comma"}));
    EXPECT_EQ(thousand.error().remedy(), Remedy::kDecimalMark);
    const auto mixed = read_texts({"platform;module;runtime_ms\np;a;1.5\np;b;2.5\np;c;1,5\np;d;14,026\n"});
    EXPECT_TRUE(refuses(mixed, {"'1.5'", "'1,5'"}));
    EXPECT_EQ(mixed.error().remedy(), Remedy::kDecimalMark);
    ReadOptions point;
    point.decimal_mark = '.';
    EXPECT_EQ(runtimes("platform;module;runtime_ms\np;a;14.026\np;b;15.583\n", point), (Doubles{14026, 15583}));
}

TEST(Tables, WhatWouldBeAMatrixIsNoneWhereTheDeviceIsGiven) {
    ReadOptions device;
    device.device = "pi";
    const auto score = read_texts({"module,score\na,5\n"}, device);
    EXPECT_TRUE(refuses(score, {"'score'", "'pi' was given"}));
    EXPECT_EQ(score.error().remedy(), Remedy::kColumns);
    // Engines still are rows of one.
    device.unit = "us";
    const auto engines = read_texts({"engine,a,b\njit,5,6\n"}, device);
    ASSERT_TRUE(engines) << engines.error().to_string();
    EXPECT_EQ(engines->platforms.names, (Names{"jit.pi"}));
}

TEST(Tables, CoRunnersBesideThoseThatAreMapped) {
    ReadOptions options;
    options.columns = {{"with", "with1"}};
    const std::string rows = "\np,a,9,b,c\np,b,1,,\np,c,1,,\n";
    const auto known = read_texts({"platform,module,runtime_us,with1,with2" + rows}, options);
    ASSERT_TRUE(known) << known.error().to_string();
    EXPECT_EQ(known->pool(kAlone + 1).width, 2);
    options.columns = {{"with", "nachbar1"}};
    EXPECT_TRUE(refuses(read_texts({"platform,module,runtime_us,nachbar1,nachbar2" + rows}, options), {"'nachbar2'"}));
    options.columns = {{"with", "nachbar1"}, {"with", "nachbar2"}};
    EXPECT_EQ(read_texts({"platform,module,runtime_us,nachbar1,nachbar2" + rows}, options)->pool(kAlone + 1).width, 2);
    // One that only seems to hold some holds none where it is said which does.
    options.columns = {{"with", "nachbar1"}};
    const auto other = read_texts({"platform,module,runtime_us,nachbar1,with_count" + rows}, options);
    ASSERT_TRUE(other) << other.error().to_string();
    EXPECT_EQ(other->pool(kAlone + 1).width, 1);
}

TEST(Tables, WordsForNothing) {
    for (const char* cell : {"", "NA", "n/a", "NaN", "null", "nil", "#N/A", "<NA>", "None", " na ", "\xE2\x80\x94"}) {
        const std::string text = std::string("platform,module,runtime_us,with\np,a,9,") + cell + "\n";
        const auto alone = read_texts({text});
        ASSERT_TRUE(alone) << cell << ": " << alone.error().to_string();
        EXPECT_EQ(alone->rows_beside_others(), 0) << cell;
        const auto matrix = read_texts({std::string("module,p (us),q (us)\na,5,") + cell + "\n"});
        ASSERT_TRUE(matrix) << cell << ": " << matrix.error().to_string();
        EXPECT_EQ(matrix->pool(kAlone).size(), 1) << cell;
        const auto features =
            read_side_table({"t.csv", std::string("name,ghz\np,2\nq,") + cell + "\n"}, Axis::kPlatform);
        ASSERT_TRUE(features) << cell << ": " << features.error().to_string();
        EXPECT_EQ(flat(features->side), (Doubles{2, 2})) << cell;
    }
    // A place that is kept free, and a module that is not known, are beside.
    for (const char* cell : {"-", "?"}) {
        const auto beside = read_texts({std::string("platform,module,runtime_us,with\np,a,9,") + cell + "\n"});
        ASSERT_TRUE(beside) << cell << ": " << beside.error().to_string();
        EXPECT_EQ(beside->rows_beside_others(), 1) << cell;
    }
}

TEST(Tables, WhereAllRunsFailedThatIsSaid) {
    EXPECT_TRUE(refuses(read_texts({"platform,module,runtime_us,exit_code\np,a,5,1\np,a,6,2\n"}),
                        {"no observations left", "2 runs failed"}));
    EXPECT_TRUE(refuses(read_texts({"platform,module,runtime_us,exit_code\np,a,5,1\np,,6,0\n"}, {true, {}, {}}),
                        {"1 row was dropped, 1 run failed"}));
}

// JSON of other tools.

TEST(OthersResults, Hyperfine) {
    const std::string json = R"({"results": [{"command": "/opt/wasmtime run --dir . a.wasm 5", "mean": 0.0155,
        "times": [0.015, 0.016, 9, 8], "exit_codes": [0, 0, 1, null]}, {"command": "wasmer b.wasm", "mean": 0.02}]})";
    const auto dataset = read_texts({json});
    ASSERT_TRUE(dataset) << dataset.error().to_string();
    EXPECT_EQ(dataset->platforms.names, (Names{"wasmtime run --dir .", "wasmer"}));
    EXPECT_EQ(dataset->modules.names, (Names{"a.wasm 5", "b.wasm"}));
    EXPECT_EQ(test::values(dataset->pool(kAlone).runtime_us), (Doubles{15000, 16000, 20000}));
    EXPECT_TRUE(std::ranges::any_of(dataset->problems, says("2 runs failed")));  // null: a signal killed it
    const auto by_parameter = read_texts({R"({"results": [{"command": "x", "times": [1], "parameters":
        {"engine": "node", "module": "fft", "machine": "pi"}}]})"});
    ASSERT_TRUE(by_parameter) << by_parameter.error().to_string();
    EXPECT_EQ(by_parameter->platforms.names, (Names{"node.pi"}));
    EXPECT_EQ(by_parameter->modules.names, (Names{"fft"}));
    EXPECT_EQ(runtimes("command,mean,stddev,median,user,system,min,max\nnode a.wasm,0.5,0,0,0,0,0,0\n"),
              (Doubles{500000}));
    EXPECT_EQ(read_texts({"command,mean,stddev,median,user,system,min,max\nsleep,0.5,0,0,0,0,0,0\n"}).error().remedy(),
              Remedy::kDevice);
}

TEST(OthersResults, Sightglass) {
    const std::string record = R"({"arch": "x86_64", "engine": "wt/libengine.so", "wasm": "b/a.wasm", "process": 1,
        "iteration": 0, "phase": ")";
    const std::string json = "[" + record + R"(Execution", "event": "nanoseconds", "count": 2000},)" + record +
                             R"(Compilation", "event": "nanoseconds", "count": 7},)" + record +
                             R"(Execution", "event": "cycles", "count": 9}])";
    for (const std::string& text :
         {json, std::string("arch,engine,wasm,process,iteration,phase,event,count\n"
                            "x86_64,wt/libengine.so,b/a.wasm,1,0,Execution,nanoseconds,2000\n"
                            "x86_64,wt/libengine.so,b/a.wasm,1,0,Instantiation,nanoseconds,7\n")}) {
        const auto dataset = read_texts({text});
        ASSERT_TRUE(dataset) << dataset.error().to_string();
        EXPECT_EQ(dataset->platforms.names, (Names{"wt/libengine.x86_64"}));
        EXPECT_EQ(dataset->modules.names, (Names{"b/a.wasm"}));
        EXPECT_EQ(test::values(dataset->pool(kAlone).runtime_us), (Doubles{2}));
    }
    EXPECT_TRUE(refuses(read_texts({"[" + record + R"(Execution", "event": "cycles", "count": 9}])"}),
                        {"'cycles'", "no time"}));
    ReadOptions events;
    events.columns = {{"module", "event"}};
    events.unit = "ns";
    const auto by_event = read_texts({json}, events);
    ASSERT_TRUE(by_event) << by_event.error().to_string();
    EXPECT_EQ(by_event->modules.names, (Names{"nanoseconds", "cycles"}));
}

TEST(OthersResults, GoogleBenchmark) {
    const auto dataset = read_texts({R"({"context": {"host_name": "desk"}, "benchmarks": [
        {"name": "a/1", "run_name": "a/1", "run_type": "iteration", "real_time": 1.25e3, "time_unit": "ns"},
        {"name": "a/1_mean", "run_name": "a/1", "run_type": "aggregate", "aggregate_name": "mean", "real_time": 9, "time_unit": "ns"},
        {"name": "b_mean", "run_name": "b", "run_type": "aggregate", "aggregate_name": "mean", "real_time": 2, "time_unit": "ms"},
        {"name": "b_cv", "run_name": "b", "run_type": "aggregate", "aggregate_name": "cv", "real_time": 0.1, "time_unit": "ms"},
        {"name": "c", "run_name": "c", "run_type": "iteration", "error_occurred": true, "real_time": 0, "time_unit": "ns"}]})"});
    ASSERT_TRUE(dataset) << dataset.error().to_string();
    EXPECT_EQ(dataset->platforms.names, (Names{"desk"}));
    EXPECT_EQ(dataset->modules.names, (Names{"a/1", "b"}));
    EXPECT_EQ(test::values(dataset->pool(kAlone).runtime_us), (Doubles{1.25, 2000}));
    EXPECT_TRUE(refuses(read_texts({R"({"context": {}, "benchmarks": []})"}), {"no known form"}));
}

TEST(OthersResults, GoogleBenchmarkInCsv) {
    ReadOptions device;
    device.device = "desk";
    const std::string header = "name,iterations,real_time,cpu_time,time_unit\n";
    const auto dataset = read_texts({header + "a/1,10,1250,1,ns\na/1,10,1350,1,ns\na/1_mean,2,1300,1,ns\n"
                                              "a/1_median,2,1300,1,ns\na/1_stddev,2,50,1,ns\na/1_cv,2,0.04,1,\n"
                                              "geo_mean,10,7,1,us\n"},
                                    device);
    ASSERT_TRUE(dataset) << dataset.error().to_string();
    EXPECT_EQ(dataset->modules.names, (Names{"a/1", "geo_mean"}));
    EXPECT_EQ(test::values(dataset->pool(kAlone).runtime_us), (Doubles{1.25, 1.35, 7}));
    const auto summed_up =
        read_texts({header + "b_mean,2,1300,1,ns\nb_median,2,1200,1,ns\nb_stddev,2,50,1,ns\nb_cv,2,0.04,1,\n"}, device);
    ASSERT_TRUE(summed_up) << summed_up.error().to_string();
    EXPECT_EQ(summed_up->modules.names, (Names{"b"}));
    EXPECT_EQ(test::values(summed_up->pool(kAlone).runtime_us), (Doubles{1.3}));
}

TEST(OthersResults, PytestBenchmarkAndBencher) {
    const auto pytest = read_texts({R"({"machine_info": {"node": "desk"}, "benchmarks": [
        {"name": "t", "fullname": "x.py::t", "stats": {"mean": 9, "data": [0.001, 0.002]}},
        {"name": "t", "fullname": "y.py::t", "stats": {"mean": 0.5}}]})"});
    ASSERT_TRUE(pytest) << pytest.error().to_string();
    EXPECT_EQ(pytest->modules.names, (Names{"x.py::t", "y.py::t"}));
    EXPECT_EQ(test::values(pytest->pool(kAlone).runtime_us), (Doubles{1000, 2000, 500000}));
    ReadOptions device;
    device.device = "pi";
    const std::string bmf = R"({"a": {"latency": {"value": 88000, "lower_value": 1}, "throughput": {"value": 5}}})";
    EXPECT_EQ(runtimes(bmf, device), (Doubles{88}));
    EXPECT_EQ(read_texts({bmf}).error().remedy(), Remedy::kDevice);
    EXPECT_TRUE(refuses(read_texts({R"({"a": {"throughput": {"value": 5}}})"}, device), {"latency", "'throughput'"}));
}

TEST(OthersResults, RecordsInJson) {
    const Doubles wanted{5, 7000};
    EXPECT_EQ(
        runtimes(
            R"([{"platform": "p", "module": "a", "runtime_us": 5}, {"platform": "p", "module": "b", "runtime_us": 7000}])"),
        wanted);
    EXPECT_EQ(runtimes("{\"platform\": \"p\", \"module\": \"a\", \"runtime_us\": 5}\n{\"platform\": \"p\", \"module\": "
                       "\"b\", \"runtime_us\": 7e3}\n"),
              wanted);
    EXPECT_EQ(
        runtimes(
            R"({"platform": {"0": "p", "1": "p"}, "module": {"0": "a", "1": "b"}, "runtime_us": {"0": 5, "1": 7000}})"),
        wanted);
    EXPECT_EQ(read_texts({R"([{"platform": "p", "module": "a", "runtime_us": 5, "with": ["b", "c"]}])"})
                  ->pool(kAlone + 1)
                  .width,
              2);
    EXPECT_TRUE(
        refuses(read_texts({R"([{"platform": "p", "module": "a", "runtime_us": null}])"}), {"entry 1", "empty"}));
    EXPECT_TRUE(refuses(read_texts({"{\"a\": 1"}), {"a.csv", "not JSON"}));
    EXPECT_TRUE(refuses(read_texts({R"({"a": 1})"}), {"no known form"}));
    EXPECT_TRUE(refuses(read_texts({R"({"module": {"name": "x"}, "wall": [1]})"}), {"trace"}));
}

TEST(OthersResults, ListsInJsonHavePoints) {
    ReadOptions comma;
    comma.decimal_mark = ',';
    comma.device = "pi";
    EXPECT_EQ(runtimes(R"({"results": [{"command": "a.wasm", "times": [0.015, 1.125]}]})", comma),
              (Doubles{15000, 1125000}));
    EXPECT_EQ(runtimes(R"([{"platform": "p", "module": "a", "runtime_ms": 14.026}])", comma), (Doubles{14026}));
}

TEST(Tables, AnEngineBesideAPlatformIsAPartOfIt) {
    for (const char* header : {"engine,platform,module,runtime_ms", "runtime,platform,module,time_ms"}) {
        const auto read = read_texts({std::string(header) + "\nwasm3,pi,fft,50\nwasmtime,pi,fft,5\n"});
        ASSERT_TRUE(read) << read.error().to_string();
        EXPECT_EQ(read->platforms.names, (std::vector<std::string>{"wasm3.pi", "wasmtime.pi"})) << header;
        EXPECT_TRUE(std::ranges::any_of(read->problems, says("platform from '"))) << header;
    }
    const auto whole = read_texts({"engine,platform,module,runtime_ms\nwasm3,wasm3.pi,fft,50\n"});
    ASSERT_TRUE(whole);
    EXPECT_EQ(whole->platforms.names, (std::vector<std::string>{"wasm3.pi"}));
}

TEST(Tables, ColumnsThatTellRepeatsApartAreNamed) {
    const auto notes_of = [](const std::string& text) {
        const auto read = read_texts({text});
        EXPECT_TRUE(read) << read.error().to_string();
        return std::ranges::count_if(read->problems, says("tells apart rows"));
    };
    EXPECT_EQ(notes_of("device,os,module,runtime_ms\npi,linux,fft,1\npi,bsd,fft,2\n"), 1);
    EXPECT_EQ(notes_of("device,module,args,runtime_ms\npi,fft,100,1\npi,fft,200,2\n"), 1);
    EXPECT_EQ(notes_of("host,device,module,runtime_ms\na,pi,fft,1\nb,pi,fft,2\n"), 1);
    EXPECT_EQ(notes_of("device,os,module,runtime_ms\npi,linux,fft,1\nnuc,bsd,fft,2\n"), 0);
    EXPECT_EQ(notes_of("device,run,module,runtime_ms,cpu_ms,mem\npi,1,fft,1,1,5\npi,2,fft,2,3,6\n"), 0);
    EXPECT_EQ(notes_of("device,measured_at,module,runtime_ms\npi,2024-05-01,fft,1\npi,2024-05-02,fft,2\n"), 0);
}

TEST(Tables, AColumnOfModulesIsOneOfCoRunners) {
    const auto refused =
        read_texts({"platform,module,time_ms,stressor\np,fft,1,\np,sort,2,\np,fft,3,sort\np,fft,4,sort;fft\n"});
    EXPECT_TRUE(refuses(refused, {"'stressor'", "co-runners"}));
    EXPECT_EQ(refused.error().remedy(), Remedy::kColumns);
    EXPECT_TRUE(read_texts({"platform,module,time_ms,label\np,fft,1,fft\np,sort,2,sort\n"}));
    EXPECT_TRUE(read_texts({"platform,module,time_ms,label\np,fft,1,\np,sort,2,\n"}));
    EXPECT_TRUE(read_texts({"platform,module,time_ms,label\np,fft,1,sort\np,sort,2,new\n"}));
}

TEST(Tables, StrangeSeparatorsMakeNoModules) {
    const auto beside = [](const std::string& cell) {
        return read_texts({"platform,module,time_ms,with\np,fft,1,\np,sort,2,\np,hash,2,\np,fft,3," + cell + "\n"});
    };
    for (const char* cell : {"sort:hash", "sort/hash", "sort hash", "sort & hash", "sort and hash", "2x sort",
                             "sort x2", "sort_hash", "sort:nope"}) {
        EXPECT_TRUE(refuses(beside(cell), {cell, "';'"})) << cell;
    }
    EXPECT_TRUE(refuses(beside("Sort"), {"'Sort'", "did you mean 'sort'"}));
    for (const char* cell : {"(none)", "idle", "0", "none;none"}) {
        const auto read = beside(cell);
        ASSERT_TRUE(read) << cell;
        EXPECT_EQ(read->modules.size(), 3) << cell;
        EXPECT_EQ(read->pool(kAlone).size(), 4) << cell;
    }
    for (const char* cell : {"sort -n 5", "new"}) {
        EXPECT_TRUE(beside(cell)) << cell;
    }
}

TEST(Tables, WordsSayWhichRunsFailed) {
    for (const char* header : {"status", "state", "result", "outcome", "success", "ok"}) {
        const auto read = read_texts({std::string("platform,module,time_ms,") + header +
                                      "\np,fft,1,ok\np,fft,,FAILED\np,sort,2,pass\np,sort,9,timeout\n"});
        ASSERT_TRUE(read) << header << read.error().to_string();
        EXPECT_EQ(test::values(read->pool(kAlone).runtime_us), (Doubles{1000, 2000})) << header;
        EXPECT_TRUE(std::ranges::any_of(read->problems, says("2 runs failed"))) << header;
    }
    EXPECT_EQ(runtimes("platform,module,time_ms,success\np,a,1,True\np,a,2,False\n"), (Doubles{1000}));
    EXPECT_EQ(runtimes("platform,module,time_ms,ok\np,a,1,1\np,a,2,0\n"), (Doubles{1000}));
    EXPECT_TRUE(refuses(read_texts({"platform,module,time_ms,status\np,a,1,ok\np,a,2,odd\n"}), {"'status'", "'odd'"}));
    EXPECT_EQ(runtimes("platform,module,time_ms,state\np,a,1,Texas\np,b,2,Ohio\n"), (Doubles{1000, 2000}));
}

TEST(Tables, MatricesWithUnitsAsSuffixes) {
    const auto read = read_texts({"module,pi_us,nuc_ms\nfft,5,6\n"});
    ASSERT_TRUE(read) << read.error().to_string();
    EXPECT_EQ(read->platforms.names, (std::vector<std::string>{"pi", "nuc"}));
    EXPECT_EQ(test::values(read->pool(kAlone).runtime_us), (Doubles{5, 6000}));
    EXPECT_TRUE(fails_with(read_texts({"module,pi_us,nuc_us\nfft,5,6\n"}, in_unit("ms")), ErrorCode::kUsage, {"us"}));
    const auto some = read_texts({"module,pi_us,nuc\nfft,5,6\n"}, in_unit("ms"));
    ASSERT_TRUE(some);
    EXPECT_EQ(some->platforms.names.front(), "pi_us");
}

TEST(Tables, SummariesOfMatricesAreLeftOut) {
    const auto read =
        read_texts({"module,pi,nuc,Average,Std\nfft,5,6,5.5,1\nsort,7,8,7.5,1\nTotal,12,14,13,2\n"}, in_unit("us"));
    ASSERT_TRUE(read) << read.error().to_string();
    EXPECT_EQ(read->platforms.names, (std::vector<std::string>{"pi", "nuc"}));
    EXPECT_EQ(read->modules.names, (std::vector<std::string>{"fft", "sort"}));
    EXPECT_TRUE(std::ranges::any_of(read->problems, says("columns 'Average', 'Std' sum up the others")));
    EXPECT_TRUE(std::ranges::any_of(read->problems, says("row 'Total' sums up the others")));
    const auto sum = read_texts({"module,pi,nuc\nfft,5,6\nsum,7,8\nsort,12,14\n"}, in_unit("us"));
    ASSERT_TRUE(sum);
    EXPECT_EQ(sum->modules.size(), 3);
}

TEST(Tables, ABadUnitOfARowIsNamed) {
    EXPECT_TRUE(refuses(read_texts({"platform,module,runtime,unit\np,a,1,ms\np,b,2,s\np,c,3,furlong\np,d,4,\n"}),
                        {"line 4", "'furlong'", "line 5", "unit is not said"}));
}

TEST(Tables, JsonOfOtherFormsIsNamed) {
    EXPECT_TRUE(refuses(read_texts({R"([{"benchmark": "a", "primaryMetric": {"score": 1}}])"}), {"JMH", "known are"}));
    EXPECT_TRUE(refuses(read_texts({R"({"lastUpdate": 1, "entries": {}})"}), {"github-action-benchmark"}));
    EXPECT_TRUE(refuses(read_texts({R"({"platform": ["p"], "module": ["m"], "runtime_us": [1]})"}),
                        {"orient='list'", "orient='records'"}));
    EXPECT_TRUE(refuses(read_texts({R"({"columns": ["platform"], "index": [0], "data": [["p"]]})"}),
                        {"orient='split'", "orient='records'"}));
    EXPECT_TRUE(
        refuses(read_texts({R"({"0": {"platform": "p", "module": "m", "runtime_us": 1}})"}), {"orient='index'"}));
    EXPECT_TRUE(refuses(read_texts({R"({"a": {"latency": {"value": "fast"}}})"}), {"'a'", "fast", "no number"}));
}

TEST(Tables, CommandsAreNotCutInsideQuotes) {
    EXPECT_EQ(parts_of_command("bash -c 'wasmtime run a.wasm 5'").engine, "wasmtime run");
    EXPECT_EQ(parts_of_command("bash -c 'wasmtime run a.wasm 5'").module, "a.wasm 5");
    EXPECT_EQ(parts_of_command("bash --norc -lc 'wasmtime run a.wasm 5'").module, "a.wasm 5");
    EXPECT_EQ(parts_of_command("sh -euc \"wasmtime run a.wasm\"").engine, "wasmtime run");
    EXPECT_EQ(parts_of_command("run -c 'x y.wasm'").engine, "run -c");
    EXPECT_EQ(parts_of_command("wasmtime 'my dir/a.wasm' 5").engine, "wasmtime");
    EXPECT_EQ(parts_of_command("wasmtime 'my dir/a.wasm' 5").module, "'my dir/a.wasm' 5");
    EXPECT_EQ(parts_of_command("timeout 5 'x a.wasm b'").engine, "");
}

TEST(Tables, WhatComesLateIsSeen) {
    std::string others = "platform,module,runtime_us,stressor\n";
    std::string failures = "platform,module,runtime_us,status\n";
    for (int n = 0; n < 1100; ++n) {
        const std::string row = "p" + std::to_string(n) + (n % 2 == 0 ? ",a" : ",b") + ",5,\n";
        others += row;
        failures += row;
    }
    EXPECT_TRUE(refuses(read_texts({others + "q,a,7,b\n"}), {"stressor"}));
    EXPECT_EQ(runtimes(failures + "q,a,7,FAILED\n").size(), 1100U);
}

TEST(Tables, OutcomesOfAMatrixAndRatesOfSuccess) {
    EXPECT_EQ(runtimes("module,pi (us),nuc (us),status\na,1,2,ok\nb,3,4,failed\n"), (Doubles{1, 2}));
    EXPECT_EQ(runtimes("module,pi,ok,nuc\na,1,1,2\n", in_unit("us")), (Doubles{1, 1, 2}));
    EXPECT_EQ(runtimes("platform,module,runtime_us,passed\np,a,5,12\np,b,6,0.98\n"), (Doubles{5, 6}));
    EXPECT_EQ(runtimes("platform,module,runtime_us,passed\np,a,5,1.0\np,b,6,0.0\n"), (Doubles{5}));
}

TEST(Tables, AMeanBesideSizesIsNoSummary) {
    EXPECT_TRUE(refuses(read_texts({"module,size,threads,mean,std\na,100,4,5.5,0.1\n"}, in_unit("ms")), {"platform"}));
}

TEST(Tables, RowsBehindASummaryCount) {
    EXPECT_TRUE(refuses(read_texts({"module,pi (us),nuc (us)\na,1,2\nb,3,4\nTotal,4,6\n,9,9\n"}), {"line 5"}));
}

TEST(Tables, PlatformsThatBeginWithTheirEngine) {
    const auto name = [](const std::string& engine, const std::string& platform) {
        const auto dataset = read_texts({"engine,platform,module,runtime_us\n" + engine + "," + platform + ",a,5\n"});
        return dataset ? dataset->platforms.names.front() : dataset.error().to_string();
    };
    EXPECT_EQ(name("wasm3", "pi"), "wasm3.pi");
    EXPECT_EQ(name("wasm3", "wasm3"), "wasm3");
    EXPECT_EQ(name("wasm3", "wasm3-pi"), "wasm3-pi");
    EXPECT_EQ(name("wasm", "wasm3"), "wasm.wasm3");
}

TEST(Tables, NamesThatEndLikeUnits) {
    const auto dataset = read_texts({"module,galaxy-s\na,5\n"}, in_unit("us"));
    ASSERT_TRUE(dataset) << dataset.error().to_string();
    EXPECT_EQ(dataset->platforms.names, (Names{"galaxy-s"}));
}

TEST(Tables, AColumnThatGroupsModulesNamesNoCoRunners) {
    EXPECT_EQ(runtimes("platform,module,family,runtime_us\np,fft,fft,5\np,fft-large,fft,6\np,sort,sort,7\n"),
              (Doubles{5, 6, 7}));
}

TEST(CoRunnerLists, ListsInBracketsAreReadAsOthersAre) {
    const auto known = [](std::string_view name) { return name == "sort" || name == "hash"; };
    EXPECT_EQ(parse_co_runners("['none']", known).names, Names());
    EXPECT_EQ(parse_co_runners("['sort', None]", known).names, (Names{"sort"}));
    EXPECT_FALSE(parse_co_runners("['sort:hash']", known).problem.empty());
    const std::string deep(300'000, '(');
    EXPECT_NO_FATAL_FAILURE(static_cast<void>(parse_co_runners(deep + std::string(300'000, ')'), known)));
}

}  // namespace
}  // namespace pitot::dataset
