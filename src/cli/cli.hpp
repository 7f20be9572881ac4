// The command line: a table of verbs, each parsing its options, calling one room and printing.
//
// A new verb is one file, `src/cli/NAME.cpp`, that defines `Verb NAME_verb()`, a line in cli/verbs.hpp and a line in
// apps/pitot/main.cpp.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "pitot/result.hpp"

namespace CLI {  // NOLINT(readability-identifier-naming): theirs
class App;
}  // namespace CLI

namespace pitot::cli {

/// What a verb found that was asked whether something is so.
enum class Finding : std::uint8_t {
    kNothing,  ///< all is well, or the verb was not asked
    kFound,    ///< runs differ, bounds no longer hold: exit status 5
};

/// What a verb does once its options are parsed: prints results on stdout; an error is reported by run(). Made of
/// anything to call that returns Result<void> or Result<Finding>.
class Action {
public:
    template <typename Act>
    requires(!std::same_as<std::remove_cvref_t<Act>, Action>)
        Action(Act act) {  // NOLINT(google-explicit-constructor): what a verb returns is a lambda
        if constexpr (std::same_as<std::invoke_result_t<Act&>, Result<Finding>>) {
            act_ = std::move(act);
        } else {
            act_ = [act = std::move(act)] { return act().map([] { return Finding::kNothing; }); };
        }
    }
    [[nodiscard]] Result<Finding> operator()() const { return act_(); }

private:
    std::function<Result<Finding>()> act_;
};

struct Verb {
    std::string name;
    std::string summary;  ///< one line, for the table of `pitot --help`
    /// Adds the verb's options, description and examples (`app.footer`) and returns its action. Values that options
    /// are parsed into are owned by the action (a shared_ptr it captures).
    std::function<Action(CLI::App& app)> add;
};

/// Verbs under one heading of `pitot --help`.
struct VerbGroup {
    std::string title;
    std::vector<Verb> verbs;
};

/// Runs the program: dispatches to a verb, parses, acts, reports errors on stderr as "pitot: error: …". Hyphens and
/// underscores are the same in names of verbs and options. Returns the exit status: 0, 5 (Finding::kFound), 2 (usage),
/// 3 (input), 4 (environment), 1 (bug), 130 (stopped by the user).
[[nodiscard]] int run(int argc, char** argv, std::span<const VerbGroup> groups);

[[nodiscard]] int exit_status(ErrorCode code);

/// A remark on stderr that is not an error: "pitot: note: …"; none with --quiet.
void note(const std::string& text);

}  // namespace pitot::cli
