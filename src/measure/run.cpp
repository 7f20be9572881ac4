#include "measure/run.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <utility>

#include "core/check.hpp"
#include "core/keeper.hpp"
#include "core/programs.hpp"

namespace pitot::measure {
namespace {

constexpr std::size_t kKeptStderr = 4096;
constexpr std::size_t kLongestReason = 200;
constexpr std::size_t kLongestReport = std::size_t{256} << 20;
constexpr double kLongestCallUs = 1e13;
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

RunClock::duration seconds(double value) {
    return std::chrono::ceil<RunClock::duration>(std::chrono::duration<double>(value));
}

std::int64_t nanoseconds(RunClock::time_point time) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

}  // namespace

struct Processes::Place {
    std::optional<core::Keeper> keeper;  // none: free
    int stderr_fd = -1;
    double limit_s = 0.0;
    bool late = false;
    bool ended = false;  // seen by poll, not reaped yet
    int lost = 0;        // why there can be no process; 0: there is one
    int go_fd = -1;      // without a gate: closed when its end will be seen, upon which it goes
    RunClock::time_point forked;
    RunClock::time_point deadline;
    RunClock::time_point end;
    std::string said;    // on standard error, its beginning
    int report_fd = -1;  // of a command that makes several calls
    std::size_t calls = 0;
    std::string report;
    std::size_t told = 0;  // lines of it
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
    int input_fd = -1;
    int output_fd = -1;
    int stderr_fd = -1;
    const char* folder = nullptr;  ///< null: none
    int gate_read = -1;            ///< to be waited for: the end of this pipe
    int gate_write = -1;
};

/// Between fork and exec: only async-signal-safe calls. Returns an errno.
int prepare_child(const Launch& launch) {
    cpu_set_t cores;
    CPU_ZERO(&cores);
    CPU_SET(static_cast<std::size_t>(launch.core), &cores);
    const rlimit no_core{0, 0};
    if (::sched_setaffinity(0, sizeof(cores), &cores) != 0 || ::setrlimit(RLIMIT_CORE, &no_core) != 0 ||
        ::dup2(launch.input_fd, STDIN_FILENO) < 0 || ::dup2(launch.output_fd, STDOUT_FILENO) < 0 ||
        ::dup2(launch.stderr_fd, STDERR_FILENO) < 0 || (launch.folder != nullptr && ::chdir(launch.folder) != 0)) {
        return errno;
    }
    ::close(launch.gate_write);
    char nothing = 0;
    while (::read(launch.gate_read, &nothing, 1) < 0 && errno == EINTR) {
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
    PITOT_CHECK(!place.keeper && !command.argv.empty());
    std::array<int, 2> pipe{-1, -1};
    std::array<int, 2> report{-1, -1};
    std::array<int, 2> gate{gated ? gate_read_ : -1, gated ? gate_write_ : -1};
    const bool warm = command.warm_calls > 0;
    int input = command.standard_input.empty() ? -1 : ::open(command.standard_input.c_str(), O_RDONLY | O_CLOEXEC);
    const bool readable = command.standard_input.empty() || input >= 0;
    if (!readable || ::pipe2(pipe.data(), O_CLOEXEC) != 0 || (warm && ::pipe2(report.data(), O_CLOEXEC) != 0) ||
        (gate[0] < 0 && ::pipe2(gate.data(), O_CLOEXEC) != 0)) {
        const Failure failure = readable ? refused("pipe")
                                         : fail(ErrorCode::kEnvironment,
                                                fmt::format("cannot read '{}': {}; restore it",
                                                            command.standard_input.string(), std::strerror(errno)));
        for (int* fd : {&input, &pipe[0], &pipe[1], &report[0], &report[1]}) {
            close_fd(*fd);
        }
        return failure;
    }
    if (gated) {
        gate_read_ = gate[0];
        gate_write_ = gate[1];
    }
    std::vector<std::string> words = command.argv;
    std::vector<std::string> variables = environment_of(command);
    const std::vector<char*> argv = core::exec_pointers(words);
    const std::vector<char*> environment = core::exec_pointers(variables);
    const Launch launch{argv.data(),
                        environment.data(),
                        core,
                        input >= 0 ? input : null_fd_,
                        warm ? report[1] : null_fd_,
                        pipe[1],
                        command.folder.empty() ? nullptr : command.folder.c_str(),
                        gate[0],
                        gate[1]};
    Shared& shared = shared_[index];
    shared = {};
    place = {};
    place.stderr_fd = pipe[0];
    place.report_fd = report[0];
    place.go_fd = gated ? -1 : gate[1];
    place.calls = command.warm_calls;
    place.limit_s = limit_s;
    place.forked = RunClock::now();
    place.deadline = place.forked + seconds(limit_s);
    const auto body = [&] {
        shared.error = prepare_child(launch);
        if (shared.error == 0) {
            ::getrusage(RUSAGE_SELF, &shared.before);
            shared.exec_ns = nanoseconds(RunClock::now());
            ::execve(launch.argv[0], launch.argv, launch.environment);
            shared.error = errno;
        }
        return core::kCannotExecute;
    };
    const std::array files{launch.input_fd, launch.output_fd, pipe[1], gate[0], gate[1]};
    place.keeper = core::Keeper::start({body, files, true});
    const int error = errno;
    for (int* fd : {&input, &pipe[1], &report[1]}) {
        close_fd(*fd);
    }
    if (!gated) {
        close_fd(gate[0]);
    }
    if (!place.keeper) {
        close_fd(place.stderr_fd);
        close_fd(place.report_fd);
        close_fd(place.go_fd);
        errno = error;
        return refused("fork");
    }
    for (const int fd : {place.stderr_fd, place.report_fd}) {
        ::fcntl(fd, F_SETFL, O_NONBLOCK);
    }
    if (gated && !place.keeper->meet()) {  // so that it is there when the gate opens
        const Failure failure = refused("fork");
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
        std::count_if(places_.begin(), places_.end(), [](const Place& place) { return place.keeper.has_value(); }));
}

bool Processes::is_free(std::size_t place) const { return !places_[place].keeper; }

int Processes::wait_ms(std::optional<RunClock::time_point> until) const {
    RunClock::time_point first = until.value_or(RunClock::time_point::max());
    for (const Place& place : places_) {
        if (place.keeper && !place.late) {
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

/// Reads what is there, but no more than a pipe holds: the writer may be faster. Keeps the beginning, `most` bytes;
/// closes the pipe at its end.
void drain(int& fd, std::string& said, std::size_t most = kKeptStderr) {
    constexpr int most_reads = 16;
    std::array<char, 4096> buffer{};
    for (int reads = 0; fd >= 0 && reads < most_reads; ++reads) {
        const ssize_t count = ::read(fd, buffer.data(), buffer.size());
        if (count > 0) {
            said.append(buffer.data(), std::min(static_cast<std::size_t>(count), most - said.size()));
        } else if (count == 0) {
            close_fd(fd);
        } else if (errno != EINTR) {
            return;
        }
    }
}

/// Numbers of a line that has nothing else.
std::optional<std::vector<double>> numbers_of(std::string_view line) {
    std::vector<double> numbers;
    while (!line.empty()) {
        double value = 0.0;
        const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), value);
        if (error != std::errc() || !(value >= 0.0 && value < kLongestCallUs)) {
            return std::nullopt;
        }
        numbers.push_back(value);
        line.remove_prefix(static_cast<std::size_t>(end - line.data()));
        line.remove_prefix(std::min(line.size(), line.find_first_not_of(" \r")));
    }
    return numbers;
}

/// Takes in what a process has told of its calls; the first is not counted. What is wrong with it, in words.
std::string take_calls(std::string_view report, std::size_t expected, WarmCalls& calls) {
    std::size_t lines = 0;
    std::size_t columns = 0;
    for (std::size_t end = report.find('\n'); end != std::string_view::npos; end = report.find('\n')) {
        const auto numbers = numbers_of(report.substr(0, end));
        if (!numbers || (numbers->size() != 1 && numbers->size() != 3) || (lines > 0 && numbers->size() != columns)) {
            return fmt::format("it told '{}' of a call, which is no time",
                               first_line(std::string(report.substr(0, end))));
        }
        columns = numbers->size();
        if (lines > expected) {
            return fmt::format("it told of more than {} calls", expected + 1);
        }
        if (lines++ > 0) {
            calls.wall_us.push_back(numbers->at(0));
            if (columns == 3) {
                calls.utime_us.push_back(numbers->at(1));
                calls.stime_us.push_back(numbers->at(2));
            }
        }
        report.remove_prefix(end + 1);
    }
    return lines == expected + 1 ? "" : fmt::format("it told of {} calls, not {}", lines, expected + 1);
}

}  // namespace

void Processes::poll_places(int timeout_ms) {
    std::vector<pollfd> watched{{wake_fd_, POLLIN, 0}};
    for (const Place& place : places_) {
        // A keeper speaks when the child is there, and once more only when it is told to end it, or has been killed.
        const int child = !place.keeper             ? -1
                          : place.keeper->has_met() ? place.keeper->pid_fd()
                                                    : place.keeper->socket();
        watched.push_back({child, POLLIN, 0});
        watched.push_back({place.keeper ? place.stderr_fd : -1, POLLIN, 0});
        watched.push_back({place.keeper ? place.report_fd : -1, POLLIN, 0});
    }
    const int found = ::poll(watched.data(), watched.size(), timeout_ms);
    const RunClock::time_point now = RunClock::now();
    for (std::size_t p = 0; found > 0 && p < places_.size(); ++p) {
        if (watched[1 + 3 * p].revents != 0 && !places_[p].keeper->has_met()) {
            places_[p].lost = places_[p].keeper->meet() ? 0 : errno;
            places_[p].ended = places_[p].lost != 0;
            places_[p].end = now;
            places_[p].deadline = now + seconds(places_[p].limit_s);
            close_fd(places_[p].go_fd);
        } else if (watched[1 + 3 * p].revents != 0) {
            places_[p].ended = true;
            places_[p].end = now;
        }
        if (watched[2 + 3 * p].revents != 0) {
            drain(places_[p].stderr_fd, places_[p].said);
        }
        if (watched[3 + 3 * p].revents != 0) {
            Place& place = places_[p];
            const auto before = static_cast<std::ptrdiff_t>(place.report.size());
            drain(place.report_fd, place.report, kLongestReport);
            const auto told = std::count(place.report.begin() + before, place.report.end(), '\n');
            place.told += static_cast<std::size_t>(told);
            if (told > 0 && place.told <= place.calls) {  // a call has ended: the next has the limit anew
                place.deadline = now + seconds(place.limit_s);
            }
        }
    }
}

void Processes::kill_late() {
    const RunClock::time_point now = RunClock::now();
    for (Place& place : places_) {
        if (place.keeper && place.keeper->has_met() && !place.late && !place.ended && now >= place.deadline) {
            place.late = true;
            place.keeper->kill();
        }
    }
}

std::optional<Processes::Ended> Processes::next(std::optional<RunClock::time_point> until) {
    while (running() > 0 && !stopped()) {
        for (std::size_t p = 0; p < places_.size(); ++p) {
            if (places_[p].keeper && places_[p].ended) {
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
    const core::KeptEnding ending = place.keeper->end();
    const int status = ending.status;
    const rusage& usage = ending.usage;
    drain(place.stderr_fd, place.said);
    std::string untold;
    Run run;
    if (place.calls > 0) {
        drain(place.report_fd, place.report, kLongestReport);
        untold = take_calls(place.report, place.calls, run.calls);
    }
    const Shared shared = shared_[static_cast<std::size_t>(&place - places_.data())];
    const std::string said = first_line(place.said);
    if (const int error = place.lost != 0 ? place.lost : shared.error; error != 0 && !place.late) {
        run.failure = fmt::format("it cannot be started: {}", std::strerror(error));
    } else if (place.late) {
        run.failure = fmt::format("killed at the limit of {:g} s", place.limit_s);
    } else if (WIFSIGNALED(status)) {
        run.failure = fmt::format("signal {} ({})", WTERMSIG(status), ::strsignal(WTERMSIG(status)));
    } else if (WEXITSTATUS(status) != 0) {
        run.failure = fmt::format("exit status {}", WEXITSTATUS(status));
    } else if (!untold.empty()) {
        run.failure = untold;
    } else {
        run.wall_us = std::max<std::int64_t>(1, (nanoseconds(place.end) - shared.exec_ns) / 1000);
        run.utime_us = microseconds(usage.ru_utime) - microseconds(shared.before.ru_utime);
        run.stime_us = microseconds(usage.ru_stime) - microseconds(shared.before.ru_stime);
    }
    if (!run.failure.empty() && !place.late && !said.empty()) {
        run.failure += ": " + said;
    }
    close_fd(place.stderr_fd);
    close_fd(place.report_fd);
    close_fd(place.go_fd);
    place = {};
    return run;
}

std::vector<Processes::Ended> Processes::kill_all() {
    std::vector<Ended> ended;
    for (std::size_t p = 0; p < places_.size(); ++p) {
        if (places_[p].keeper) {
            const double seconds = std::chrono::duration<double>(RunClock::now() - places_[p].forked).count();
            ended.push_back({p, reap(places_[p]), seconds});
        }
    }
    open_gate();
    return ended;
}

}  // namespace pitot::measure
