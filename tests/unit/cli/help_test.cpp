#include "cli/help.hpp"

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "core/utf8.hpp"

namespace pitot::cli {
namespace {

std::size_t widest_line(const std::string& text) {
    std::size_t widest = 0;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        widest = std::max(widest, core::display_width(line));
    }
    return widest;
}

TEST(Help, TextIsBrokenAtSpaces) {
    EXPECT_EQ(wrap("one two  three", 8), "one two\nthree");
    EXPECT_EQ(wrap("one two three", 9, 2), "  one two\n  three");
    EXPECT_EQ(wrap("a-word-that-is-too-wide b", 5), "a-word-that-is-too-wide\nb");
    EXPECT_EQ(wrap("äöü äöü", 7), "äöü äöü");
    EXPECT_EQ(wrap("", 7, 2), "  ");
}

TEST(Help, CommandsAreBrokenWhereAShellGoesOn) {
    EXPECT_EQ(wrap_command("pitot fit data.npz -o a.pitot", 40, 2), "  pitot fit data.npz -o a.pitot");
    EXPECT_EQ(wrap_command("pitot fit data.npz -o a.pitot", 26, 2), "  pitot fit data.npz \\\n      -o a.pitot");
    EXPECT_EQ(wrap_command("pitot report --title 'a b c'", 20, 0), "pitot report \\\n    --title \\\n    'a b c'");
    EXPECT_EQ(wrap_command("pitot presets > my.json  # edit it", 10, 0), "pitot presets > my.json  # edit it");
}

TEST(Help, IsAsWideAsItIsTold) {
    CLI::App app("Does something that takes a whole long sentence to be told of in words", "pitot act");
    int number = 0;
    std::vector<std::string> names;
    auto* by_name = app.add_option("--name,-n", names, "Names of what is to be done, of which there may be several")
                        ->type_name("NAME");
    app.add_option("--number-of-things", number, "How many there are")
        ->type_name("N")
        ->excludes(by_name)
        ->group("More");
    std::string place = "here.npz";
    app.add_option("--place", place, "Where to write")->type_name("FILE")->capture_default_str();
    app.add_option("input", names, "What is read")->required()->type_name("FILE");
    app.footer("A paragraph\nof two lines.\n\nExamples:\n  pitot act --number-of-things 3 one.csv two.csv three.csv");
    for (const std::size_t width : {40U, 60U, 100U}) {
        EXPECT_LE(widest_line(verb_help(app, width)), width) << verb_help(app, width);
    }
    EXPECT_EQ(verb_help(app, 100),
              R"(Does something that takes a whole long sentence to be told of in words

Usage: pitot act [OPTIONS] input...

Arguments:
  input FILE ...              What is read (required)

Options:
  -h, --help                  Print this help message and exit
  -n, --name NAME ...         Names of what is to be done, of which there may be several (not with
                              --number-of-things)
  --place FILE                Where to write (default: here.npz)

More:
  --number-of-things N        How many there are (not with --name)

A paragraph of two lines.

Examples:
  pitot act --number-of-things 3 one.csv two.csv three.csv
)");
}

TEST(Help, VerbsAreGrouped) {
    const auto none = [](CLI::App& /*app*/) { return Action([]() -> Result<void> { return {}; }); };
    const std::array groups{VerbGroup{"First", {Verb{"a", "Do a", none}}},
                            VerbGroup{"Second", {Verb{"long-one", "Do b, which takes more words", none}}}};
    EXPECT_NE(overview(groups, 100).find("First:\n  a         Do a\n\nSecond:\n  long-one  Do b, which"),
              std::string::npos);
    EXPECT_LE(widest_line(overview(groups, 40)), 40U) << overview(groups, 40);
}

}  // namespace
}  // namespace pitot::cli
