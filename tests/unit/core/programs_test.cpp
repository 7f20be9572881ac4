// Child processes: what they answer, and what ends them.
#include "core/programs.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <thread>

namespace pitot {
namespace {

int sleep_long(int /*answer_fd*/) {
    ::sleep(60);
    return 0;
}

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
    std::stop_source stop;
    std::jthread other([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        stop.request_stop();
    });
    const auto child = run_child(sleep_long, {{}, stop.get_token(), true});
    ASSERT_TRUE(child);
    EXPECT_TRUE(child->stopped);
    EXPECT_FALSE(child->timed_out);
    EXPECT_EQ(child->signal, SIGKILL);
}

TEST(Child, ApartItHasAGroupOfItsOwnAndNothingToRead) {
    const auto child = run_child(
        [](int fd) {
            char byte = 0;
            const bool alone = ::getpgrp() == ::getpid();
            return ::read(STDIN_FILENO, &byte, 1) == 0 && alone && write_all(fd, "well") ? 0 : 1;
        },
        {{}, {}, true});
    ASSERT_TRUE(child);
    EXPECT_EQ(child->exit_status, 0);
    EXPECT_EQ(child->bytes, "well");
}

TEST(Programs, AreFoundInThePath) {
    const auto shell = find_program("sh");
    ASSERT_TRUE(shell);
    EXPECT_TRUE(shell->is_absolute());
    EXPECT_FALSE(find_program("no-such-program-here"));
}

}  // namespace
}  // namespace pitot
