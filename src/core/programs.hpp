// Child processes: programs found in $PATH and copies of this process, run to their end, a limit or a stop request.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "pitot/result.hpp"

namespace pitot::core {

/// Absolute path of the program called `name` in $PATH; nothing if there is none.
[[nodiscard]] std::optional<std::filesystem::path> find_program(std::string_view name);

/// Pointers to the characters of each word and a null pointer behind them, as execve() takes its arguments. They are
/// valid as long as `words` is not changed.
[[nodiscard]] std::vector<char*> exec_pointers(std::vector<std::string>& words);

/// Exit status of a child that could not execute its program. Shells use the same.
inline constexpr int kCannotExecute = 127;

/// Descriptors that are open in a child beside its standard streams. All others are closed.
inline constexpr int kAnswerFile = 3;  ///< write end of the pipe whose bytes become ChildAnswer::bytes
inline constexpr int kGivenFile = 4;   ///< copy of ProgramCall::file, if a file is given

/// Where the standard streams of a child lead.
enum class Streams {
    kShared,    ///< input and error: those of this process; output: the standard error of this process
    kCaptured,  ///< input: empty; output and error: ChildAnswer::bytes, in place of kAnswerFile
    kNone,      ///< input: empty; output and error: thrown away
};

/// How long and in which surroundings a child runs.
struct ChildOptions {
    std::optional<double> limit_s{};  ///< seconds after which the child is killed
    std::stop_token stop{};           ///< request upon which the child is killed
    Streams streams = Streams::kShared;
    /// Whether the child leads a process group of its own. False in a child that starts children itself: they stay in
    /// its group and end with it. A child whose standard input is the terminal of this process stays in the group of
    /// this process in any case, since the terminal lets no other group read.
    bool own_group = true;
};

/// What a child wrote and how it ended.
struct ChildAnswer {
    std::string bytes;       ///< everything that the child wrote to the pipe
    bool timed_out = false;  ///< the child was killed at the limit
    bool stopped = false;    ///< the child was killed upon a stop request, or by Ctrl-C at the terminal
    int exit_status = 0;     ///< of a child that was not killed
    int signal = 0;          ///< number of the signal that ended the child, or 0

    [[nodiscard]] bool good() const { return exit_status == 0 && signal == 0 && !timed_out && !stopped; }
};

/// A program with its arguments and what it is given.
struct ProgramCall {
    std::vector<std::string> argv{};         ///< arguments; argv[0] is the path of the program
    std::vector<std::string> environment{};  ///< NAME=value; replaces variables of this process of the same names
    std::filesystem::path folder{};          ///< working folder of the child; empty: that of this process
    int file = -1;                           ///< open descriptor that the child gets as kGivenFile; -1: none
};

/// Runs a program until it ends, until the limit or until a stop request, which takes effect within a fifth of a
/// second; then kills all that it started and that is left, daemons too (see Keeper). The same happens when this
/// process ends. A program that cannot be executed answers with exit status kCannotExecute. Error: kEnvironment if no
/// process can be started.
[[nodiscard]] Result<ChildAnswer> run_program(const ProgramCall& program, const ChildOptions& options);

/// Runs `body` in a copy of this process, under the same rules. `body` gets kAnswerFile, and what it returns becomes
/// the exit status. The copy has the descriptors named above and no others, and signals that end processes have their
/// default action in it.
[[nodiscard]] Result<ChildAnswer> run_child(const std::function<int(int answer_fd)>& body, const ChildOptions& options);

/// Writes all bytes to a descriptor, and goes on after interruptions. False if that fails; errno says why.
bool write_all(int fd, std::string_view bytes);

}  // namespace pitot::core
