// The script for zsh: a function a verb, each one call of _arguments, which does the rest.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/completion_scripts.hpp"

namespace pitot::cli {
namespace {

std::string escaped(std::string_view text, std::string_view special) {
    std::string out;
    for (const char c : text) {
        if (c == '\\' || special.find(c) != std::string_view::npos) {
            out += '\\';
        }
        out += c;
    }
    return out;
}

std::string action(const OptionWords& words) {
    switch (words.takes) {
        case Takes::kWords:
            return "(" + fmt::format("{}", fmt::join(words.choices, " ")) + ")";
        case Takes::kFile:
            return "_files";
        case Takes::kFolder:
            return "_files -/";
        default:
            return " ";  // nothing is offered
    }
}

std::string message(const OptionWords& words) {
    return escaped(words.positional ? words.names.front() : words.type, ":");
}

// A specification for each name of an option: one that was given rules out the others.
std::string specifications(const OptionWords& option) {
    const bool valued = option.takes != Takes::kNothing;
    std::string text;
    for (const std::string& name : option.names) {
        const bool is_long = name.starts_with("--");
        std::string spec = option.several ? "*" : fmt::format("({})", fmt::join(option.names, " "));
        spec += name + (!valued ? "" : is_long ? "=" : "+");
        spec += fmt::format("[{}]", escaped(in_short(option.description), "[]"));
        if (valued) {
            spec += fmt::format(":{}:{}", message(option), action(option));
        }
        text += fmt::format(" \\\n                {}", in_quotes(spec));
    }
    return text;
}

std::string arguments(const VerbWords& verb) {
    std::string text;
    for (const OptionWords& option : verb.options) {
        text += specifications(option);
    }
    int place = 0;
    for (const OptionWords& argument : verb.arguments) {
        const std::string where = argument.several ? "*" : fmt::format("{}", ++place);
        text += fmt::format(" \\\n                {}",
                            in_quotes(fmt::format("{}:{}:{}", where, message(argument), action(argument))));
    }
    // Words behind an option that takes several are values of it where the verb has no arguments.
    for (const OptionWords& option : verb.options) {
        if (option.follows && verb.arguments.empty()) {
            return text + fmt::format(" \\\n                {}",
                                      in_quotes(fmt::format("*:{}:{}", message(option), action(option))));
        }
    }
    return text;
}

}  // namespace

std::string zsh_completion(std::span<const VerbWords> verbs) {
    std::string table;
    std::string cases;
    for (const VerbWords& verb : verbs) {
        table += fmt::format("        {}\n", in_quotes(escaped(verb.name, ":") + ":" + verb.summary));
        cases += fmt::format("        {})\n            _arguments -s -S :{}\n            ;;\n",
                             fmt::join(spellings(verb.name), " | "), arguments(verb));
    }
    return fmt::format(
        R"(#compdef pitot
# Completion for zsh, written by 'pitot completion zsh'; it goes into a folder of $fpath as _pitot.

_pitot_verbs() {{
    local -a verbs=(
{}        'help:Tell what a verb does'
    )
    _describe -t verbs verb verbs
}}

_pitot() {{
    local curcontext=$curcontext
    if ((CURRENT == 2)); then
        if [[ $PREFIX == -* ]]; then
            _arguments '--help[This text]' '--version[The version]'
        else
            _pitot_verbs
        fi
        return
    fi
    shift words
    ((CURRENT -= 1))
    curcontext="${{curcontext%:*:*}}:pitot-$words[1]:"
    case $words[1] in
        help)
            ((CURRENT == 2)) && _pitot_verbs
            ;;
{}    esac
}}

# Loaded by itself, from $fpath, the file is the function.
if [[ $funcstack[1] == _pitot ]]; then
    _pitot "$@"
else
    compdef _pitot pitot
fi
)",
        table, cases);
}

}  // namespace pitot::cli
