#include "cli/cli.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
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
#include "cli/output.hpp"
#include "cli/remedies.hpp"
#include "core/suggest.hpp"
#include "pitot/version.hpp"

namespace pitot::cli {
namespace {

constexpr int kUsageStatus = 2;
constexpr int kBugStatus = 1;

void print_error(std::string_view text) { fmt::print(stderr, "pitot: error: {}\n", printable(text)); }

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

void print_overview(std::FILE* to, std::span<const Verb> verbs) {
    fmt::print(to,
               "Predicts how long WebAssembly modules run on platforms they were not measured on.\n\n"
               "Usage: pitot VERB [OPTIONS]\n\nVerbs:\n");
    std::size_t width = 0;
    for (const Verb& verb : verbs) {
        width = std::max(width, verb.name.size());
    }
    for (const Verb& verb : verbs) {
        fmt::print(to, "  {:<{}}  {}\n", verb.name, width, verb.summary);
    }
    fmt::print(to,
               "\nOptions:\n  -h, --help  this text, or that of a verb: pitot VERB --help\n"
               "  --version   the version\n");
    if (verbs.empty()) {
        return;
    }
    fmt::print(to, "\nExample:\n  pitot fit data.npz -o fleet.pitot && pitot predict fleet.pitot --unmeasured\n");
}

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

std::string parse_error_text(const CLI::App& app, const CLI::ParseError& error) {
    const std::vector<std::string> extras = app.remaining();
    if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr && !extras.empty()) {
        const std::string& first = extras.front();
        if (first.starts_with("-")) {
            return fmt::format("unknown option '{}'{}", first, core::suggestion(first, option_names(app)));
        }
        return fmt::format("unexpected argument '{}'", first);
    }
    return error.what();
}

int run_verb(const Verb& verb, std::vector<std::string> arguments) {
    const std::string program = "pitot " + verb.name;
    CLI::App app(verb.summary, program);
    app.get_formatter()->column_width(34);
    const Action action = verb.add(app);
    try {
        std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants them
        app.parse(std::move(arguments));
    } catch (const CLI::CallForHelp&) {
        fmt::print("{}", app.help());
        return 0;
    } catch (const CLI::ParseError& error) {
        return usage_error(parse_error_text(app, error), program);
    }
    if (const Result<void> result = action(); !result) {
        return report(result.error());
    }
    return 0;
}

const Verb* find_verb(std::span<const Verb> verbs, std::string_view name) {
    const auto found = std::find_if(verbs.begin(), verbs.end(), [&](const Verb& verb) { return verb.name == name; });
    return found == verbs.end() ? nullptr : &*found;
}

int dispatch(std::vector<std::string> arguments, std::span<const Verb> verbs) {
    if (arguments.empty()) {
        print_overview(stderr, verbs);
        return kUsageStatus;
    }
    const bool help = arguments.front() == "help";
    if (arguments.front() == "--version") {
        fmt::print("pitot {}\n", version());
        return 0;
    }
    if (arguments.front() == "--help" || arguments.front() == "-h" || (help && arguments.size() == 1)) {
        print_overview(stdout, verbs);
        return 0;
    }
    if (help) {
        arguments = {arguments[1], "--help"};
    }
    const std::string name = arguments.front();
    const Verb* verb = find_verb(verbs, name);
    if (verb == nullptr) {
        std::vector<std::string> names;
        for (const Verb& known : verbs) {
            names.push_back(known.name);
        }
        const std::string_view kind = name.starts_with("-") ? "option" : "verb";
        return usage_error(fmt::format("unknown {} '{}'{}", kind, name, core::suggestion(name, names)), "pitot");
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

void note(const std::string& text) { fmt::print(stderr, "pitot: note: {}\n", printable(text)); }

int run(int argc, char** argv, std::span<const Verb> verbs) {
    std::signal(SIGPIPE, SIG_DFL);  // a reader that leaves (`| head`) ends us quietly
    std::signal(SIGABRT, end_as_bug);
    try {
        return flush_output(dispatch({argv + std::min(argc, 1), argv + argc}, verbs));
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
