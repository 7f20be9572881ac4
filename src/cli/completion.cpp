// pitot completion: what a shell needs to complete our command line.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cli/completion_scripts.hpp"
#include "cli/verb_words.hpp"
#include "cli/verbs.hpp"

namespace pitot::cli {
namespace completion_command {
namespace {

Action add(CLI::App& app, const std::vector<VerbGroup>& groups) {
    auto shell = std::make_shared<std::string>();
    app.add_option("shell", *shell, "The shell that is to complete: bash, zsh or fish")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh", "fish"}))
        ->type_name("SHELL");
    app.footer(
        "Prints a script by which the shell completes verbs, options, files, and values that can only be some words, "
        "as\n"
        "names of presets. An installed pitot has brought it along. For this session: source <(pitot completion bash)\n"
        "in bash and zsh, pitot completion fish | source in fish; in zsh behind compinit.\n"
        "\n"
        "Examples:\n"
        "  pitot completion bash > pitot.bash   # to be read by 'source pitot.bash'\n"
        "  pitot completion zsh > _pitot   # for a folder of $fpath\n"
        "  pitot completion fish > pitot.fish   # for ~/.config/fish/completions");
    return [shell, &groups]() -> Result<void> {
        const auto verbs = describe(groups);
        fmt::print("{}", *shell == "bash"  ? bash_completion(verbs)
                         : *shell == "zsh" ? zsh_completion(verbs)
                                           : fish_completion(verbs));
        return {};
    };
}

}  // namespace
}  // namespace completion_command

Verb completion_verb(const std::vector<VerbGroup>& groups) {
    return {"completion", "Print what a shell needs to complete the command line",
            [&groups](CLI::App& app) { return completion_command::add(app, groups); }};
}

std::vector<VerbWords> describe(std::span<const VerbGroup> groups) {
    std::vector<VerbWords> verbs;
    for (const VerbGroup& group : groups) {
        for (const Verb& verb : group.verbs) {
            CLI::App app(verb.summary, "pitot " + verb.name);
            [[maybe_unused]] const Action action = set_up(app, verb);
            VerbWords words{verb.name, verb.summary, {}, {}};
            for (OptionSection& section : option_sections(app)) {
                for (OptionWords& option : section.options) {
                    (option.positional ? words.arguments : words.options).push_back(std::move(option));
                }
            }
            verbs.push_back(std::move(words));
        }
    }
    return verbs;
}

std::string in_short(const std::string& description) {
    const std::size_t end = std::min({description.find(". "), description.find("; "), description.size()});
    return description.substr(0, end);
}

std::string in_quotes(const std::string& text, bool backslash) {
    std::string out = "'";
    for (const char c : text) {
        if (c == '\'') {
            out += backslash ? "\\'" : "'\\''";
        } else if (c == '\\' && backslash) {
            out += "\\\\";
        } else {
            out += c;
        }
    }
    return out + "'";
}

}  // namespace pitot::cli
