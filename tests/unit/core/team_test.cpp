// Threads that the system does not grant.
#include "core/team.hpp"

#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <numeric>

#include "core/parallel.hpp"

namespace pitot::core {
namespace {

void set_stack_size(std::size_t bytes) {
    pthread_attr_t attributes;
    ASSERT_EQ(::pthread_getattr_default_np(&attributes), 0);
    ASSERT_EQ(::pthread_attr_setstacksize(&attributes, bytes), 0);
    ASSERT_EQ(::pthread_setattr_default_np(&attributes), 0);
    ::pthread_attr_destroy(&attributes);
}

/// While it lives no thread can be had: its stack would not fit into any memory.
class NoThreads {
public:
    NoThreads() {
        ::pthread_getattr_default_np(&old_);
        set_stack_size(std::size_t{1} << 62U);
    }
    NoThreads(const NoThreads&) = delete;
    NoThreads& operator=(const NoThreads&) = delete;
    ~NoThreads() {
        ::pthread_setattr_default_np(&old_);
        ::pthread_attr_destroy(&old_);
    }

private:
    pthread_attr_t old_{};
};

/// Numbers below n, added up by the team.
std::int64_t sum_of(Team& team, std::int64_t n) {
    std::vector<std::int64_t> values(static_cast<std::size_t>(n), 0);
    team.share(n, 1, [&](std::int64_t first, std::int64_t count) {
        std::iota(values.begin() + first, values.begin() + first + count, first);
    });
    return std::accumulate(values.begin(), values.end(), std::int64_t{0});
}

/// Bytes that this process has of it.
rlim_t address_space() {
    rlim_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    return pages * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE));
}

/// Address space for about two more threads, and a look at the team of eight that results. Returns an exit status.
int team_in_little_memory() {
    constexpr std::size_t stack = std::size_t{256} << 20U;
    ::alarm(20);
    set_stack_size(stack);
    const rlim_t most = address_space() + 2 * stack + stack / 2;
    const rlimit limit{most, most};
    ::setrlimit(RLIMIT_AS, &limit);
    Team team(8);
    return sum_of(team, 1000) == 499'500 ? team.size() : 100;
}

TEST(TeamDeathTest, WorksWithTheThreadsItGot) {
    if (address_space() >> 40U != 0) {
        GTEST_SKIP() << "a sanitizer needs its terabytes";
    }
    EXPECT_EXIT(
        std::_Exit(team_in_little_memory()),
        [](int status) { return WIFEXITED(status) && WEXITSTATUS(status) > 1 && WEXITSTATUS(status) < 8; }, "");
}

TEST(Team, WorksWithoutFurtherThreads) {
    const NoThreads none;
    Team team(4);
    EXPECT_EQ(team.size(), 1);
    EXPECT_EQ(sum_of(team, 1000), 499'500);
}

TEST(Team, CoversEveryPieceOnce) {
    for (const int size : {1, 2, 5}) {
        Team team(size);
        EXPECT_EQ(team.size(), size);
        for (const std::int64_t n : {0, 1, 4, 1000}) {
            EXPECT_EQ(sum_of(team, n), n * (n - 1) / 2);
        }
    }
}

TEST(ParallelOrdered, WorksWithoutFurtherThreads) {
    const NoThreads none;
    std::vector<std::int64_t> order;
    parallel_ordered(
        4, 50, [](std::int64_t i) { return i; },
        [&](std::int64_t /*i*/, std::int64_t value) {
            order.push_back(value);
            return true;
        });
    std::vector<std::int64_t> want(50);
    std::iota(want.begin(), want.end(), 0);
    EXPECT_EQ(order, want);
}

}  // namespace
}  // namespace pitot::core
