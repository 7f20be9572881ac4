#include "cli/progress.hpp"

#include <gtest/gtest.h>

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

TEST(Progress, IsSilentWithoutATerminal) {
    ::testing::internal::CaptureStderr();  // a file
    {
        Progress progress("fitting");
        EXPECT_FALSE(progress.callback());
    }
    EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace pitot::cli
