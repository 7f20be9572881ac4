#include "measure/run.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>
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
#include <string_view>
#include <utility>

#include "core/check.hpp"
#include "core/programs.hpp"

namespace pitot::measure {
namespace {

constexpr std::size_t kKeptStderr = 4096;
constexpr std::size_t kLongestReason = 200;
constexpr int kLongestWaitMs = 3'600'000;

void close_fd(int& fd) {
    if (fd >= 0) {
        ::close(std::exchange(fd, -1));
    }
}

Failure refused(const char* what) {
    return fail(ErrorCode::kEnvironment, fmt::format("cannot start a process to measure: {}: {}; end other programs or "
                                                     "raise the limits of this one",
                                                     what, std::strerror(errno)));
}

/// The environment of every run: nothing in it depends on who measures but where programs and files are.
std::vector<std::string> environment_of(const engines::Command& command) {
    std::vector<std::string> all{"LC_ALL=C"};
    for (const char* name : {"PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH"}) {
        if (const char* value = std::getenv(name); value != nullptr) {
            all.push_back(fmt::format("{}={}", name, value));
        }
    }
    for (const std::string& entry : command.environment) {
        const std::string name = entry.substr(0, entry.find('=') + 1);
        std::erase_if(all, [&](const std::string& other) { return other.starts_with(name); });
        all.push_back(entry);
    }
    return all;
}

/// The first line that says something, fit for one line of text.
std::string first_line(const std::string& text) {
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    if (first == std::string::npos) {
        return {};
    }
    std::string line = text.substr(first, text.find_first_of("\r\n", first) - first).substr(0, kLongestReason);
    std::replace_if(
        line.begin(), line.end(), [](char c) { return c < 0x20 || c > 0x7E; }, '?');
    return line;
}

std::int64_t microseconds(const timeval& time) { return std::int64_t{time.tv_sec} * 1'000'000 + time.tv_usec; }

std::int64_t nanoseconds(RunClock::time_point time) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

}  // namespace

struct Processes::Place {
    pid_t pid = 0;  // 0: free
    int pid_fd = -1;
    int stderr_fd = -1;
    double limit_s = 0.0;
    bool gated = false;
    bool late = false;
    bool ended = false;  // seen by poll, not reaped yet
    RunClock::time_point forked;
    RunClock::time_point deadline;
    RunClock::time_point end;
    std::string said;  // on standard error, its beginning
};

struct Processes::Shared {
    std::int64_t exec_ns = 0;  // when the child called exec; 0 if it never did
    rusage before{};           // what the child had used by then
    int error = 0;             // of a call that failed in the child
};

namespace {

/// All that a child needs; made before fork, after which nothing may be allocated.
struct Launch {
    char* const* argv = nullptr;
    char* const* environment = nullptr;
    int core = 0;
    int null_fd = -1;
    int stderr_fd = -1;
    int gate_read = -1;  ///< -1: no gate
    int gate_write = -1;
    pid_t parent = 0;
};

/// Between fork and exec: only async-signal-safe calls. Returns an errno.
int prepare_child(const Launch& launch) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != launch.parent || ::setpgid(0, 0) != 0) {
        return ESRCH;
    }
    cpu_set_t cores;
    CPU_ZERO(&cores);
    CPU_SET(static_cast<std::size_t>(launch.core), &cores);
    const rlimit no_core{0, 0};
    if (::sched_setaffinity(0, sizeof(cores), &cores) != 0 || ::setrlimit(RLIMIT_CORE, &no_core) != 0 ||
        ::dup2(launch.null_fd, STDIN_FILENO) < 0 || ::dup2(launch.null_fd, STDOUT_FILENO) < 0 ||
        ::dup2(launch.stderr_fd, STDERR_FILENO) < 0) {
        return errno;
    }
    if (launch.gate_read >= 0) {
        ::close(launch.gate_write);
        char nothing = 0;
        while (::read(launch.gate_read, &nothing, 1) < 0 && errno == EINTR) {
        }
    }
    ::closefrom(STDERR_FILENO + 1);
    return 0;
}

}  // namespace

void Processes::Wake::operator()() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(fd, &one, sizeof(one));
}

Processes::Processes(std::size_t places, std::stop_token stop) : places_(places), stop_(std::move(stop)) {}

Result<std::unique_ptr<Processes>> Processes::create(std::size_t places, std::stop_token stop) {
    std::unique_ptr<Processes> processes(new Processes(places, std::move(stop)));
    if (const Result<void> opened = processes->open(); !opened) {
        return Failure(opened.error());
    }
    return processes;
}

Result<void> Processes::open() {
    wake_fd_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    null_fd_ = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    if (wake_fd_ < 0 || null_fd_ < 0) {
        return refused("/dev/null");
    }
    void* memory =
        ::mmap(nullptr, places_.size() * sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        return refused("mmap");
    }
    shared_ = static_cast<Shared*>(memory);
    on_stop_ = std::make_unique<std::stop_callback<Wake>>(stop_, Wake{wake_fd_});
    return {};
}

Processes::~Processes() {
    on_stop_.reset();
    kill_all();
    if (shared_ != nullptr) {
        ::munmap(shared_, places_.size() * sizeof(Shared));
    }
    close_fd(wake_fd_);
    close_fd(null_fd_);
}

Result<void> Processes::start(std::size_t index, const engines::Command& command, int core, double limit_s,
                              bool gated) {
    Place& place = places_[index];
    PITOT_CHECK(place.pid == 0 && !command.argv.empty());
    std::array<int, 2> pipe{-1, -1};
    std::array<int, 2> gate{gate_read_, gate_write_};
    if (::pipe2(pipe.data(), O_CLOEXEC) != 0 || (gated && gate_read_ < 0 && ::pipe2(gate.data(), O_CLOEXEC) != 0)) {
        const Failure failure = refused("pipe");
        close_fd(pipe[0]);
        close_fd(pipe[1]);
        return failure;
    }
    gate_read_ = gate[0];
    gate_write_ = gate[1];
    std::vector<std::string> words = command.argv;
    std::vector<std::string> variables = environment_of(command);
    const std::vector<char*> argv = core::exec_pointers(words);
    const std::vector<char*> environment = core::exec_pointers(variables);
    const Launch launch{argv.data(), environment.data(),   core,    null_fd_,
                        pipe[1],     gated ? gate[0] : -1, gate[1], ::getpid()};
    Shared& shared = shared_[index];
    shared = {};
    place = {};
    place.forked = RunClock::now();
    const pid_t child = ::fork();
    if (child == 0) {
        shared.error = prepare_child(launch);
        if (shared.error == 0) {
            ::getrusage(RUSAGE_SELF, &shared.before);
            shared.exec_ns = nanoseconds(RunClock::now());
            ::execve(launch.argv[0], launch.argv, launch.environment);
            shared.error = errno;
        }
        ::_exit(core::kCannotExecute);
    }
    ::close(pipe[1]);
    if (child < 0) {
        const Failure failure = refused("fork");
        ::close(pipe[0]);
        return failure;
    }
    ::setpgid(child, child);  // here too: the group exists before it may have to be killed
    ::fcntl(pipe[0], F_SETFL, O_NONBLOCK);
    place.pid = child;
    place.stderr_fd = pipe[0];
    place.limit_s = limit_s;
    place.gated = gated;
    place.deadline = place.forked + std::chrono::ceil<RunClock::duration>(std::chrono::duration<double>(limit_s));
    place.pid_fd = static_cast<int>(::syscall(SYS_pidfd_open, child, 0));  // glibc 2.36 declares none for C++
    if (place.pid_fd < 0) {
        const Failure failure = refused("pidfd_open");
        kill_all();
        return failure;
    }
    return {};
}

void Processes::open_gate() {
    close_fd(gate_write_);
    close_fd(gate_read_);
}

std::size_t Processes::running() const {
    return static_cast<std::size_t>(
        std::count_if(places_.begin(), places_.end(), [](const Place& place) { return place.pid != 0; }));
}

bool Processes::is_free(std::size_t place) const { return places_[place].pid == 0; }

int Processes::wait_ms(std::optional<RunClock::time_point> until) const {
    RunClock::time_point first = until.value_or(RunClock::time_point::max());
    for (const Place& place : places_) {
        if (place.pid != 0 && !place.late) {
            first = std::min(first, place.deadline);
        }
    }
    if (first == RunClock::time_point::max()) {
        return kLongestWaitMs;
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(first - RunClock::now()).count();
    return static_cast<int>(std::clamp<std::int64_t>(left, 0, kLongestWaitMs));
}

namespace {

/// Reads what is there, but no more than a pipe holds: the writer may be faster. Keeps the beginning; closes the pipe
/// at its end.
void drain(int& fd, std::string& said) {
    constexpr int most_reads = 16;
    std::array<char, 4096> buffer{};
    for (int reads = 0; fd >= 0 && reads < most_reads; ++reads) {
        const ssize_t count = ::read(fd, buffer.data(), buffer.size());
        if (count > 0) {
            said.append(buffer.data(), std::min(static_cast<std::size_t>(count), kKeptStderr - said.size()));
        } else if (count == 0) {
            close_fd(fd);
        } else if (errno != EINTR) {
            return;
        }
    }
}

}  // namespace

void Processes::poll_places(int timeout_ms) {
    std::vector<pollfd> watched{{wake_fd_, POLLIN, 0}};
    for (const Place& place : places_) {
        watched.push_back({place.pid != 0 ? place.pid_fd : -1, POLLIN, 0});
        watched.push_back({place.pid != 0 ? place.stderr_fd : -1, POLLIN, 0});
    }
    const int found = ::poll(watched.data(), watched.size(), timeout_ms);
    const RunClock::time_point now = RunClock::now();
    for (std::size_t p = 0; found > 0 && p < places_.size(); ++p) {
        if (watched[1 + 2 * p].revents != 0) {
            places_[p].ended = true;
            places_[p].end = now;
        }
        if (watched[2 + 2 * p].revents != 0) {
            drain(places_[p].stderr_fd, places_[p].said);
        }
    }
}

void Processes::kill_late() {
    const RunClock::time_point now = RunClock::now();
    for (Place& place : places_) {
        if (place.pid != 0 && !place.late && !place.ended && now >= place.deadline) {
            place.late = true;
            ::kill(-place.pid, SIGKILL);
        }
    }
}

std::optional<Processes::Ended> Processes::next(std::optional<RunClock::time_point> until) {
    while (running() > 0 && !stopped()) {
        for (std::size_t p = 0; p < places_.size(); ++p) {
            if (places_[p].pid != 0 && places_[p].ended) {
                const double seconds = std::chrono::duration<double>(places_[p].end - places_[p].forked).count();
                return Ended{p, reap(places_[p]), seconds};
            }
        }
        if (until && RunClock::now() >= *until) {
            return std::nullopt;
        }
        poll_places(wait_ms(until));
        kill_late();
    }
    return std::nullopt;
}

Run Processes::reap(Place& place) {
    ::kill(-place.pid, SIGKILL);  // descendants it left behind; its own number is taken until it is reaped
    int status = 0;
    rusage usage{};
    while (::wait4(place.pid, &status, 0, &usage) < 0 && errno == EINTR) {
    }
    drain(place.stderr_fd, place.said);
    const Shared shared = shared_[static_cast<std::size_t>(&place - places_.data())];
    const std::string said = first_line(place.said);
    Run run;
    if (shared.error != 0 && !place.late) {
        run.failure = fmt::format("it cannot be started: {}", std::strerror(shared.error));
    } else if (place.late) {
        run.failure = fmt::format("killed at the limit of {:g} s", place.limit_s);
    } else if (WIFSIGNALED(status)) {
        run.failure = fmt::format("signal {} ({})", WTERMSIG(status), ::strsignal(WTERMSIG(status)));
    } else if (WEXITSTATUS(status) != 0) {
        run.failure = fmt::format("exit status {}", WEXITSTATUS(status));
    } else {
        run.wall_us = std::max<std::int64_t>(1, (nanoseconds(place.end) - shared.exec_ns) / 1000);
        run.utime_us = microseconds(usage.ru_utime) - microseconds(shared.before.ru_utime);
        run.stime_us = microseconds(usage.ru_stime) - microseconds(shared.before.ru_stime);
    }
    if (!run.failure.empty() && !place.late && !said.empty()) {
        run.failure += ": " + said;
    }
    close_fd(place.stderr_fd);
    close_fd(place.pid_fd);
    place = {};
    return run;
}

void Processes::kill_all() {
    for (Place& place : places_) {
        if (place.pid != 0) {
            ::kill(-place.pid, SIGKILL);
            [[maybe_unused]] const Run dropped = reap(place);
        }
    }
    open_gate();
}

}  // namespace pitot::measure
