// The command line: a table of verbs, each parsing its options, calling one room and printing.
#pragma once

namespace pitot::cli {

/// Runs the program: parses, dispatches to a verb, reports errors on stderr. Returns the exit status: 0, 2 (usage),
/// 3 (input), 4 (environment), 1 (bug), 130 (stopped by the user).
[[nodiscard]] int run(int argc, char** argv);

}  // namespace pitot::cli
