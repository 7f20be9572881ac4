#include "core/keeper.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <utility>

#ifdef __clang__
#if __has_feature(address_sanitizer)
#define PITOT_LOCKS_ALLOCATOR
namespace __lsan {  // NOLINT(bugprone-reserved-identifier): the sanitizer's own
void LockAllocator();
void UnlockAllocator();
}  // namespace __lsan
#endif
#endif

namespace pitot::core {
namespace {

constexpr int kCannotSettle = 127;
constexpr std::size_t kMostFiles = 8;

// AddressSanitizer's allocator, unlike the C library's, would stay locked in a child for ever where another thread was
// inside it.
pid_t fork_whole() {
#ifdef PITOT_LOCKS_ALLOCATOR
    __lsan::LockAllocator();
    const pid_t child = ::fork();
    __lsan::UnlockAllocator();
    return child;
#else
    return ::fork();
#endif
}

// What follows runs in the keeper: async-signal-safe calls alone.

/// Closes all but the standard streams and `files`, of which -1 is none.
void close_others(std::array<int, kMostFiles> files) {
    std::sort(files.begin(), files.end());
    int from = STDERR_FILENO + 1;
    for (const int file : files) {
        if (file > from) {
            ::close_range(static_cast<unsigned>(from), static_cast<unsigned>(file - 1), 0);
        }
        from = std::max(from, file + 1);
    }
    ::closefrom(from);
}

enum class Killed { kSome, kNone, kRefused };

/// Kills the children that this thread has now, as far as the kernel lists them.
Killed kill_children() {
    const int list = ::open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
    std::array<char, 4096> text{};
    const ssize_t size = list >= 0 ? ::read(list, text.data(), text.size()) : -1;
    ::close(list);
    if (size < 0) {
        return Killed::kRefused;
    }
    Killed killed = Killed::kNone;
    pid_t pid = 0;
    for (ssize_t i = 0; i < size; ++i) {
        const char c = text[static_cast<std::size_t>(i)];
        if (c >= '0' && c <= '9') {
            pid = pid * 10 + (c - '0');
        } else if (pid > 0) {
            const bool done = ::kill(pid, SIGKILL) == 0;
            killed = done || killed == Killed::kSome ? Killed::kSome : Killed::kRefused;
            pid = 0;
        }
    }
    return killed;
}

/// Children of what dies become ours, so that in the end all that descends from the child has been.
void end_strays() {
    constexpr int most_empty_lists = 1000;
    constexpr useconds_t moment_us = 200;
    for (int empty = 0; empty < most_empty_lists;) {
        const pid_t gone = ::waitpid(-1, nullptr, WNOHANG | __WALL);
        if (gone < 0 && errno != EINTR) {
            return;  // there are none
        }
        if (gone != 0) {
            continue;
        }
        const Killed killed = kill_children();
        if (killed == Killed::kRefused) {
            return;
        }
        empty += killed == Killed::kNone ? 1 : 0;
        ::usleep(moment_us);
    }
}

[[noreturn]] void keep(const Keeper::Start& start, int socket, const sigset_t& mask) {
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    struct sigaction waited {};
    waited.sa_handler = SIG_DFL;  // where it is ignored, children cannot be waited for
    struct sigaction inherited {};
    ::sigaction(SIGCHLD, &waited, &inherited);
    std::array<int, kMostFiles> files{};
    files.fill(-1);
    std::copy_n(start.files.begin(), std::min(start.files.size(), kMostFiles - 1), files.begin());
    files.back() = socket;
    close_others(files);
    const pid_t self = ::getpid();
    const pid_t child = fork_whole();
    if (child == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (::getppid() != self || (start.own_group && ::setpgid(0, 0) != 0)) {
            ::_exit(kCannotSettle);
        }
        ::close(socket);
        ::sigaction(SIGCHLD, &inherited, nullptr);
        ::sigprocmask(SIG_SETMASK, &mask, nullptr);
        ::_exit(start.body());
    }
    const pid_t told = child < 0 ? -errno : child;
    if (child > 0 && start.own_group) {
        ::setpgid(child, child);  // here too: the group exists before it may have to be killed
    }
    files.fill(-1);
    files.back() = socket;
    close_others(files);
    [[maybe_unused]] ssize_t done = ::send(socket, &told, sizeof(told), MSG_NOSIGNAL);
    if (child < 0) {
        ::_exit(1);
    }
    char word = 0;
    while (::recv(socket, &word, 1, 0) < 0 && errno == EINTR) {
    }
    KeptEnding ending;
    ::kill(start.own_group ? -child : child, SIGKILL);  // its number is taken until it is reaped
    while (::wait4(child, &ending.status, 0, &ending.usage) < 0 && errno == EINTR) {
    }
    end_strays();
    done = ::send(socket, &ending, sizeof(ending), MSG_NOSIGNAL);
    ::_exit(0);
}

/// A message of the other side, whole. False at its end.
template <typename Message>
bool receive(int socket, Message& message) {
    ssize_t size = 0;
    do {
        size = ::recv(socket, &message, sizeof(message), 0);
    } while (size < 0 && errno == EINTR);
    return size == static_cast<ssize_t>(sizeof(message));
}

void close_fd(int& fd) {
    if (fd >= 0) {
        ::close(std::exchange(fd, -1));
    }
}

}  // namespace

std::optional<Keeper> Keeper::start(const Start& start) {
    std::array<int, 2> sockets{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets.data()) != 0) {
        return std::nullopt;
    }
    // A keeper heeds no signal: it ends when it is told to, or with this process.
    sigset_t all;
    sigset_t before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    const pid_t keeper = fork_whole();
    if (keeper == 0) {
        keep(start, sockets[1], before);
    }
    const int error = errno;
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    ::close(sockets[1]);
    if (keeper < 0) {
        ::close(sockets[0]);
        errno = error;
        return std::nullopt;
    }
    return Keeper(keeper, sockets[0], start.own_group);
}

Keeper::Keeper(Keeper&& other) noexcept
    : keeper_(std::exchange(other.keeper_, 0)),
      socket_(std::exchange(other.socket_, -1)),
      child_(other.child_),
      pid_fd_(std::exchange(other.pid_fd_, -1)),
      own_group_(other.own_group_) {}

Keeper& Keeper::operator=(Keeper&& other) noexcept {
    if (this != &other) {
        end();
        keeper_ = std::exchange(other.keeper_, 0);
        socket_ = std::exchange(other.socket_, -1);
        child_ = other.child_;
        pid_fd_ = std::exchange(other.pid_fd_, -1);
        own_group_ = other.own_group_;
    }
    return *this;
}

Keeper::~Keeper() { end(); }

bool Keeper::meet() {
    pid_t told = -ECHILD;
    if (!receive(socket_, told) || told < 0) {
        errno = told < 0 ? -told : ECHILD;
        return false;
    }
    child_ = told;
    pid_fd_ = static_cast<int>(::syscall(SYS_pidfd_open, child_, 0));  // glibc 2.36 declares none for C++
    return pid_fd_ >= 0;
}

void Keeper::kill() const { ::kill(own_group_ ? -child_ : child_, SIGKILL); }

KeptEnding Keeper::end() {
    KeptEnding ending;
    if (keeper_ == 0) {
        return ending;
    }
    const char word = 0;
    [[maybe_unused]] const ssize_t sent = ::send(socket_, &word, 1, MSG_NOSIGNAL);
    pid_t unmet = 0;
    if (child_ == 0 && !receive(socket_, unmet)) {
        unmet = -1;
    }
    KeptEnding told;
    if (unmet >= 0 && receive(socket_, told)) {
        ending = told;
    }
    while (::waitpid(keeper_, nullptr, 0) < 0 && errno == EINTR) {
    }
    keeper_ = 0;
    close_fd(pid_fd_);
    close_fd(socket_);
    return ending;
}

}  // namespace pitot::core
