// The command line: a table of verbs, each parsing its options, calling one room and printing.
//
// A new verb is one file, `src/cli/NAME.cpp`, that defines `Verb NAME_verb()`, a line in cli/verbs.hpp and a line in
// apps/pitot/main.cpp.
#pragma once

#include <functional>
#include <span>
#include <string>

#include "pitot/result.hpp"

namespace CLI {  // NOLINT(readability-identifier-naming): theirs
class App;
}  // namespace CLI

namespace pitot::cli {

/// What a verb does once its options are parsed: prints results on stdout; an error is reported by run().
using Action = std::function<Result<void>()>;

struct Verb {
    std::string name;
    std::string summary;  ///< one line, for the table of `pitot --help`
    /// Adds the verb's options, description and examples (`app.footer`) and returns its action. Values that options
    /// are parsed into are owned by the action (a shared_ptr it captures).
    std::function<Action(CLI::App& app)> add;
};

/// Runs the program: dispatches to a verb, parses, acts, reports errors on stderr as "pitot: error: …". Returns the
/// exit status: 0, 2 (usage), 3 (input), 4 (environment), 1 (bug), 130 (stopped by the user).
[[nodiscard]] int run(int argc, char** argv, std::span<const Verb> verbs);

[[nodiscard]] int exit_status(ErrorCode code);

/// A remark on stderr that is not an error: "pitot: note: …".
void note(const std::string& text);

}  // namespace pitot::cli
