#include "cli/output.hpp"
#include "core/utf8.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace pitot::cli {
namespace {

TEST(Output, DurationsHaveThreeDigitsAndAUnit) {
    EXPECT_EQ(format_duration({0.0}), "0.00 ns");
    EXPECT_EQ(format_duration({0.85}), "850 ns");
    EXPECT_EQ(format_duration({1.0}), "1.00 µs");
    EXPECT_EQ(format_duration({12.34}), "12.3 µs");
    EXPECT_EQ(format_duration({123.4}), "123 µs");
    EXPECT_EQ(format_duration({1234.0}), "1.23 ms");
    EXPECT_EQ(format_duration({45.6e6}), "45.6 s");
    EXPECT_EQ(format_duration({119.4e6}), "119 s");
    EXPECT_EQ(format_duration({125e6}), "2 min 5 s");
    EXPECT_EQ(format_duration({3840e6}), "1 h 4 min");
    EXPECT_EQ(format_duration({-1234.0}), "-1.23 ms");
}

TEST(Output, DurationsRoundIntoTheNextUnit) {
    EXPECT_EQ(format_duration({999.4}), "999 µs");
    EXPECT_EQ(format_duration({999.6}), "1.00 ms");
    EXPECT_EQ(format_duration({9.996}), "10.0 µs");
    EXPECT_EQ(format_duration({99.96}), "100 µs");
    EXPECT_EQ(format_duration({999.9e3}), "1.00 s");
    EXPECT_EQ(format_duration({119.6e6}), "2 min 0 s");
    EXPECT_EQ(format_duration({3599.7e6}), "1 h 0 min");
}

TEST(Output, DurationsThatAreNoNumbers) {
    EXPECT_EQ(format_duration({std::nan("")}), "-");
    EXPECT_EQ(format_duration({std::numeric_limits<double>::infinity()}), "inf");
    EXPECT_EQ(format_duration({1e30}), "1e+24 s");
}

TEST(Output, CountsAreGrouped) {
    EXPECT_EQ(format_count(0), "0");
    EXPECT_EQ(format_count(999), "999");
    EXPECT_EQ(format_count(1000), "1 000");
    EXPECT_EQ(format_count(1234567), "1 234 567");
    EXPECT_EQ(format_count(-123), "-123");
    EXPECT_EQ(format_count(-1234), "-1 234");
}

TEST(Output, PercentAndBytes) {
    EXPECT_EQ(format_percent(0.12345), "12.35 %");
    EXPECT_EQ(format_percent(0.9, 0), "90 %");
    EXPECT_EQ(format_percent(std::nan("")), "-");
    EXPECT_EQ(format_bytes(1023), "1023 B");
    EXPECT_EQ(format_bytes(1024), "1.0 KiB");
    EXPECT_EQ(format_bytes(307722), "300.5 KiB");
    EXPECT_EQ(format_bytes(1024ULL * 1024 - 1), "1.0 MiB");
}

TEST(Output, ControlCharactersAndBrokenUtf8AreShown) {
    EXPECT_EQ(printable("caf\u00e9"), "caf\u00e9");
    EXPECT_EQ(printable("a\x1b[31mb\n"), "a\\x1b[31mb\\x0a");
    EXPECT_EQ(printable("\xff"
                        "a\xc3"),
              "\\xffa\\xc3");
    EXPECT_EQ(printable("\xc2\x9b"), "\\x9b");  // a control character of two bytes
}

TEST(Output, DisplayWidthCountsColumns) {
    EXPECT_EQ(core::display_width("abc"), 3U);
    EXPECT_EQ(core::display_width("µs"), 2U);
    EXPECT_EQ(core::display_width("e\u0301"), 1U);  // with a combining accent
    EXPECT_EQ(core::display_width("計測"), 4U);
    EXPECT_EQ(core::display_width("\U0001F600"), 2U);
    EXPECT_EQ(core::display_width("\xff"), 1U);
}

TEST(Output, TablesAlignByDisplayWidth) {
    Table table({{"NAME", Align::kLeft}, {"TIME", Align::kRight}, {"", Align::kLeft}});
    table.add({"µ", "1.00 µs", ""});
    table.add({"計測 X", "9 s", "x"});
    EXPECT_EQ(table.to_string(),
              "NAME       TIME\n"
              "µ       1.00 µs\n"
              "計測 X      9 s  x\n");
}

TEST(Output, TablesFitTheirWidth) {
    Table table({{"PLATFORM", Align::kName}, {"MODULE", Align::kName}, {"RUNTIME", Align::kRight}});
    table.add({"wasmtime-cranelift-aot.nuc-12th-gen", "fft", "1.23 ms"});
    table.add({"node.pi", "a-module-of-a-long-name", "123 ms"});
    EXPECT_EQ(table.to_string(45),
              "PLATFORM           MODULE             RUNTIME\n"
              "wasmtime…12th-gen  fft                1.23 ms\n"
              "node.pi            a-module…ong-name   123 ms\n");
    EXPECT_EQ(table.to_string(80), table.to_string(1000));
    for (std::size_t width = 39; width < 80; ++width) {
        std::istringstream lines(table.to_string(width));
        for (std::string line; std::getline(lines, line);) {
            EXPECT_LE(core::display_width(line), width) << line;
        }
    }
}

TEST(Output, ColumnsThatCanBeSparedAreLeftOutFirst) {
    Table table({{"PLATFORM", Align::kName},
                 {"RUNTIME", Align::kRight},
                 {"RUNS", Align::kLeft, 1},
                 {"BASIS", Align::kLeft, 2}});
    table.add({"node.pi", "123 ms", "3 / 4", "this pair"});
    EXPECT_EQ(table.to_string(40),
              "PLATFORM  RUNTIME  RUNS   BASIS\n"
              "node.pi    123 ms  3 / 4  this pair\n");
    EXPECT_EQ(table.to_string(30),
              "PLATFORM  RUNTIME  RUNS\n"
              "node.pi    123 ms  3 / 4\n"
              "(BASIS left out for want of width)\n");
    EXPECT_EQ(table.to_string(10),
              "PLATFORM  RUNTIME\n"
              "node.pi    123 ms\n"
              "(BASIS, RUNS left out for want of width)\n");
}

TEST(Output, SentencesGoOnBelow) {
    Table table({{"MODULE", Align::kName}, {"REASON"}});
    table.add({"sort", "uses the proposal of garbage collection"});
    table.add({"fft", "none"});
    EXPECT_EQ(table.to_string(30),
              "MODULE  REASON\n"
              "sort    uses the proposal of\n"
              "        garbage collection\n"
              "fft     none\n");
    EXPECT_EQ(table.to_string(100), "MODULE  REASON\nsort    uses the proposal of garbage collection\nfft     none\n");
}

TEST(Output, TablesShowControlCharacters) {
    Table table({{"N", Align::kLeft}});
    table.add({"a\tb"});
    EXPECT_EQ(table.to_string(), "N\na\\x09b\n");
}

}  // namespace
}  // namespace pitot::cli
