// What a verb takes, in words: its options and arguments as help, man pages and completion tell them. All is read from
// the CLI::App that parses, so that none of them can say anything else.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/cli.hpp"

namespace CLI {  // NOLINT(readability-identifier-naming): theirs
class App;
class Option;
}  // namespace CLI

namespace pitot::cli {

/// What a shell can offer as the value of an option or as an argument.
enum class Takes : std::uint8_t {
    kNothing,  ///< a flag
    kText,     ///< numbers, names and all else that nobody can list
    kWords,    ///< one of OptionWords::choices
    kFile,
    kFolder,
};

struct OptionWords {
    std::vector<std::string> names;  ///< "-o", "--output", short ones first; of an argument its only name, "model"
    bool positional = false;         ///< an argument, not an option
    std::string type;                ///< "FILE"; empty for a flag
    Takes takes = Takes::kNothing;
    std::vector<std::string> choices;  ///< words that it can be, or that are offered
    bool several = false;              ///< may be given more than once, or followed by more values
    bool follows = false;              ///< further words behind its value are values too
    bool required = false;
    std::string description;
    std::vector<std::string> remarks;  ///< "required", "default: 3", "not with --json"
};

/// Options under one heading.
struct OptionSection {
    std::string title;
    std::vector<OptionWords> options;
};

/// A part of the text behind a verb's options.
struct FooterPart {
    enum class Kind : std::uint8_t { kParagraph, kLine, kExamples, kBlank };
    Kind kind = Kind::kParagraph;
    std::string text;  ///< kLine: a command or a row of a list, without its indentation; kExamples: the heading
};

/// Adds a verb's options to `app`, with those that every verb has: what parses its arguments is what describes it.
[[nodiscard]] Action set_up(CLI::App& app, const Verb& verb);

/// Arguments first, then options by group, without those that are hidden.
[[nodiscard]] std::vector<OptionSection> option_sections(const CLI::App& app);

/// "Usage" without that word: "pitot fit [OPTIONS] dataset...".
[[nodiscard]] std::string usage(const CLI::App& app);

[[nodiscard]] std::vector<FooterPart> footer_parts(std::string_view footer);

/// What a value of that type ("FILE", "N") can be.
[[nodiscard]] Takes takes_of(std::string_view type);

/// Has shells offer `words` as values of an option that takes others, too.
CLI::Option* offer(CLI::Option* option, const std::vector<std::string>& words);

/// The names of all verbs, in the order of `pitot --help`.
[[nodiscard]] std::vector<std::string> verb_names(std::span<const VerbGroup> groups);

/// The name of a verb or an option in all its spellings: "compare-runs", "compare_runs".
[[nodiscard]] std::vector<std::string> spellings(const std::string& name);

}  // namespace pitot::cli
