#include "cli/progress.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>

#include "cli/terminal.hpp"

namespace pitot::cli {
namespace {

TEST(Progress, SaysHowFarHowFastAndHowLong) {
    EXPECT_EQ(progress_line("fitting", 50, 200, 5.0, 200),
              "fitting  [######..................]  25 %  10 steps/s  15 s left");
    EXPECT_EQ(progress_line("fitting", 200, 200, 5.0, 200),
              "fitting  [########################] 100 %  40 steps/s  1 s left");
}

TEST(Progress, PromisesNothingBeforeTheFirstStep) {
    EXPECT_EQ(progress_line("x", 0, 200, 5.0, 200), "x  [........................]   0 %");
    EXPECT_EQ(progress_line("x", 0, 0, 0.0, 200), "x  [........................]   0 %");
}

TEST(Progress, LongTimesAreReadable) {
    EXPECT_TRUE(progress_line("fitting", 1, 1000, 1.0, 200).ends_with("1 steps/s  16 min 39 s left"));
}

TEST(Progress, SharesHaveNoRate) {
    EXPECT_EQ(share_line("measuring", 0.25, 90.0, 200), "measuring  [######..................]  25 %  90.0 s left");
    EXPECT_EQ(share_line("measuring", 1.5, {}, 200), "measuring  [########################] 100 %");
    EXPECT_EQ(share_line("measuring", 0.5, 7200.0, 32), "measuring  [####....]  50 %  2 h");
}

TEST(Progress, FitsTheTerminal) { EXPECT_EQ(progress_line("fitting", 50, 200, 5.0, 20).size(), 20U); }

// What a progress that is shown 20 times prints into a file.
std::string printed_off_a_terminal(const char* seconds, Verbosity verbosity) {
    ::setenv("PITOT_PROGRESS_SECONDS", seconds, 1);
    set_verbosity(verbosity);
    ::testing::internal::CaptureStderr();
    {
        Progress progress("fitting");
        if (const auto tell = progress.callback()) {
            for (int n = 1; n <= 20; ++n) {
                std::this_thread::sleep_for(std::chrono::milliseconds(1));
                tell(n, 20);
            }
        }
    }
    std::string printed = ::testing::internal::GetCapturedStderr();
    set_verbosity(Verbosity::kUsual);
    ::unsetenv("PITOT_PROGRESS_SECONDS");
    return printed;
}

TEST(Progress, IsALineNowAndThenWithoutATerminal) {
    EXPECT_EQ(printed_off_a_terminal("10", Verbosity::kUsual), "");
    EXPECT_EQ(printed_off_a_terminal("0", Verbosity::kUsual), "");
    EXPECT_EQ(printed_off_a_terminal("inf", Verbosity::kUsual), "");
    EXPECT_EQ(printed_off_a_terminal("1e300", Verbosity::kUsual), "");
    EXPECT_EQ(printed_off_a_terminal("0.0001", Verbosity::kQuiet), "");
    const std::string lines = printed_off_a_terminal("0.0001", Verbosity::kUsual);
    EXPECT_TRUE(lines.starts_with("pitot: fitting: 5 %, 1 s left\n")) << lines;
    EXPECT_TRUE(lines.ends_with("pitot: fitting: 100 %\n")) << lines;
    EXPECT_EQ(std::ranges::count(lines, '\n'), 20);
    EXPECT_EQ(lines.find('\r'), std::string::npos);
}

TEST(Progress, TellsHowLongItTookWhereAsked) {
    EXPECT_NE(printed_off_a_terminal("0", Verbosity::kVerbose).find(" s] fitting: "), std::string::npos);
}

}  // namespace
}  // namespace pitot::cli
