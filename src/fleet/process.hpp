// Internal to the room: programs on this machine, and what they say.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pitot/result.hpp"

namespace pitot::fleet {

/// The first of `candidates` that is there: names without '/' are programs of $PATH, others files.
[[nodiscard]] std::optional<std::filesystem::path> find_file(const std::vector<std::string>& candidates);

struct Answer {
    std::string output;  ///< standard output and standard error, as they came
    int status = 0;      ///< 127 if the program cannot be executed
    int signal = 0;      ///< that ended it, or 0
    bool timed_out = false;

    [[nodiscard]] bool good() const { return status == 0 && signal == 0 && !timed_out; }
};

/// Runs argv[0], a path, with an empty standard input, and waits. `environment`: NAME=value, beside this process's own.
/// kEnvironment error if no process can be started.
[[nodiscard]] Result<Answer> run_program(const std::vector<std::string>& argv,
                                         const std::vector<std::string>& environment, std::optional<double> limit_s);

/// The last lines of `output`, at most 400 bytes, on one line.
[[nodiscard]] std::string last_words(const std::string& output);

}  // namespace pitot::fleet
