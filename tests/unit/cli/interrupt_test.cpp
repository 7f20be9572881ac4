#include "cli/interrupt.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <thread>

namespace pitot::cli {
namespace {

bool stops_soon(const std::stop_token& token) {
    for (int i = 0; i < 2000 && !token.stop_requested(); ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return token.stop_requested();
}

TEST(Interrupt, TheFirstSignalAsksToStop) {
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
        const Interrupt interrupt;
        EXPECT_FALSE(interrupt.token().stop_requested());
        ASSERT_EQ(::raise(signal), 0);
        EXPECT_TRUE(stops_soon(interrupt.token()));
    }
}

TEST(Interrupt, WithoutASignalNothingIsAsked) {
    std::stop_token token;
    {
        const Interrupt interrupt;
        token = interrupt.token();
    }
    EXPECT_FALSE(token.stop_requested());
}

TEST(InterruptDeathTest, TheSecondSignalEndsTheProcess) {
    EXPECT_EXIT(
        {
            const Interrupt interrupt;
            static_cast<void>(::raise(SIGINT));
            static_cast<void>(::raise(SIGINT));
        },
        ::testing::KilledBySignal(SIGINT), "");
}

TEST(InterruptDeathTest, AfterwardsASignalEndsTheProcess) {
    EXPECT_EXIT(
        {
            { const Interrupt interrupt; }
            static_cast<void>(::raise(SIGTERM));
        },
        ::testing::KilledBySignal(SIGTERM), "");
}

TEST(InterruptDeathTest, AnIgnoredSignalStaysIgnored) {
    EXPECT_EXIT(
        {
            std::signal(SIGINT, SIG_IGN);
            const Interrupt interrupt;
            static_cast<void>(::raise(SIGINT));
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
            std::_Exit(interrupt.token().stop_requested() ? 1 : 0);
        },
        ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace pitot::cli
