// Timed processes.
#include "measure/run.hpp"

#include <gtest/gtest.h>
#include <sched.h>

#include <csignal>
#include <fstream>
#include <thread>

#include "measure/measure.hpp"
#include "support/expect_error.hpp"
#include "support/processes.hpp"
#include "support/temp_folder.hpp"
#include "unit/measure/fake.hpp"

namespace pitot::measure {
namespace {

using test::content_of;
using test::script;
using test::TempFolder;

class ProcessesTest : public ::testing::Test {
protected:
    measure::Run run(const std::string& body, double limit_s = 30.0) {
        return run(script(folder_, "script", body), limit_s);
    }
    measure::Run run(const engines::Command& command, double limit_s = 30.0) {
        auto processes = Processes::create(1, stop_.get_token());
        EXPECT_TRUE(processes);
        EXPECT_TRUE((*processes)->start(0, command, core_, limit_s));
        const auto ended = (*processes)->next();
        EXPECT_TRUE(ended);
        return ended ? ended->run : measure::Run{};
    }

    TempFolder folder_;
    std::stop_source stop_;
    int core_ = choose_cores("")->back();
};

TEST_F(ProcessesTest, TimesARun) {
    const measure::Run slept = run("sleep 0.2");
    EXPECT_EQ(slept.failure, "");
    EXPECT_GE(slept.wall_us, 200'000);
    EXPECT_LT(slept.utime_us, 150'000);  // it slept

    const measure::Run worked = run("i=0; while [ $i -lt 100000 ]; do i=$((i + 1)); done");
    EXPECT_GT(worked.utime_us, 5'000);
    EXPECT_GE(worked.wall_us + 1'000, worked.utime_us);
}

TEST_F(ProcessesTest, PinsToItsCore) {
    const auto file = folder_ / "cores";
    run("grep Cpus_allowed_list /proc/self/status > " + file.string());
    EXPECT_EQ(content_of(file), "Cpus_allowed_list:\t" + std::to_string(core_) + "\n");
}

TEST_F(ProcessesTest, HasAFixedEnvironmentAndNoInput) {
    const auto file = folder_ / "env";
    ::setenv("NODE_OPTIONS", "--jitless", 1);
    engines::Command command = script(folder_, "script", "env > " + file.string() + "; read x && exit 9; exit 0");
    command.environment = {"EXTRA=1", "LC_ALL=C.UTF-8"};
    EXPECT_EQ(run(command).failure, "");
    ::unsetenv("NODE_OPTIONS");
    const std::string seen = content_of(file);
    EXPECT_EQ(seen.find("NODE_OPTIONS"), std::string::npos);
    EXPECT_NE(seen.find("EXTRA=1\n"), std::string::npos);
    EXPECT_NE(seen.find("LC_ALL=C.UTF-8\n"), std::string::npos);
    EXPECT_EQ(seen.find("LC_ALL=C\n"), std::string::npos);
    EXPECT_NE(seen.find("PATH="), std::string::npos);
}

TEST_F(ProcessesTest, FailuresHaveTheirReason) {
    EXPECT_EQ(run("echo; echo no such import >&2; echo second >&2; exit 3").failure, "exit status 3: no such import");
    EXPECT_EQ(run("exit 1").failure, "exit status 1");
    EXPECT_EQ(run("kill -SEGV $$").failure, "signal 11 (Segmentation fault)");
    EXPECT_EQ(run(engines::Command{{"/nowhere/engine"}, {}}).failure,
              "it cannot be started: No such file or directory");
    EXPECT_EQ(run("printf 'a\\tb\\033[1m\\n' >&2; exit 1").failure, "exit status 1: a?b?[1m");
    const measure::Run failed = run("exit 1");
    EXPECT_EQ(failed.wall_us + failed.utime_us + failed.stime_us, 0);
}

TEST_F(ProcessesTest, ThousandsOfLinesOfErrorsDoNotBlock) {
    EXPECT_EQ(run("i=0; while [ $i -lt 20000 ]; do echo 0123456789 >&2; i=$((i + 1)); done; exit 4").failure,
              "exit status 4: 0123456789");
}

TEST_F(ProcessesTest, KillsAtTheLimitWithAllDescendants) {
    const auto file = folder_ / "pid";
    const auto began = RunClock::now();
    EXPECT_EQ(run("sleep 60 & echo $! > " + file.string() + "; wait", 0.3).failure, "killed at the limit of 0.3 s");
    EXPECT_LT(RunClock::now() - began, std::chrono::seconds(20));
    const pid_t descendant = std::stoi(content_of(file));
    bool gone = false;
    for (int i = 0; i < 200 && !gone; ++i) {  // a zombie until init reaps it
        std::ifstream status("/proc/" + std::to_string(descendant) + "/stat");
        std::string number;
        std::string name;
        std::string state;
        gone = !(status >> number >> name >> state) || state == "Z";
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    EXPECT_TRUE(gone);
}

TEST_F(ProcessesTest, ReadsItsInputInItsFolder) {
    const auto file = folder_ / "seen";
    engines::Command command = script(folder_, "script", "pwd > " + file.string() + "; cat >> " + file.string());
    command.standard_input = folder_.put("in.txt", "once\n");
    command.folder = folder_ / "work";
    std::filesystem::create_directory(command.folder);
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(run(command).failure, "");
        EXPECT_EQ(content_of(file), command.folder.string() + "\nonce\n");
    }
    command.folder = folder_ / "none";
    EXPECT_EQ(run(command).failure, "it cannot be started: No such file or directory");
    command.standard_input = folder_ / "none";
    auto processes = Processes::create(1, {});
    ASSERT_TRUE(processes);
    EXPECT_TRUE(test::fails_with((*processes)->start(0, command, core_, 1.0), ErrorCode::kEnvironment, {"none"}));
}

TEST_F(ProcessesTest, HearsOfSeveralCalls) {
    const auto calls = [&](const std::string& body, double limit_s = 30.0) {
        engines::Command command = script(folder_, "script", body);
        command.warm_calls = 2;
        return run(command, limit_s);
    };
    const measure::Run three = calls("echo 9 9 9; echo 1.5 1 0; echo '2 3 4'");
    EXPECT_EQ(three.failure, "");
    EXPECT_EQ(three.calls, (WarmCalls{{1.5, 2.0}, {1.0, 3.0}, {0.0, 4.0}}));
    EXPECT_EQ(calls("echo 9; echo 1; echo 2").calls, (WarmCalls{{1.0, 2.0}, {}, {}}));
    const measure::Run failed = calls("echo 9; echo 1; echo no more >&2; exit 3");
    EXPECT_EQ(failed.failure, "exit status 3: no more");
    EXPECT_EQ(failed.calls.wall_us, std::vector<double>{1.0});
    EXPECT_EQ(calls("echo 9; echo 1").failure, "it told of 2 calls, not 3");
    EXPECT_EQ(calls("echo 9; echo nan; echo 1").failure, "it told 'nan' of a call, which is no time");
    EXPECT_EQ(calls("echo 9 1").failure, "it told '9 1' of a call, which is no time");
    EXPECT_EQ(calls("echo 9; echo 1 2 3").failure, "it told '1 2 3' of a call, which is no time");
    // Each call has the limit.
    EXPECT_EQ(calls("for i in 9 1 2; do sleep 0.3; echo $i; done", 0.6).failure, "");
    const measure::Run late = calls("echo 9; echo 1; sleep 60", 0.3);
    EXPECT_EQ(late.failure, "killed at the limit of 0.3 s");
    EXPECT_EQ(late.calls.wall_us, std::vector<double>{1.0});
}

TEST_F(ProcessesTest, LeavesNoDaemonBehind) {
    const std::string file = (folder_ / "daemon").string();
    const std::string begin =
        "setsid -f sh -c 'echo $$ >" + file + "; exec sleep 71'; while [ ! -s " + file + " ]; do :; done; ";
    for (const char* rest : {"exit 0", "exit 1", "sleep 60"}) {
        std::filesystem::remove(file);
        const measure::Run ran = run(begin + rest, 0.5);
        EXPECT_EQ(ran.failure.empty(), std::string(rest) == "exit 0") << ran.failure;
        EXPECT_LT(ran.wall_us, 400'000);
        EXPECT_TRUE(test::ends(content_of(file))) << rest;
    }
    auto processes = Processes::create(1, {});
    ASSERT_TRUE(processes);
    std::filesystem::remove(file);
    ASSERT_TRUE((*processes)->start(0, script(folder_, "script", begin + "sleep 60"), core_, 60.0));
    while (content_of(file).empty()) {
        EXPECT_FALSE((*processes)->next(RunClock::now() + std::chrono::milliseconds(5)));
    }
    (*processes)->kill_all();
    EXPECT_TRUE(test::ends(content_of(file)));
}

TEST_F(ProcessesTest, AChattyRunIsKilledAtTheLimitToo) {
    EXPECT_EQ(run("while :; do echo noise >&2; done", 0.3).failure, "killed at the limit of 0.3 s");
}

TEST_F(ProcessesTest, AStopEndsTheWait) {
    auto processes = Processes::create(1, stop_.get_token());
    ASSERT_TRUE(processes);
    ASSERT_TRUE((*processes)->start(0, script(folder_, "script", "sleep 60"), core_, 60.0));
    const std::jthread stopper([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        stop_.request_stop();
    });
    EXPECT_FALSE((*processes)->next());
    EXPECT_TRUE((*processes)->stopped());
    (*processes)->kill_all();
    EXPECT_EQ((*processes)->running(), 0U);
}

TEST_F(ProcessesTest, AGateLetsAllGoAtOnce) {
    auto processes = Processes::create(2, {});
    ASSERT_TRUE(processes);
    const engines::Command command = script(folder_, "script", "exit 0");
    ASSERT_TRUE((*processes)->start(0, command, core_, 30.0, true));
    ASSERT_TRUE((*processes)->start(1, command, core_, 30.0, true));
    EXPECT_FALSE((*processes)->next(RunClock::now() + std::chrono::milliseconds(200)));
    EXPECT_EQ((*processes)->running(), 2U);
    (*processes)->open_gate();
    for (int i = 0; i < 2; ++i) {
        const auto ended = (*processes)->next();
        ASSERT_TRUE(ended);
        EXPECT_EQ(ended->run.failure, "");
        EXPECT_LT(ended->run.wall_us, 190'000);  // the wait at the gate is not in it
        EXPECT_GE(ended->seconds, 0.2);
    }
    EXPECT_FALSE((*processes)->next());
}

}  // namespace
}  // namespace pitot::measure
