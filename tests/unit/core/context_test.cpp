#include "pitot/context.hpp"

#include <gtest/gtest.h>

#include <string>

namespace pitot {
namespace {

// "" where nothing is wrong.
std::string fault(const Context& context) {
    const auto valid = context.validate();
    EXPECT_TRUE(valid || valid.error().code() == ErrorCode::kUsage);
    return valid ? std::string() : valid.error().message();
}

TEST(Context, DefaultsAreValid) { EXPECT_EQ(fault({}), ""); }

TEST(Context, DevicesAreDifferentNumbersFromZero) {
    EXPECT_EQ(fault({.devices = {1, 0, 7}}), "");
    EXPECT_EQ(fault({.devices = {0, -1}}), "devices names -1; they are numbered from 0");
    EXPECT_EQ(fault({.devices = {2, 0, 2}}), "devices names 2 twice");
}

TEST(Context, PrecisionIsOneOfThoseThatThereAre) {
    for (const char* name : {"auto", "fp32", "tf32", "bf16"}) {
        EXPECT_EQ(fault({.precision = name}), "") << name;
    }
    EXPECT_EQ(fault({.precision = "bf32"}),
              "there is no precision 'bf32' (known: auto, fp32, tf32, bf16); did you mean 'tf32', 'fp32' or 'bf16'?");
    EXPECT_EQ(fault({.precision = "FP32"}),
              "there is no precision 'FP32' (known: auto, fp32, tf32, bf16); did you mean 'fp32' or 'tf32'?");
    EXPECT_EQ(fault({.precision = ""}), "there is no precision '' (known: auto, fp32, tf32, bf16)");
    EXPECT_NE(fault({.precision = std::string("fp32\0", 5)}), "");
}

TEST(Context, RanksAreOneForNow) {
    EXPECT_EQ(fault({.rank = {.number = 0, .count = 2}}),
              "rank.count is 2 and must be 1: processes cannot share a fit yet");
    EXPECT_EQ(fault({.rank = {.number = 1, .count = 1}}), "rank 1 of 1 does not exist");
}

}  // namespace
}  // namespace pitot
