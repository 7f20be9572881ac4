// Runs of programs: pinned, timed, killed at a limit.
#pragma once

#include <sys/types.h>
#include <chrono>
#include <string>
#include <vector>

#include "pitot/result.hpp"

namespace pitot::fleet {

/// What to execute: start-up included, nothing else.
struct Command {
    std::vector<std::string> argv;         ///< argv[0] is a path, or a name looked for in $PATH
    std::vector<std::string> environment;  ///< NAME=value, beside the fixed environment of every run
};

/// How a run ended, and what it cost (wait4), in µs. A program's start is part of it.
struct Ended {
    double wall_us = 0.0;
    double user_us = 0.0;
    double system_us = 0.0;
    int exit_status = 0;     ///< if it ended by itself
    int signal = 0;          ///< that ended it, or 0
    bool timed_out = false;  ///< we killed it at the limit
    std::string out;         ///< what it wrote to standard output, if that was kept
    std::string words;       ///< the first line it wrote to standard error

    [[nodiscard]] bool ok() const { return exit_status == 0 && signal == 0 && !timed_out; }
    /// "exit status 3: …", "killed by signal 11", "stopped at the limit of 30 s"; empty if ok().
    [[nodiscard]] std::string reason(double limit_s) const;
};

/// A program under way. It and what it starts are one process group, and end with us. Input is empty, output discarded
/// unless kept; of this process's environment it gets PATH, HOME and TMPDIR alone.
class Process {
public:
    /// `core`: the processor it is pinned to, or -1. Errors: kEnvironment.
    [[nodiscard]] static Result<Process> start(const Command& command, int core, bool keep_output);
    Process(Process&& other) noexcept;
    Process& operator=(Process&& other) noexcept;
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    ~Process();

    /// Readable once the program has ended.
    [[nodiscard]] int ended_fd() const { return pidfd_; }
    [[nodiscard]] double seconds() const;  ///< since the start
    /// Ends it and what it started.
    void kill();
    /// Waits for its end.
    [[nodiscard]] Ended wait();

private:
    Process() = default;
    void close_all();

    pid_t pid_ = -1;
    int pidfd_ = -1;
    int out_fd_ = -1;
    int words_fd_ = -1;
    bool killed_ = false;
    std::chrono::steady_clock::time_point start_;
};

/// Runs a program to its end or its limit (0: none).
[[nodiscard]] Result<Ended> run_process(const Command& command, int core, double limit_s, bool keep_output);

}  // namespace pitot::fleet
