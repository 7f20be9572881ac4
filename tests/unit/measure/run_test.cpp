// Timed processes.
#include "measure/run.hpp"

#include <gtest/gtest.h>
#include <sched.h>

#include <csignal>
#include <fstream>
#include <thread>

#include "measure/measure.hpp"
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
