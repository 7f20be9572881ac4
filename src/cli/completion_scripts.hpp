// Scripts by which shells complete our command line, made of what verbs take.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "cli/verb_words.hpp"

namespace pitot::cli {

struct VerbWords {
    std::string name;
    std::string summary;
    std::vector<OptionWords> arguments;
    std::vector<OptionWords> options;
};

/// What each verb takes.
[[nodiscard]] std::vector<VerbWords> describe(std::span<const VerbGroup> groups);

[[nodiscard]] std::string bash_completion(std::span<const VerbWords> verbs);
[[nodiscard]] std::string zsh_completion(std::span<const VerbWords> verbs);
[[nodiscard]] std::string fish_completion(std::span<const VerbWords> verbs);

/// The first sentence of a description, or what stands before its first semicolon.
[[nodiscard]] std::string in_short(const std::string& description);

/// `text` in single quotes, as these three shells read it; with `backslash` for fish, where a quote within quotes is
/// \'.
[[nodiscard]] std::string in_quotes(const std::string& text, bool backslash = false);

}  // namespace pitot::cli
