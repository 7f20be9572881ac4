// What options and commands of this program are called that mend errors of the library.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "pitot/remedy.hpp"
#include "pitot/result.hpp"
#include "traces/traces.hpp"

namespace pitot::cli {

/// The command that is being answered, whose options remedies repeat.
struct Answered {
    std::string verb;
    std::vector<std::string> arguments;
    std::vector<std::string> data;  ///< of its option --data
};
/// Of the whole program, until it is set again.
void set_answered(Answered command);
[[nodiscard]] const Answered& answered_command();

/// What to say behind an error's message: " with --skip-invalid"; "" for Remedy::kNone. `about` as the remedy says.
[[nodiscard]] std::string remedy_words(Remedy remedy, std::span<const std::string> about = {});

/// An error as it is told at the terminal.
[[nodiscard]] std::string told(const Error& error);
/// And something in a collection that cannot be used.
[[nodiscard]] std::string told(const traces::TraceProblem& problem);

}  // namespace pitot::cli
