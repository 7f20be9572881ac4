// Programs of this machine, and child processes.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "pitot/result.hpp"

namespace pitot {

/// The program of this name in $PATH, as an absolute path.
[[nodiscard]] std::optional<std::filesystem::path> find_program(std::string_view name);

/// What exec takes: pointers to the words, and a null pointer. Good as long as the words are.
[[nodiscard]] std::vector<char*> exec_pointers(std::vector<std::string>& words);

/// The status of a child that could not execute a program, as shells have it.
inline constexpr int kCannotExecute = 127;

struct ChildOptions {
    std::optional<double> limit_s;  ///< after which it is killed
    std::stop_token stop;           ///< a wish that kills it, too
    /// In a process group of its own, which is killed with it, with nothing to read and nobody to listen. Else it
    /// shares our group and standard input, and its standard output is our standard error.
    bool apart = false;
};

struct ChildAnswer {
    std::string bytes;       ///< all that it wrote to the pipe
    bool timed_out = false;  ///< it was killed at the limit
    bool stopped = false;    ///< it was killed because somebody asked to stop
    int exit_status = 0;     ///< if it was not killed
    int signal = 0;          ///< that ended it, or 0
};

/// Forks; the child calls `body` with the end of a pipe to write to and exits with what it returns. It dies with us.
/// Error: kEnvironment if no process can be started.
[[nodiscard]] Result<ChildAnswer> run_child(const std::function<int(int answer_fd)>& body, const ChildOptions& options);

/// Writes all of it, however often interrupted. False if it cannot be written; errno says why.
bool write_all(int fd, std::string_view bytes);

}  // namespace pitot
