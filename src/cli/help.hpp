// Help that fits the width it is read at: of the whole program and of one verb.
#pragma once

#include <array>
#include <cstddef>
#include <cstdio>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "cli/cli.hpp"

namespace pitot::cli {

/// What the program says of itself, in `pitot --help` and in its man page.
constexpr std::string_view kProgramSentence =
    "Predicts how long WebAssembly modules run on platforms they were not measured on.";
constexpr std::string_view kProgramUsage = "pitot VERB [OPTIONS]";
constexpr std::string_view kProgramExample =
    "pitot fit examples/fleet.csv -o fleet.pitot && pitot predict fleet.pitot --unmeasured";
/// Names and meaning of options that are not of a verb, or of every verb.
constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kProgramOptions{
    {{"-h, --help", "this text, or that of a verb: pitot VERB --help, pitot help VERB"},
     {"-q, --quiet", "of every verb: no notes and no progress"},
     {"-v, --verbose", "of every verb: also what is done and how long it takes"},
     {"--version", "the version"}}};

/// `text` in lines of at most `width` columns, broken at spaces, each behind `indent` spaces. A word that is wider has
/// a line of its own.
[[nodiscard]] std::string wrap(std::string_view text, std::size_t width, std::size_t indent = 0);

/// A command of a shell in lines of at most `width` columns, each but the last ended by a backslash, so that all can be
/// pasted as they are. Only broken at spaces outside quotes.
[[nodiscard]] std::string wrap_command(std::string_view command, std::size_t width, std::size_t indent);

/// What `pitot --help` prints on `stream`: the verbs by group.
[[nodiscard]] std::string overview(std::span<const VerbGroup> groups, std::size_t width, std::FILE* stream = stdout);

/// What `pitot VERB --help` prints. Paragraphs of the footer are wrapped; its indented lines are commands.
[[nodiscard]] std::string verb_help(const CLI::App& app, std::size_t width);

/// Columns to write help in: those of the terminal that `stream` is, at most 100; 100 where it is none.
[[nodiscard]] std::size_t help_width(std::FILE* stream = stdout);

}  // namespace pitot::cli
