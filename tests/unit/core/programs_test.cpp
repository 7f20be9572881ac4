// Child processes: what they answer, and what ends them.
#include "core/programs.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>

#include "support/processes.hpp"
#include "support/temp_folder.hpp"

namespace pitot::core {
namespace {

int sleep_long(int /*answer_fd*/) {
    ::sleep(60);
    return 0;
}

ProgramCall shell(const std::string& script) { return {.argv = {"/bin/sh", "-c", script}}; }

const ChildOptions kCaptured{.streams = Streams::kCaptured};

ChildOptions captured(double limit_s) { return {.limit_s = limit_s, .streams = Streams::kCaptured}; }

TEST(Child, AnswersThroughThePipe) {
    const std::string much(300'000, 'x');  // more than a pipe holds
    const auto child = run_child([&](int fd) { return write_all(fd, much) ? 7 : 1; }, {});
    ASSERT_TRUE(child);
    EXPECT_EQ(child->bytes, much);
    EXPECT_EQ(child->exit_status, 7);
    EXPECT_FALSE(child->timed_out || child->stopped);
}

TEST(Child, IsKilledAtItsLimit) {
    const auto child = run_child(sleep_long, {0.05, {}});
    ASSERT_TRUE(child);
    EXPECT_TRUE(child->timed_out);
    EXPECT_EQ(child->signal, SIGKILL);
}

TEST(Child, IsKilledByAWishToStop) {
    const test::LaterStop stop(std::chrono::milliseconds(50));
    const auto child = run_child(sleep_long, {.stop = stop.token(), .streams = Streams::kNone});
    ASSERT_TRUE(child);
    EXPECT_TRUE(child->stopped);
    EXPECT_FALSE(child->timed_out);
    EXPECT_EQ(child->signal, SIGKILL);
}

TEST(Child, HasAGroupOfItsOwnAndNothingToRead) {
    const auto child = run_child(
        [](int fd) {
            char byte = 0;
            const bool alone = ::getpgrp() == ::getpid();
            return ::read(STDIN_FILENO, &byte, 1) == 0 && alone && write_all(fd, "well") ? 0 : 1;
        },
        {.streams = Streams::kNone});
    ASSERT_TRUE(child);
    EXPECT_EQ(child->exit_status, 0);
    EXPECT_EQ(child->bytes, "well");
}

TEST(Child, HasNoneOfOurOtherDescriptors) {
    const int ours = ::fcntl(STDIN_FILENO, F_DUPFD, 10);  // it stays open over an exec
    ASSERT_GE(ours, 10);
    const auto child = run_child([&](int /*fd*/) { return ::fcntl(ours, F_GETFD) < 0 ? 0 : 1; }, {});
    const auto program = run_program(shell("test ! -e /proc/$$/fd/" + std::to_string(ours)), kCaptured);
    ::close(ours);
    ASSERT_TRUE(child && program);
    EXPECT_EQ(child->exit_status, 0);
    EXPECT_EQ(program->exit_status, 0);
}

TEST(Child, HearsItsLimitAfterItsAnswer) {
    const auto child = run_child(
        [](int fd) {
            ::close(fd);
            return sleep_long(fd);
        },
        {.limit_s = 0.1});
    ASSERT_TRUE(child);
    EXPECT_TRUE(child->timed_out);
}

TEST(Child, EndsBySignalsThatWeHandle) {
    const auto old = std::signal(SIGTERM, [](int /*signal*/) {});
    const auto child = run_child([](int /*fd*/) { return ::raise(SIGTERM) == 0 ? 3 : 4; }, {});
    std::signal(SIGTERM, old);
    ASSERT_TRUE(child);
    EXPECT_EQ(child->signal, SIGTERM);
}

// Of a process group that is not the terminal's, a read from it would stop the process for ever.
TEST(Child, StaysInTheGroupThatMayReadFromTheTerminal) {
    const auto at_terminal = [](int fd) {
        const int terminal = ::posix_openpt(O_RDWR | O_NOCTTY);
        if (::unlockpt(terminal) != 0 || ::dup2(::open(::ptsname(terminal), O_RDWR | O_NOCTTY), STDIN_FILENO) < 0) {
            return 1;
        }
        const pid_t group = ::getpgrp();
        const auto in_group = [&](int /*fd*/) { return ::getpgrp() == group ? 0 : 1; };
        const auto shared = run_child(in_group, {});
        const auto apart = run_child(in_group, {.streams = Streams::kNone});
        const auto interrupted = run_child([](int /*fd*/) { return ::raise(SIGINT); }, {});
        write_all(fd, interrupted && interrupted->stopped ? "Ctrl-C" : "");
        return shared && shared->exit_status == 0 && apart && apart->exit_status == 1 ? 0 : 2;
    };
    const auto child = run_child(at_terminal, {.limit_s = 20.0});
    ASSERT_TRUE(child);
    EXPECT_EQ(child->exit_status, 0);
    EXPECT_EQ(child->bytes, "Ctrl-C");
}

TEST(Programs, HaveTheirEnvironmentFolderAndStreams) {
    ProgramCall program = shell("cat; pwd; echo $COLOUR $HOME; echo err >&2; exit 7");
    program.environment = {"COLOUR=red", "HOME=/nowhere"};
    program.folder = "/usr";
    const auto answer = run_program(program, kCaptured);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->bytes, "/usr\nred /nowhere\nerr\n");
    EXPECT_EQ(answer->exit_status, 7);
    EXPECT_FALSE(answer->good());
    EXPECT_EQ(run_program({.argv = {"/no/such/program"}}, kCaptured)->exit_status, kCannotExecute);
}

TEST(Programs, ReadTheFileTheyAreGiven) {
    const int file = ::open("/proc/self/comm", O_RDONLY | O_CLOEXEC);
    ProgramCall program = shell("cat <&4 >&3");
    program.file = file;
    const auto answer = run_program(program, {});
    ::close(file);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->bytes, test::content_of("/proc/self/comm"));
}

TEST(Programs, EndWithAllTheyStartedAtTheirLimit) {
    const auto answer = run_program(shell("sleep 71 & echo $!; wait"), captured(0.3));
    ASSERT_TRUE(answer);
    EXPECT_TRUE(answer->timed_out);
    EXPECT_EQ(answer->signal, SIGKILL);
    EXPECT_TRUE(test::ends(answer->bytes)) << answer->bytes;
}

TEST(Programs, EndWithAllTheyStartedByAWishToStop) {
    const test::LaterStop stop(std::chrono::milliseconds(300));
    ChildOptions options = captured(60.0);
    options.stop = stop.token();
    const auto answer = run_program(shell("sleep 71 & echo $!; wait"), options);
    ASSERT_TRUE(answer);
    EXPECT_TRUE(answer->stopped);
    EXPECT_TRUE(test::ends(answer->bytes)) << answer->bytes;
}

TEST(Programs, LeaveNothingBehindThatHoldsTheirOutput) {
    const auto begun = std::chrono::steady_clock::now();
    const auto answer = run_program(shell("sleep 71 & echo $!"), captured(60.0));
    ASSERT_TRUE(answer);
    EXPECT_TRUE(answer->good());
    EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(30));
    EXPECT_TRUE(test::ends(answer->bytes)) << answer->bytes;
}

/// Starts a daemon in a session of its own, whose parent has ended; prints its number, and then `rest`.
std::string with_daemon(const test::TempFolder& folder, const std::string& rest) {
    const std::string file = (folder / "daemon").string();
    return "setsid -f sh -c 'echo $$ >" + file + "; exec sleep 71' </dev/null >/dev/null 2>&1; while [ ! -s " + file +
           " ]; do :; done; cat " + file + "; " + rest;
}

TEST(Programs, LeaveNoDaemonBehind) {
    const test::TempFolder folder;
    const auto answer = run_program(shell(with_daemon(folder, "exit 7")), captured(60.0));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->exit_status, 7);
    EXPECT_TRUE(test::ends(answer->bytes)) << answer->bytes;
}

TEST(Programs, LeaveNoDaemonBehindAtTheirLimitOrAWishToStop) {
    const test::TempFolder folder;
    const auto late = run_program(shell(with_daemon(folder, "sleep 71")), captured(2.0));
    ASSERT_TRUE(late);
    EXPECT_TRUE(late->timed_out);
    EXPECT_TRUE(test::ends(late->bytes)) << late->bytes;
    const test::LaterStop stop(std::chrono::milliseconds(2000));
    ChildOptions options = captured(60.0);
    options.stop = stop.token();
    std::filesystem::remove(folder / "daemon");
    const auto stopped = run_program(shell(with_daemon(folder, "sleep 71")), options);
    ASSERT_TRUE(stopped);
    EXPECT_TRUE(stopped->stopped);
    EXPECT_TRUE(test::ends(stopped->bytes)) << stopped->bytes;
}

TEST(Programs, OfAChildLeaveNoDaemonBehind) {
    const test::TempFolder folder;
    const auto child = run_child(
        [&](int fd) {
            ChildOptions options = captured(60.0);
            options.own_group = false;
            const auto answer = run_program(shell(with_daemon(folder, "sleep 71")), options);
            return answer && write_all(fd, "unexpected") ? 0 : 1;
        },
        {.limit_s = 2.0, .streams = Streams::kNone});
    ASSERT_TRUE(child);
    EXPECT_TRUE(child->timed_out);
    EXPECT_TRUE(test::ends(test::content_of(folder / "daemon")));
}

TEST(Programs, LeaveNoDaemonsOfDaemonsBehind) {
    const test::TempFolder folder;
    const auto answer = run_program(
        shell("for i in 1 2 3; do setsid -f sh -c 'for j in 1 2 3; do setsid -f sh -c \"echo \\$\\$; exec sleep "
              "71\" & done; wait; sleep 71'; done; sleep 0.3; echo end"),
        captured(60.0));
    ASSERT_TRUE(answer);
    std::istringstream lines(answer->bytes);
    std::size_t daemons = 0;
    for (std::string line; std::getline(lines, line);) {
        daemons += line == "end" ? 0U : 1U;
        EXPECT_TRUE(line == "end" || test::ends(line)) << line;
    }
    EXPECT_GE(daemons, 6U) << answer->bytes;
}

TEST(Programs, DoNotOutliveThisProcess) {
    const test::TempFolder folder;
    const auto child = run_child(
        [&](int /*fd*/) {
            const pid_t other = ::fork();
            if (other == 0) {
                const auto answer = run_program(shell(with_daemon(folder, "sleep 71")), captured(60.0));
                return answer ? 0 : 1;
            }
            while (test::content_of(folder / "daemon").empty()) {
                ::usleep(10'000);
            }
            ::kill(other, SIGKILL);
            return test::ends(test::content_of(folder / "daemon")) ? 0 : 1;
        },
        {.limit_s = 30.0, .streams = Streams::kNone});
    ASSERT_TRUE(child);
    EXPECT_EQ(child->exit_status, 0);
}

TEST(Programs, HearTheirLimitWhileTheyTalk) {
    const auto answer = run_program(shell("while :; do echo word; done"), captured(0.2));
    ASSERT_TRUE(answer);
    EXPECT_TRUE(answer->timed_out);
    EXPECT_TRUE(answer->bytes.starts_with("word\nword\n"));
}

TEST(Programs, AreFoundInThePath) {
    const auto shell = find_program("sh");
    ASSERT_TRUE(shell);
    EXPECT_TRUE(shell->is_absolute());
    EXPECT_FALSE(find_program("no-such-program-here"));
}

}  // namespace
}  // namespace pitot::core
