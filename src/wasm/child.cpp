#include "wasm/child.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>

namespace pitot::wasm {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kLongestWaitMs = 3'600'000;

Failure refused(const char* what) {
    return fail(ErrorCode::kEnvironment, fmt::format("cannot start a process for the engine: {}: {}; free some memory "
                                                     "or end other programs",
                                                     what, std::strerror(errno)));
}

int wait_ms(const std::optional<Clock::time_point>& deadline) {
    if (!deadline) {
        return -1;
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - Clock::now()).count();
    return static_cast<int>(std::clamp<std::int64_t>(left, 0, kLongestWaitMs));
}

/// Reads to the end of the pipe; false if the deadline comes first.
bool read_all(int fd, const std::optional<Clock::time_point>& deadline, std::string& bytes) {
    std::array<char, 1 << 16> buffer{};
    while (true) {
        pollfd ready{fd, POLLIN, 0};
        const int found = ::poll(&ready, 1, wait_ms(deadline));
        if (found == 0 && deadline && Clock::now() >= *deadline) {
            return false;
        }
        if (found <= 0) {
            continue;
        }
        const ssize_t count = ::read(fd, buffer.data(), buffer.size());
        if (count > 0) {
            bytes.append(buffer.data(), static_cast<std::size_t>(count));
        } else if (count == 0 || errno != EINTR) {
            return true;
        }
    }
}

}  // namespace

Result<ChildAnswer> run_child(const std::function<int(int)>& body, std::optional<double> limit_s) {
    std::array<int, 2> pipe{};
    if (::pipe2(pipe.data(), O_CLOEXEC) != 0) {
        return refused("pipe");
    }
    const pid_t parent = ::getpid();
    const pid_t child = ::fork();
    if (child < 0) {
        const Failure failure = refused("fork");
        ::close(pipe[0]);
        ::close(pipe[1]);
        return failure;
    }
    if (child == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (::getppid() != parent) {
            ::_exit(1);
        }
        ::close(pipe[0]);
        ::dup2(STDERR_FILENO, STDOUT_FILENO);
        ::_exit(body(pipe[1]));
    }
    ::close(pipe[1]);
    std::optional<Clock::time_point> deadline;
    if (limit_s) {
        deadline = Clock::now() + std::chrono::ceil<Clock::duration>(std::chrono::duration<double>(*limit_s));
    }
    ChildAnswer answer;
    answer.timed_out = !read_all(pipe[0], deadline, answer.bytes);
    ::close(pipe[0]);
    if (answer.timed_out) {
        ::kill(child, SIGKILL);
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    answer.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    answer.exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    return answer;
}

}  // namespace pitot::wasm
