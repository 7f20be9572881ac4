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

/// Descriptors of a child, beside its standard streams. It has no others.
inline constexpr int kAnswerFile = 3;  ///< the end of a pipe to write its answer to
inline constexpr int kGivenFile = 4;   ///< ProgramCall::file, if there is one

enum class Streams {
    kShared,    ///< our standard input and standard error; what it prints goes to our standard error
    kCaptured,  ///< nothing to read; what it prints and complains of is its answer, and there is no kAnswerFile
    kNone,      ///< nothing to read, and nobody to listen
};

struct ChildOptions {
    std::optional<double> limit_s{};  ///< after which it is killed
    std::stop_token stop{};           ///< a wish that kills it, too
    Streams streams = Streams::kShared;
    /// In a process group of its own, of which nothing outlives the child. False for children of a child, which belong
    /// to its group. A child that shares a terminal as its standard input stays in our group whatever is said here,
    /// since only that group may read from it.
    bool own_group = true;
};

struct ChildAnswer {
    std::string bytes;       ///< all that it wrote to the pipe
    bool timed_out = false;  ///< it was killed at the limit
    bool stopped = false;    ///< it was killed because somebody asked to stop, or by the terminal's Ctrl-C
    int exit_status = 0;     ///< if it was not killed
    int signal = 0;          ///< that ended it, or 0

    [[nodiscard]] bool good() const { return exit_status == 0 && signal == 0 && !timed_out && !stopped; }
};

/// A program to execute, and how.
struct ProgramCall {
    std::vector<std::string> argv{};         ///< argv[0] is a path
    std::vector<std::string> environment{};  ///< NAME=value, in place of our variables of these names
    std::filesystem::path folder{};          ///< where it starts; empty: where we are
    int file = -1;                           ///< a descriptor of ours that it is given as kGivenFile; -1: none
};

/// Runs a program until it ends, its limit or a wish to stop, which is heard within a fifth of a second; then kills
/// what is left of its group. It dies with the calling thread. A program that cannot be executed ends with
/// kCannotExecute. Error: kEnvironment if no process can be started.
[[nodiscard]] Result<ChildAnswer> run_program(const ProgramCall& program, const ChildOptions& options);

/// The same for a copy of this process, which calls `body` with kAnswerFile and exits with what it returns. It has none
/// of our other descriptors and none of our handlers of signals that end processes.
[[nodiscard]] Result<ChildAnswer> run_child(const std::function<int(int answer_fd)>& body, const ChildOptions& options);

/// Writes all of it, however often interrupted. False if it cannot be written; errno says why.
bool write_all(int fd, std::string_view bytes);

}  // namespace pitot
