#include "fleet/process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace pitot::fleet {
namespace {

constexpr int kCannotExecute = 127;

std::vector<std::string> fixed_environment() {
    std::vector<std::string> fixed{"LC_ALL=C.UTF-8", "NO_COLOR=1"};
    for (const char* name : {"PATH", "HOME", "TMPDIR", "XDG_CACHE_HOME"}) {
        if (const char* value = std::getenv(name); value != nullptr) {  // NOLINT(concurrency-mt-unsafe): never set
            fixed.push_back(fmt::format("{}={}", name, value));
        }
    }
    return fixed;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
    std::vector<char*> to;
    std::ranges::transform(strings, std::back_inserter(to), [](std::string& s) { return s.data(); });
    to.push_back(nullptr);
    return to;
}

double microseconds(const timeval& t) { return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_usec); }

// Up to `most` bytes of a memory file, from its beginning.
std::string read_from_start(int fd, std::size_t most) {
    std::string text(most, '\0');
    const ssize_t n = fd < 0 ? 0 : ::pread(fd, text.data(), text.size(), 0);
    text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return text;
}

// In the child, between fork and exec: calls that are safe there alone.
[[noreturn]] void become(char* const* argv, char* const* environment, int core, int in, int out, int words) {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (core >= 0) {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET(static_cast<std::size_t>(core), &set);
        ::sched_setaffinity(0, sizeof(set), &set);
    }
    ::dup2(in, STDIN_FILENO);
    ::dup2(out, STDOUT_FILENO);
    ::dup2(words, STDERR_FILENO);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    for (const int signal : {SIGINT, SIGTERM, SIGPIPE}) {
        ::signal(signal, SIG_DFL);
    }
    ::execvpe(argv[0], argv, environment);
    const char* why = ::strerrordesc_np(errno);
    const char* text = why == nullptr ? "cannot be executed" : why;
    static_cast<void>(!::write(STDERR_FILENO, text, std::strlen(text)));
    ::_exit(kCannotExecute);
}

}  // namespace

std::string Ended::reason(double limit_s) const {
    if (timed_out) {
        return fmt::format("stopped at the limit of {:g} s", limit_s);
    }
    const std::string said = words.empty() ? "" : ": " + words;
    if (signal != 0) {
        const char* name = ::strsignal(signal);  // NOLINT(concurrency-mt-unsafe): one thread
        return fmt::format("killed by signal {} ({}){}", signal, name == nullptr ? "?" : name, said);
    }
    return exit_status == 0 ? "" : fmt::format("exit status {}{}", exit_status, said);
}

Result<Process> Process::start(const Command& command, int core, bool keep_output) {
    Process process;
    std::vector<std::string> argv = command.argv;
    std::vector<std::string> environment = fixed_environment();
    environment.insert(environment.end(), command.environment.begin(), command.environment.end());
    const auto argv_pointers = pointers(argv);
    const auto environment_pointers = pointers(environment);
    const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    process.words_fd_ = ::memfd_create("stderr", MFD_CLOEXEC);
    process.out_fd_ = keep_output ? ::memfd_create("stdout", MFD_CLOEXEC) : -1;
    if (nothing < 0 || process.words_fd_ < 0 || (keep_output && process.out_fd_ < 0)) {
        const std::string why = std::strerror(errno);  // NOLINT(concurrency-mt-unsafe): one thread
        if (nothing >= 0) {
            ::close(nothing);
        }
        return fail(ErrorCode::kEnvironment, fmt::format("cannot start '{}': {}", command.argv.front(), why));
    }
    process.start_ = std::chrono::steady_clock::now();
    process.pid_ = ::fork();
    if (process.pid_ == 0) {
        become(argv_pointers.data(), environment_pointers.data(), core, nothing,
               keep_output ? process.out_fd_ : nothing, process.words_fd_);
    }
    ::close(nothing);
    if (process.pid_ > 0) {
        ::setpgid(process.pid_, process.pid_);  // whichever of us is first
        process.pidfd_ = static_cast<int>(::syscall(SYS_pidfd_open, process.pid_, 0));
    }
    if (process.pid_ < 0 || process.pidfd_ < 0) {
        const std::string why = std::strerror(errno);  // NOLINT(concurrency-mt-unsafe): one thread
        return fail(ErrorCode::kEnvironment, fmt::format("cannot start '{}': {}", command.argv.front(), why));
    }
    return process;
}

Process::Process(Process&& other) noexcept { *this = std::move(other); }

Process& Process::operator=(Process&& other) noexcept {
    if (this != &other) {
        close_all();
        pid_ = std::exchange(other.pid_, -1);
        pidfd_ = std::exchange(other.pidfd_, -1);
        out_fd_ = std::exchange(other.out_fd_, -1);
        words_fd_ = std::exchange(other.words_fd_, -1);
        killed_ = other.killed_;
        start_ = other.start_;
    }
    return *this;
}

Process::~Process() { close_all(); }

void Process::close_all() {
    if (pid_ > 0) {
        kill();
        static_cast<void>(wait());
    }
    for (int* fd : {&pidfd_, &out_fd_, &words_fd_}) {
        if (*fd >= 0) {
            ::close(std::exchange(*fd, -1));
        }
    }
}

double Process::seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

void Process::kill() {
    if (pid_ > 0) {
        killed_ = true;
        ::kill(-pid_, SIGKILL);
        ::kill(pid_, SIGKILL);
    }
}

Ended Process::wait() {
    Ended ended;
    int status = 0;
    rusage usage{};
    while (::wait4(pid_, &status, 0, &usage) < 0 && errno == EINTR) {
    }
    ended.wall_us = seconds() * 1e6;
    ::kill(-pid_, SIGKILL);  // what it left behind
    pid_ = -1;
    ended.user_us = microseconds(usage.ru_utime);
    ended.system_us = microseconds(usage.ru_stime);
    ended.exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    ended.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    ended.timed_out = killed_;
    constexpr std::size_t most_words = 300;
    constexpr std::size_t most_out = std::size_t{1} << 20U;
    ended.out = read_from_start(out_fd_, most_out);
    ended.words = read_from_start(words_fd_, most_words);
    ended.words.resize(std::min(ended.words.size(), ended.words.find('\n')));
    return ended;
}

Result<Ended> run_process(const Command& command, int core, double limit_s, bool keep_output) {
    Result<Process> process = Process::start(command, core, keep_output);
    if (!process) {
        return Failure(process.error());
    }
    pollfd waiting{process->ended_fd(), POLLIN, 0};
    while (true) {
        const double left = limit_s > 0 ? limit_s - process->seconds() : 1.0;
        if (left <= 0) {
            process->kill();
            break;
        }
        if (::poll(&waiting, 1, static_cast<int>(std::min(left, 1e6) * 1e3) + 1) > 0) {
            break;
        }
    }
    return process->wait();
}

}  // namespace pitot::fleet
