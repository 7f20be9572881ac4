// Processes that are timed: each on a core of its own choice, killed at a limit, watched from one thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "engines/engine.hpp"
#include "pitot/result.hpp"

namespace pitot::measure {

/// CLOCK_MONOTONIC.
using RunClock = std::chrono::steady_clock;

/// Calls of a module in one process, a number each. Those of a process that does not tell what the user and the system
/// took have none of these.
struct WarmCalls {
    std::vector<double> wall_us;
    std::vector<double> utime_us;
    std::vector<double> stime_us;

    bool operator==(const WarmCalls&) const = default;
};

/// What one run took, or why it failed.
struct Run {
    std::int64_t wall_us = 0;   ///< from exec to the end of the process; 0 if it failed
    std::int64_t utime_us = 0;  ///< of the process and the children it waited for, from exec on
    std::int64_t stime_us = 0;
    std::string failure;  ///< in words, with the first line of its standard error; empty if it ended with status 0
    WarmCalls calls{};    ///< of a command that makes several, those before a failure too; the first left out

    bool operator==(const Run&) const = default;
};

/// A fixed number of places at which one process at a time can run.
///
/// A process has the null device as its standard output and, if its command names no file, as its standard input, a
/// small fixed environment (PATH, HOME, TMPDIR and LD_LIBRARY_PATH of this one, LC_ALL=C and what its command says), no
/// core dumps, and a process group of its own. It is killed when it exceeds its limit; when it ends, or this process
/// does, all that it started is killed, daemons too (see core::Keeper). From one thread only.
class Processes {
public:
    struct Ended {
        std::size_t place = 0;
        Run run;
        double seconds = 0.0;  ///< of this process's time, failed or not
    };

    /// After a stop is requested, next() ends at once. Error: kEnvironment if the system lacks something.
    [[nodiscard]] static Result<std::unique_ptr<Processes>> create(std::size_t places, std::stop_token stop);
    Processes(const Processes&) = delete;
    Processes& operator=(const Processes&) = delete;
    /// Kills what still runs.
    ~Processes();

    /// Starts a process at a free place, on `core`, to be killed after `limit_s`, which each call of several has. It
    /// waits before its exec until next() would see its end or, with `gated`, until open_gate(). Error: kEnvironment if
    /// there can be no process; what cannot be executed is a failed run.
    [[nodiscard]] Result<void> start(std::size_t place, const engines::Command& command, int core, double limit_s,
                                     bool gated = false);
    /// Lets all gated processes go at once.
    void open_gate();
    /// Waits for a process to end, and reaps it. Nothing if a stop is requested, `until` has come or none runs.
    [[nodiscard]] std::optional<Ended> next(std::optional<RunClock::time_point> until = {});
    /// Kills and reaps all that run, and hands them on: failed, perhaps with calls that were made.
    std::vector<Ended> kill_all();

    [[nodiscard]] std::size_t running() const;
    [[nodiscard]] bool is_free(std::size_t place) const;
    [[nodiscard]] bool stopped() const { return stop_.stop_requested(); }

private:
    struct Place;
    struct Shared;
    struct Wake {
        int fd;
        void operator()() const;
    };
    Processes(std::size_t places, std::stop_token stop);
    [[nodiscard]] Result<void> open();
    [[nodiscard]] int wait_ms(std::optional<RunClock::time_point> until) const;
    void poll_places(int timeout_ms);
    void kill_late();
    [[nodiscard]] Run reap(Place& place);

    std::vector<Place> places_;
    Shared* shared_ = nullptr;  // one a place, written by the children between fork and exec
    std::stop_token stop_;
    int wake_fd_ = -1;
    int null_fd_ = -1;
    int gate_read_ = -1;
    int gate_write_ = -1;
    std::unique_ptr<std::stop_callback<Wake>> on_stop_;
};

}  // namespace pitot::measure
