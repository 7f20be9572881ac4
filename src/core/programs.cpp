#include "core/programs.hpp"

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
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <system_error>

namespace pitot {
namespace {

using Clock = std::chrono::steady_clock;
using Deadline = std::optional<Clock::time_point>;

constexpr int kLongestWaitMs = 3'600'000;
constexpr int kLookEveryMs = 100;  // for a wish to stop

Failure refused(const char* what) {
    return fail(ErrorCode::kEnvironment, fmt::format("cannot start a process: {}: {}; free some memory or end other "
                                                     "programs",
                                                     what, std::strerror(errno)));
}

int wait_ms(const Deadline& deadline, bool stoppable) {
    const int longest = stoppable ? kLookEveryMs : kLongestWaitMs;
    if (!deadline) {
        return longest;
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - Clock::now()).count();
    return static_cast<int>(std::clamp<std::int64_t>(left, 0, longest));
}

/// Reads to the end of the pipe, the deadline or the wish to stop.
void read_answer(int fd, const Deadline& deadline, const std::stop_token& stop, ChildAnswer& answer) {
    std::array<char, 1 << 16> buffer{};
    while (true) {
        pollfd ready{fd, POLLIN, 0};
        const int found = ::poll(&ready, 1, wait_ms(deadline, stop.stop_possible()));
        answer.stopped = stop.stop_requested();
        answer.timed_out = !answer.stopped && found == 0 && deadline && Clock::now() >= *deadline;
        if (answer.stopped || answer.timed_out) {
            return;
        }
        if (found <= 0) {
            continue;
        }
        const ssize_t count = ::read(fd, buffer.data(), buffer.size());
        if (count > 0) {
            answer.bytes.append(buffer.data(), static_cast<std::size_t>(count));
        } else if (count == 0 || errno != EINTR) {
            return;
        }
    }
}

/// The child's part. Returns its exit status.
int be_child(const std::function<int(int)>& body, int answer_fd, bool apart, pid_t parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) {
        return 1;
    }
    if (!apart) {
        ::dup2(STDERR_FILENO, STDOUT_FILENO);
        return body(answer_fd);
    }
    ::setpgid(0, 0);
    const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (::dup2(nothing, stream) < 0) {
            return 1;
        }
    }
    return body(answer_fd);
}

}  // namespace

std::optional<std::filesystem::path> find_program(std::string_view name) {
    const char* path = std::getenv("PATH");
    std::string_view rest = path != nullptr ? path : "";
    while (!rest.empty()) {
        const std::string_view folder = rest.substr(0, rest.find(':'));
        rest.remove_prefix(std::min(rest.size(), folder.size() + 1));
        const std::filesystem::path file = std::filesystem::path(folder) / name;
        std::error_code ignored;
        if (!folder.empty() && std::filesystem::is_regular_file(file, ignored) && ::access(file.c_str(), X_OK) == 0) {
            return std::filesystem::absolute(file, ignored);
        }
    }
    return std::nullopt;
}

std::vector<char*> exec_pointers(std::vector<std::string>& words) {
    std::vector<char*> all;
    all.reserve(words.size() + 1);
    for (std::string& word : words) {
        all.push_back(word.data());
    }
    all.push_back(nullptr);
    return all;
}

Result<ChildAnswer> run_child(const std::function<int(int)>& body, const ChildOptions& options) {
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
        ::close(pipe[0]);
        ::_exit(be_child(body, pipe[1], options.apart, parent));
    }
    ::close(pipe[1]);
    if (options.apart) {
        ::setpgid(child, child);  // here too: the group exists before it may have to be killed
    }
    Deadline deadline;
    if (options.limit_s) {
        deadline = Clock::now() + std::chrono::ceil<Clock::duration>(std::chrono::duration<double>(*options.limit_s));
    }
    ChildAnswer answer;
    read_answer(pipe[0], deadline, options.stop, answer);
    ::close(pipe[0]);
    if (answer.timed_out || answer.stopped) {
        ::kill(options.apart ? -child : child, SIGKILL);
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    answer.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    answer.exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    return answer;
}

bool write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(fd, bytes.data(), bytes.size());
        if (written < 0 && errno != EINTR) {
            return false;
        }
        bytes.remove_prefix(written > 0 ? static_cast<std::size_t>(written) : 0);
    }
    return true;
}

}  // namespace pitot
