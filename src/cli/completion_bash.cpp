// The script for bash: what options take stands in a function of cases, and a function that knows no verb looks it up.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cli/completion_scripts.hpp"

namespace pitot::cli {
namespace {

constexpr const char* kBashHead =
    R"(# Completion for bash, written by 'pitot completion bash'. Load it with: source <(pitot completion bash)

# Sets `takes` to what the value of an option of a verb, or its argument @1, @2, … is: nothing, file, folder, text or
# words and these; `more` to whether further words belong to it.
_pitot_takes() { # VERB OPTION
    takes='' more=''
    case $1 in
)";

constexpr const char* kBashTail = R"(
_pitot() {
    local current=${COMP_WORDS[COMP_CWORD]} verb=${COMP_WORDS[1]} takes='' more='' options='' option='' only=''
    local place=1 i word
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        compopt +o default +o bashdefault 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -W "$_pitot_verbs help --help --version" -- "$current")
        return
    fi
    for ((i = 2; i < COMP_CWORD; ++i)); do
        word=${COMP_WORDS[i]}
        if [[ -n $only ]]; then
            ((place += 1))
        elif [[ $word == -- ]]; then
            only=1 option=''
        elif [[ $word == = && -n $option ]]; then
            continue # bash takes --option=value for three words
        elif [[ $word == -?* ]]; then
            _pitot_takes "$verb" "$word"
            option=${takes:+$word}
        elif [[ -n $option ]]; then
            [[ -n $more ]] || option=''
        else
            ((place += 1))
        fi
    done
    [[ $current != = ]] || current=''
    # The text of a value is nothing that can be offered; of all else bash completes files by itself.
    if [[ -z $only && $current == -* && (-z $option || -n $more) ]]; then
        compopt +o default +o bashdefault 2>/dev/null
        _pitot_options "$verb"
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
        return
    fi
    _pitot_takes "$verb" "${option:-@$place}"
    case $takes in
        file) ;;
        folder) compopt +o default +o bashdefault -o dirnames 2>/dev/null ;;
        *)
            compopt +o default +o bashdefault 2>/dev/null
            [[ $takes != 'words '* ]] || mapfile -t COMPREPLY < <(compgen -W "${takes#words }" -- "$current")
            ;;
    esac
}
complete -o default -o bashdefault -F _pitot pitot
)";

std::string taken(const OptionWords& words) {
    switch (words.takes) {
        case Takes::kWords:
            return "words " + fmt::format("{}", fmt::join(words.choices, " "));
        case Takes::kFile:
            return "file";
        case Takes::kFolder:
            return "folder";
        default:
            return "text";
    }
}

// Options of the same values in one case, in the order of the first of each.
class Cases {
public:
    void add(const OptionWords& words, const std::vector<std::string>& names) {
        std::string values = fmt::format("takes={}", in_quotes(taken(words)));
        if (words.follows) {
            values += " more=1";
        }
        for (auto& [known, of] : cases_) {
            if (known == values) {
                of.insert(of.end(), names.begin(), names.end());
                return;
            }
        }
        cases_.emplace_back(std::move(values), names);
    }
    void add_last(const OptionWords& words) {
        cases_.emplace_back(fmt::format("takes={}", in_quotes(taken(words))), std::vector<std::string>{"@*"});
    }
    [[nodiscard]] std::string to_string() const {
        std::string text;
        for (const auto& [values, names] : cases_) {
            text += fmt::format("                {}) {} ;;\n", fmt::join(names, " | "), values);
        }
        return text;
    }

private:
    std::vector<std::pair<std::string, std::vector<std::string>>> cases_;
};

std::string cases_of(const VerbWords& verb) {
    Cases cases;
    for (std::size_t i = 0; i < verb.arguments.size(); ++i) {
        if (!verb.arguments[i].several) {
            cases.add(verb.arguments[i], {fmt::format("@{}", i + 1)});
        }
    }
    for (const OptionWords& option : verb.options) {
        if (option.takes != Takes::kNothing) {
            std::vector<std::string> names;
            for (const std::string& name : option.names) {
                const auto spelled = spellings(name);
                names.insert(names.end(), spelled.begin(), spelled.end());
            }
            cases.add(option, names);
        }
    }
    for (const OptionWords& argument : verb.arguments) {
        if (argument.several) {
            cases.add_last(argument);  // it matches every place
        }
    }
    return cases.to_string();
}

}  // namespace

std::string bash_completion(std::span<const VerbWords> verbs) {
    std::string script = kBashHead;
    std::string options = "\n# Sets `options` to those of a verb.\n_pitot_options() { # VERB\n    case $1 in\n";
    std::vector<std::string> names;
    for (const VerbWords& verb : verbs) {
        names.push_back(verb.name);
        const std::string spelled = fmt::format("        {})", fmt::join(spellings(verb.name), " | "));
        script +=
            fmt::format("{}\n            case $2 in\n{}            esac\n            ;;\n", spelled, cases_of(verb));
        std::vector<std::string> own;
        for (const OptionWords& option : verb.options) {
            own.insert(own.end(), option.names.begin(), option.names.end());
        }
        options += fmt::format("{} options={} ;;\n", spelled, in_quotes(fmt::format("{}", fmt::join(own, " "))));
    }
    const std::string all = fmt::format("{}", fmt::join(names, " "));
    script += fmt::format("        help) [[ $2 != @1 ]] || takes={} ;;\n    esac\n}}\n", in_quotes("words " + all));
    script += options + "        *) options='' ;;\n    esac\n}\n";
    return script + fmt::format("\n_pitot_verbs={}\n", in_quotes(all)) + kBashTail;
}

}  // namespace pitot::cli
