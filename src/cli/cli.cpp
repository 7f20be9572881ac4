#include "cli/cli.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string_view>
#include <system_error>
#include <vector>

#include "backend/backend.hpp"
#include "cli/help.hpp"
#include "cli/output.hpp"
#include "cli/remedies.hpp"
#include "cli/terminal.hpp"
#include "cli/verb_words.hpp"
#include "core/parallel.hpp"
#include "core/suggest.hpp"
#include "pitot/version.hpp"

namespace pitot::cli {
namespace {

constexpr int kUsageStatus = 2;
constexpr int kBugStatus = 1;
constexpr int kFoundStatus = 5;
constexpr std::array<std::string_view, 4> kOptionsOfVerbs{"-q", "--quiet", "-v", "--verbose"};

// Lines of a list in an error are indented. Any other end of a line is of a name and made printable.
void print_error(std::string_view text) {
    std::string start = styled(stderr, Style::kError, "pitot: error:") + " ";
    do {
        const std::size_t end = std::min(text.find("\n  "), text.size());
        fmt::print(stderr, "{}{}\n", std::exchange(start, std::string()), printable(text.substr(0, end)));
        text.remove_prefix(std::min(end + 1, text.size()));
    } while (!text.empty());
}

int usage_error(std::string_view text, std::string_view program) {
    print_error(text);
    fmt::print(stderr, "Try '{} --help'.\n", program);
    return kUsageStatus;
}

int report(const Error& error) {
    print_error(told(error));
    return exit_status(error.code());
}

/// A failed PITOT_CHECK has said what it has to say; it ends as the other bugs do.
extern "C" void end_as_bug(int /*signal*/) { std::_Exit(kBugStatus); }

/// The verb's option names, to suggest from.
std::vector<std::string> option_names(const CLI::App& app) {
    std::vector<std::string> names;
    for (const CLI::Option* option : app.get_options()) {
        for (const std::string& name : option->get_lnames()) {
            names.push_back("--" + name);
        }
    }
    return names;
}

// "--output is required", with what it is.
std::string missing_text(const CLI::App& app, const std::string& text) {
    const std::string name = text.substr(0, text.find(" is required"));
    const CLI::Option* option = app.get_option_no_throw(name);
    if (option == nullptr) {
        return text;
    }
    std::string type = option->get_type_name();
    type.resize(std::min(type.find(':'), type.size()));
    return fmt::format("{}{} is missing: {}", name, name.starts_with('-') && !type.empty() ? " " + type : "",
                       option->get_description());
}

// "Could not convert: --confidence = abc": options of other types than numbers take any text.
std::string unreadable_text(const std::string& text) {
    constexpr std::string_view before = "Could not convert: ";
    const std::size_t equals = text.find(" = ");
    return text.starts_with(before) && equals != std::string::npos
               ? fmt::format("{}: '{}' is not a number it can be", text.substr(before.size(), equals - before.size()),
                             text.substr(equals + 3))
               : text;
}

// "kind: knid not in {a,b}".
std::string unknown_choice_text(const std::string& text) {
    const std::size_t colon = text.find(": ");
    const std::size_t list = text.find(" not in {");
    if (colon == std::string::npos || list == std::string::npos || !text.ends_with('}')) {
        return text;
    }
    const std::string value = text.substr(colon + 2, list - colon - 2);
    const std::size_t begin = list + std::string_view(" not in {").size();
    const std::vector<std::string> choices = CLI::detail::split(text.substr(begin, text.size() - 1 - begin), ',');
    return fmt::format("{}: '{}' is none of {}{}", text.substr(0, colon), value, fmt::join(choices, ", "),
                       core::suggestion(value, choices));
}

std::string parse_error_text(const CLI::App& app, const CLI::ParseError& error) {
    const std::vector<std::string> extras = app.remaining();
    const auto unknown =
        std::ranges::find_if(extras, [](const std::string& extra) { return extra.starts_with("-") && extra != "--"; });
    if (unknown != extras.end()) {
        return fmt::format("unknown option '{}'{}", *unknown, core::suggestion(*unknown, option_names(app)));
    }
    if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr && !extras.empty()) {
        return fmt::format("unexpected argument '{}'", extras.front());
    }
    std::string text = error.what();
    if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr) {
        return missing_text(app, text);
    }
    if (dynamic_cast<const CLI::ConversionError*>(&error) != nullptr) {
        return unreadable_text(text);
    }
    if (dynamic_cast<const CLI::ValidationError*>(&error) != nullptr) {
        return unknown_choice_text(text);
    }
    return text;
}

// `name` as one of `known`, which may have hyphens for its underscores or the reverse.
std::string spelled_as_known(const std::string& name, const std::vector<std::string>& known) {
    const auto plain = [](std::string text) {
        std::ranges::replace(text, '_', '-');
        return text;
    };
    if (std::ranges::find(known, name) != known.end()) {
        return name;
    }
    const auto found =
        std::ranges::find_if(known, [&](const std::string& other) { return plain(other) == plain(name); });
    return found == known.end() ? name : *found;
}

void spell_options_as_known(std::vector<std::string>& arguments, const CLI::App& app) {
    const std::vector<std::string> known = option_names(app);
    for (std::string& argument : arguments) {
        if (argument == "--") {
            return;
        }
        if (argument.starts_with("--")) {
            const std::size_t end = std::min(argument.find('='), argument.size());
            argument = spelled_as_known(argument.substr(0, end), known) + argument.substr(end);
        }
    }
}

void take_verbosity(const CLI::App& app) {
    if (app.count("--quiet") > 0) {
        set_verbosity(Verbosity::kQuiet);
    } else if (app.count("--verbose") > 0) {
        set_verbosity(Verbosity::kVerbose);
    }
}

int run_verb(const Verb& verb, std::vector<std::string> arguments) {
    const std::string program = "pitot " + verb.name;
    CLI::App app(verb.summary, program);
    const Action action = set_up(app, verb);
    spell_options_as_known(arguments, app);
    std::vector<std::string> given = arguments;
    try {
        std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants them
        app.parse(std::move(arguments));
    } catch (const CLI::CallForHelp&) {
        fmt::print("{}", verb_help(app, help_width()));
        return 0;
    } catch (const CLI::ParseError& error) {
        return usage_error(parse_error_text(app, error), program);
    }
    take_verbosity(app);
    const CLI::Option* data = app.get_option_no_throw("--if_data");  // of what results of `pitot figures` are
    data = data == nullptr || data->count() == 0 ? app.get_option_no_throw("--data") : data;
    set_answered({verb.name, std::move(given), data == nullptr ? std::vector<std::string>() : data->results()});
    detail(fmt::format("{} of pitot {} with {} on {}", verb.name, version(),
                       format_count(core::default_threads(), "thread"), backend::cpu_backend().description()));
    const Result<Finding> result = action();
    detail(result ? "done" : "failed");
    if (!result) {
        return report(result.error());
    }
    return *result == Finding::kFound ? kFoundStatus : 0;
}

const Verb* find_verb(std::span<const VerbGroup> groups, const std::string& name) {
    const std::string spelled = spelled_as_known(name, verb_names(groups));
    for (const VerbGroup& group : groups) {
        const auto found = std::ranges::find(group.verbs, spelled, &Verb::name);
        if (found != group.verbs.end()) {
            return &*found;
        }
    }
    return nullptr;
}

int dispatch(std::vector<std::string> arguments, std::span<const VerbGroup> groups) {
    if (arguments.empty()) {
        fmt::print(stderr, "{}", overview(groups, help_width(stderr), stderr));
        return kUsageStatus;
    }
    const bool help = arguments.front() == "help";
    if (arguments.front() == "--version") {
        fmt::print("pitot {}\n", version());
        return 0;
    }
    if (arguments.front() == "--help" || arguments.front() == "-h" || (help && arguments.size() == 1)) {
        fmt::print("{}", overview(groups, help_width()));
        return 0;
    }
    if (help) {
        arguments = {arguments[1], "--help"};
    }
    const std::string name = arguments.front();
    const Verb* verb = find_verb(groups, name);
    if (verb == nullptr) {
        const bool of_verbs = std::ranges::find(kOptionsOfVerbs, name) != kOptionsOfVerbs.end();
        if (of_verbs) {
            return usage_error(fmt::format("'{}' goes behind the verb: pitot VERB {}", name, name), "pitot");
        }
        const std::string_view kind = name.starts_with("-") ? "option" : "verb";
        return usage_error(fmt::format("unknown {} '{}'{}", kind, name, core::suggestion(name, verb_names(groups))),
                           "pitot");
    }
    if (const Result<void> set = backend::check_instruction_set(); !set) {
        return report(set.error());
    }
    arguments.erase(arguments.begin());
    return run_verb(*verb, std::move(arguments));
}

/// Output that did not reach its file is an error, even if nothing else failed.
int flush_output(int status) {
    errno = 0;
    if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) {
        return status;
    }
    if (errno == EPIPE) {
        return status;  // nobody reads on, and that is their right
    }
    const std::string reason = errno == 0 ? "write failed" : std::strerror(errno);
    print_error(fmt::format("cannot write to standard output: {}; free some space or choose another place", reason));
    return exit_status(ErrorCode::kEnvironment);
}

}  // namespace

int exit_status(ErrorCode code) {
    switch (code) {
        case ErrorCode::kUsage:
            return kUsageStatus;
        case ErrorCode::kInput:
            return 3;
        case ErrorCode::kEnvironment:
            return 4;
        case ErrorCode::kCancelled:
            return 130;
        case ErrorCode::kBug:
            break;
    }
    return kBugStatus;
}

void note(const std::string& text) {
    if (verbosity() != Verbosity::kQuiet) {
        fmt::print(stderr, "{} {}\n", styled(stderr, Style::kNote, "pitot: note:"), printable(text));
    }
}

int run(int argc, char** argv, std::span<const VerbGroup> groups) {
    set_verbosity(Verbosity::kUsual);
    std::signal(SIGPIPE, SIG_DFL);  // a reader that leaves (`| head`) ends us quietly
    std::signal(SIGABRT, end_as_bug);
    std::signal(SIGXFSZ, SIG_IGN);  // a file over a limit (ulimit -f) fails as on a full disk
    try {
        return flush_output(dispatch({argv + std::min(argc, 1), argv + argc}, groups));
    } catch (const std::bad_alloc&) {
        print_error("out of memory; close other programs or use a smaller preset or dataset");
        return exit_status(ErrorCode::kEnvironment);
    } catch (const std::system_error& error) {
        if (error.code() == std::errc::no_space_on_device || error.code() == std::errc::io_error) {  // of a print
            print_error(fmt::format("standard output cannot be written: {}; check where it goes and the free space",
                                    error.code().message()));
            return exit_status(ErrorCode::kEnvironment);
        }
        print_error(
            fmt::format("the system refused: {}; end other programs or raise the limits of this one (ulimit -a shows "
                        "them)",
                        error.what()));
        return exit_status(ErrorCode::kEnvironment);
    } catch (const std::exception& error) {
        print_error(fmt::format("internal error: {}; please report it", error.what()));
        return kBugStatus;
    }
}

}  // namespace pitot::cli
