#include "cli/verb_words.hpp"

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <set>
#include <string>
#include <vector>

#include "cli/completion_scripts.hpp"
#include "cli/verbs.hpp"

namespace pitot::cli {
namespace {

struct Fixture {
    CLI::App app{"Acts", "pitot act"};
    bool flag = false;
    std::string text;
    std::vector<std::string> texts;
};

TEST(VerbWords, TellWhatAnOptionTakes) {
    Fixture f;
    offer(f.app.add_option("-p,--preset", f.text, "Where to begin"), {"a/1", "b+c"})->type_name("NAME");
    f.app.add_option("--kind", f.text, "Which: this or that")->check(CLI::IsMember({"this", "that"}));
    f.app.add_option("out", f.texts, "Written")->type_name("FOLDER")->required();
    f.app.add_flag("--all", f.flag, "All of it");
    const auto sections = option_sections(f.app);
    ASSERT_EQ(sections.size(), 2U);
    const OptionWords& out = sections[0].options.at(0);
    EXPECT_EQ(out.names, (std::vector<std::string>{"out"}));
    EXPECT_EQ(out.takes, Takes::kFolder);
    EXPECT_TRUE(out.several && out.follows && out.positional);
    EXPECT_EQ(out.remarks, (std::vector<std::string>{"required"}));
    const auto& options = sections[1].options;
    ASSERT_EQ(options.size(), 4U);  // with --help
    EXPECT_EQ(options[1].names, (std::vector<std::string>{"-p", "--preset"}));
    EXPECT_EQ(options[1].type, "NAME");
    EXPECT_EQ(options[1].choices, (std::vector<std::string>{"a/1", "b+c"}));
    EXPECT_TRUE(options[1].remarks.empty());
    EXPECT_EQ(options[2].choices, (std::vector<std::string>{"this", "that"}));
    EXPECT_EQ(options[3].takes, Takes::kNothing);
}

TEST(VerbWords, WordsThatAreOfferedAreNotTheOnlyOnes) {
    Fixture f;
    offer(f.app.add_option("--preset", f.text, "Where to begin"), {"a", "b"});
    f.app.parse("--preset neither", false);
    EXPECT_EQ(f.text, "neither");
}

TEST(VerbWords, PartsOfAFooter) {
    const auto parts = footer_parts("One\ntwo.\n\nExamples:\n  pitot act\nThree.");
    ASSERT_EQ(parts.size(), 5U);
    EXPECT_EQ(parts[0].text, "One two.");
    EXPECT_EQ(parts[1].kind, FooterPart::Kind::kBlank);
    EXPECT_EQ(parts[2].kind, FooterPart::Kind::kExamples);
    EXPECT_EQ(parts[3].text, "pitot act");
    EXPECT_EQ(parts[4].kind, FooterPart::Kind::kParagraph);
}

// A new type of values needs a decision whether shells complete files for it.
TEST(VerbWords, EveryTypeOfValueIsKnown) {
    const std::set<std::string> texts{
        "COLUMNS", "FIELD=VALUE", "FLOAT", "FROM=TO", "GLOB", "INT",        "LIST",
        "N",       "N,…",         "NAME",  "NAMES",   "PART", "NAME=VALUE", "METHOD",
        "S",       "TEXT",        "TIME",  "UNIT",    "X",    "PLATFORM",   "PLATFORM=NAMES"};
    std::vector<VerbGroup> groups{
        {"Every day",
         {fit_verb(), predict_verb(), observe_verb(), advise_verb(), explain_verb(), recommend_verb(), evaluate_verb(),
          compare_runs_verb(), drift_verb(), diff_verb(), report_verb(), plot_verb(), info_verb(), presets_verb()}},
        {"Others", {dataset_verb(),      matrix_verb(),  opcodes_verb(),      platforms_verb(), merge_verb(),
                    interference_verb(), convert_verb(), profile_verb(),      interpret_verb(), engines_verb(),
                    device_verb(),       measure_verb(), experiments_verb(),  summary_verb(),   compare_verb(),
                    figures_verb(),      tsne_verb(),    plot_dataset_verb(), simulate_verb(),  plot_simulation_verb(),
                    reproduce_verb()}}};
    groups.push_back({"The program", {completion_verb(groups), man_verb(groups)}});
    for (const VerbWords& verb : describe(groups)) {
        for (const auto& options : {verb.arguments, verb.options}) {
            for (const OptionWords& option : options) {
                EXPECT_TRUE(option.takes != Takes::kText || texts.contains(option.type))
                    << verb.name << " " << option.names.front() << " takes " << option.type
                    << ": is that a file (takes_of) or a text (here)?";
            }
        }
    }
}

TEST(CompletionScripts, QuoteAsShellsDo) {
    EXPECT_EQ(in_quotes("it's"), "'it'\\''s'");
    EXPECT_EQ(in_quotes("it's \\", true), "'it\\'s \\\\'");
    EXPECT_EQ(in_short("Model file; see below. More"), "Model file");
    EXPECT_EQ(spellings("--epoch_size"), (std::vector<std::string>{"--epoch-size", "--epoch_size"}));
    EXPECT_EQ(spellings("fit"), (std::vector<std::string>{"fit"}));
}

}  // namespace
}  // namespace pitot::cli
