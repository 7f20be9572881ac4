// A process between this one and a child, which outlives the child by a moment and takes with it all that it started.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <csignal>
#include <functional>
#include <optional>
#include <span>

namespace pitot::core {

/// How a kept child ended, as wait4() tells it.
struct KeptEnding {
    int status = SIGKILL;  ///< that of a killed child where the keeper itself was killed
    rusage usage{};        ///< of the child and the children it waited for
};

/// A child with a keeper: the keeper is the child's parent, and the new parent of whatever loses its own below it (a
/// "subreaper"), such as daemons. It does nothing while the child runs. Upon end(), or when this process has ended in
/// whatever way, it kills and reaps the child and all that descends from it, in whatever group or session. Only what
/// has taken the rights of another user is left.
class Keeper {
public:
    struct Start {
        /// Runs in the child, which has this process's memory and signal mask, and ends with what it returns. Only
        /// async-signal-safe calls before an exec, where this process has threads.
        std::function<int()> body;
        std::span<const int> files{};  ///< descriptors that are open in the child, beside the standard streams
        bool own_group = true;         ///< whether the child leads a process group of its own
    };

    /// Nothing if there can be no process; errno says why.
    [[nodiscard]] static std::optional<Keeper> start(const Start& start);
    Keeper(Keeper&& other) noexcept;
    Keeper& operator=(Keeper&& other) noexcept;
    /// end()s.
    ~Keeper();

    /// Becomes readable when meet() does not have to wait.
    [[nodiscard]] int socket() const { return socket_; }
    /// Waits until the child is there. False if it cannot be; errno says why.
    [[nodiscard]] bool meet();
    [[nodiscard]] bool has_met() const { return pid_fd_ >= 0; }
    /// Becomes readable when the child ends. After meet().
    [[nodiscard]] int pid_fd() const { return pid_fd_; }
    /// Kills the child and, if it leads one, its group. After meet().
    void kill() const;
    /// Kills and reaps the child and all that it started.
    KeptEnding end();

private:
    Keeper(pid_t keeper, int socket, bool own_group) : keeper_(keeper), socket_(socket), own_group_(own_group) {}

    pid_t keeper_ = 0;  // 0: ended
    int socket_ = -1;
    pid_t child_ = 0;
    int pid_fd_ = -1;
    bool own_group_ = true;
};

}  // namespace pitot::core
