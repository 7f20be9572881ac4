#include "core/programs.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
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
#include <utility>

#include "core/keeper.hpp"

namespace pitot::core {
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

class Descriptor {
public:
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() { close(); }
    [[nodiscard]] int get() const { return fd_; }
    void close() {
        if (fd_ >= 0) {
            ::close(std::exchange(fd_, -1));
        }
    }

private:
    int fd_;
};

/// This process's environment, with `more` in place of variables of the same name.
std::vector<std::string> joined_environment(const std::vector<std::string>& more) {
    std::vector<std::string> all = more;
    for (char** variable = environ; *variable != nullptr; ++variable) {
        const std::string_view text = *variable;
        const std::string_view name = text.substr(0, text.find('=') + 1);
        if (std::none_of(more.begin(), more.end(), [&](const std::string& one) { return one.starts_with(name); })) {
            all.emplace_back(text);
        }
    }
    return all;
}

/// What a child needs to know of itself.
struct Launch {
    Streams streams = Streams::kShared;
    int answer_fd = -1;
    int given_fd = -1;  ///< -1: none
};

/// In the child: its streams and no other descriptors of ours. Only async-signal-safe calls. False if something is
/// refused.
bool settle(const Launch& launch) {
    constexpr int above = kGivenFile + 1;  // out of the way of those assigned below
    const int answer = ::fcntl(launch.answer_fd, F_DUPFD, above);
    const int given = launch.given_fd >= 0 ? ::fcntl(launch.given_fd, F_DUPFD, above) : above;
    if (answer < 0 || given < 0) {
        return false;
    }
    if (launch.streams == Streams::kShared) {
        ::dup2(STDERR_FILENO, STDOUT_FILENO);
    } else {
        const int nothing = ::open("/dev/null", O_RDWR);
        const int listener = launch.streams == Streams::kCaptured ? answer : nothing;
        if (::dup2(nothing, STDIN_FILENO) < 0 || ::dup2(listener, STDOUT_FILENO) < 0 ||
            ::dup2(listener, STDERR_FILENO) < 0) {
            return false;
        }
    }
    if (::dup2(answer, kAnswerFile) < 0 || (launch.given_fd >= 0 && ::dup2(given, kGivenFile) < 0)) {
        return false;
    }
    ::closefrom(launch.given_fd >= 0 ? kGivenFile + 1 : kAnswerFile + 1);
    if (launch.streams == Streams::kCaptured) {
        ::close(kAnswerFile);
    }
    return true;
}

int wait_ms(const Deadline& deadline, bool stoppable) {
    const int longest = stoppable ? kLookEveryMs : kLongestWaitMs;
    if (!deadline) {
        return longest;
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - Clock::now()).count();
    return static_cast<int>(std::clamp<std::int64_t>(left, 0, longest));
}

/// Appends what is there, one pipe's content at most. False at the pipe's end.
bool take(int fd, std::string& bytes) {
    std::array<char, 1 << 16> buffer{};
    const ssize_t count = ::read(fd, buffer.data(), buffer.size());
    if (count > 0) {
        bytes.append(buffer.data(), static_cast<std::size_t>(count));
    }
    return count > 0 || (count < 0 && (errno == EINTR || errno == EAGAIN));
}

/// Reads the answer until the process ends, the deadline or a wish to stop. The end of the pipe says nothing: children
/// close it and go on, and descendants keep it open.
void attend(int pid_fd, int pipe, const Deadline& deadline, const std::stop_token& stop, ChildAnswer& answer) {
    std::array<pollfd, 2> watched{{{pid_fd, POLLIN, 0}, {pipe, POLLIN, 0}}};
    while (true) {
        watched[0].revents = watched[1].revents = 0;
        ::poll(watched.data(), watched.size(), wait_ms(deadline, stop.stop_possible()));
        const bool ended = watched[0].revents != 0;
        answer.stopped = stop.stop_requested();
        answer.timed_out = !answer.stopped && !ended && deadline && Clock::now() >= *deadline;
        if (ended || answer.stopped || answer.timed_out) {
            return;
        }
        if (watched[1].revents != 0 && !take(pipe, answer.bytes)) {
            watched[1].fd = -1;
        }
    }
}

/// The parent's part, once the child is there.
ChildAnswer await(Keeper& keeper, int pipe, bool own_group, const ChildOptions& options) {
    Deadline deadline;
    if (options.limit_s) {
        deadline = Clock::now() + std::chrono::ceil<Clock::duration>(std::chrono::duration<double>(*options.limit_s));
    }
    ::fcntl(pipe, F_SETFL, O_NONBLOCK);
    ChildAnswer answer;
    attend(keeper.pid_fd(), pipe, deadline, options.stop, answer);
    const int status = keeper.end().status;
    take(pipe, answer.bytes);
    answer.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    answer.exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    answer.stopped = answer.stopped || (!own_group && answer.signal == SIGINT);
    return answer;
}

/// Starts a child that settles and calls `body`, and waits for its end.
Result<ChildAnswer> run(const std::function<int()>& body, int given_fd, const ChildOptions& options) {
    std::array<int, 2> pipe{};
    if (::pipe2(pipe.data(), O_CLOEXEC) != 0) {
        return refused("pipe");
    }
    const Descriptor read_end(pipe[0]);
    Descriptor write_end(pipe[1]);
    const bool at_terminal = options.streams == Streams::kShared && ::isatty(STDIN_FILENO) != 0;
    const bool own_group = options.own_group && !at_terminal;
    const Launch launch{options.streams, pipe[1], given_fd};
    const std::array files{pipe[1], given_fd};
    std::optional<Keeper> keeper =
        Keeper::start({[&] { return settle(launch) ? body() : kCannotExecute; }, files, own_group});
    if (!keeper || !keeper->meet()) {
        return refused("fork");
    }
    write_end.close();
    return await(*keeper, read_end.get(), own_group, options);
}

/// Handlers speak of this process: one that counts signals would keep a child from ending by them.
void end_by_signals() {
    for (const int number : {SIGHUP, SIGINT, SIGQUIT, SIGTERM}) {
        struct sigaction old {};
        ::sigaction(number, nullptr, &old);
        if (old.sa_handler != SIG_IGN) {
            std::signal(number, SIG_DFL);
        }
    }
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

Result<ChildAnswer> run_program(const ProgramCall& program, const ChildOptions& options) {
    std::vector<std::string> words = program.argv;
    std::vector<std::string> variables = joined_environment(program.environment);
    const std::vector<char*> argv = exec_pointers(words);
    const std::vector<char*> environment = exec_pointers(variables);
    const auto become = [&] {
        if (program.folder.empty() || ::chdir(program.folder.c_str()) == 0) {
            ::execve(argv.front(), argv.data(), environment.data());
        }
        return kCannotExecute;
    };
    return run(become, program.file, options);
}

Result<ChildAnswer> run_child(const std::function<int(int)>& body, const ChildOptions& options) {
    const auto settled = [&] {
        end_by_signals();
        return body(kAnswerFile);
    };
    return run(settled, -1, options);
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

}  // namespace pitot::core
