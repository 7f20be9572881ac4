#include "cli/duration.hpp"

#include <gtest/gtest.h>

namespace pitot::cli {
namespace {

TEST(Duration, HasAUnit) {
    EXPECT_DOUBLE_EQ(parse_duration("50ms", "--below")->value, 50e3);
    EXPECT_DOUBLE_EQ(parse_duration("1.5 s", "--below")->value, 1.5e6);
    EXPECT_DOUBLE_EQ(parse_duration("300us", "--below")->value, 300.0);
    EXPECT_DOUBLE_EQ(parse_duration("300µs", "--below")->value, 300.0);
    EXPECT_DOUBLE_EQ(parse_duration("20ns", "--below")->value, 0.02);
    EXPECT_DOUBLE_EQ(parse_duration("2min", "--below")->value, 120e6);
    EXPECT_DOUBLE_EQ(parse_duration("1h", "--below")->value, 3600e6);
    // By any name that it has in datasets.
    EXPECT_DOUBLE_EQ(parse_duration("2 Hours", "--below")->value, 7200e6);
    EXPECT_DOUBLE_EQ(parse_duration("14 msec", "--below")->value, 14e3);
}

TEST(Duration, IsRefusedWithTheOption) {
    for (const char* text :
         {"", "ms", "50", "0ms", "-3ms", "50 parsecs", "1e300s", "1e-320ps", "nan s", "inf ms", "5ms5"}) {
        const auto refused = parse_duration(text, "--below");
        ASSERT_FALSE(refused) << text;
        EXPECT_EQ(refused.error().code(), ErrorCode::kUsage);
        EXPECT_NE(refused.error().message().find("--below"), std::string::npos);
    }
}

}  // namespace
}  // namespace pitot::cli
