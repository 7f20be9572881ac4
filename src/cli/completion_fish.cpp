// The script for fish: a line an option of a verb.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <span>
#include <string>
#include <vector>

#include "cli/completion_scripts.hpp"

namespace pitot::cli {
namespace {

constexpr const char* kFishHead =
    R"(# Completion for fish, written by 'pitot completion fish'. Load it with: pitot completion fish | source

# Whether the command line, as far as it is written, has one of these verbs.
function __pitot_has
    set -l words (commandline -opc)
    test (count $words) -gt 1; and contains -- (string replace --all -- _ - $words[2]) $argv
end

# Whether it ends where a verb goes.
function __pitot_wants_verb
    test (count (commandline -opc)) -eq 1
end

complete -c pitot -f
complete -c pitot -n __pitot_wants_verb -l help -s h -d 'This text'
complete -c pitot -n __pitot_wants_verb -l version -d 'The version'
)";

std::string choices(const OptionWords& words) {
    return in_quotes(fmt::format("{}", fmt::join(words.choices, " ")), true);
}

std::string value(const OptionWords& option) {
    switch (option.takes) {
        case Takes::kNothing:
            return "";
        case Takes::kWords:
            return " -x -a " + choices(option);
        case Takes::kFile:
            return " -r -F";
        case Takes::kFolder:
            return " -x -a '(__fish_complete_directories)'";
        case Takes::kText:
            break;
    }
    return " -x";
}

// What stands in place of options; fish does not count them.
std::string argument_line(const std::string& condition, const OptionWords& argument) {
    switch (argument.takes) {
        case Takes::kWords:
            return fmt::format("{} -a {} -d {}\n", condition, choices(argument),
                               in_quotes(in_short(argument.description), true));
        case Takes::kFile:
            return condition + " -F\n";
        case Takes::kFolder:
            return condition + " -a '(__fish_complete_directories)'\n";
        default:
            return "";
    }
}

}  // namespace

std::string fish_completion(std::span<const VerbWords> verbs) {
    std::string script = kFishHead;
    std::vector<std::string> names;
    for (const VerbWords& verb : verbs) {
        names.push_back(verb.name);
        script += fmt::format("complete -c pitot -n __pitot_wants_verb -a {} -d {}\n", verb.name,
                              in_quotes(verb.summary, true));
    }
    script += "complete -c pitot -n __pitot_wants_verb -a help -d 'Tell what a verb does'\n";
    script += fmt::format("complete -c pitot -n '__pitot_has help' -a '{}'\n", fmt::join(names, " "));
    for (const VerbWords& verb : verbs) {
        const std::string condition =
            fmt::format("complete -c pitot -n '__pitot_has {}'", spellings(verb.name).front());
        script += "\n";
        for (const OptionWords& argument : verb.arguments) {
            script += argument_line(condition, argument);
        }
        for (const OptionWords& option : verb.options) {
            script += condition;
            for (const std::string& name : option.names) {
                const bool is_long = name.starts_with("--");
                script += fmt::format(" -{} {}", is_long ? "l" : "s", name.substr(is_long ? 2 : 1));
            }
            script += fmt::format("{} -d {}\n", value(option), in_quotes(in_short(option.description), true));
        }
    }
    return script;
}

}  // namespace pitot::cli
