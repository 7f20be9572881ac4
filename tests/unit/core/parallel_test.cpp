#include "core/parallel.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

namespace pitot::core {
namespace {

TEST(ParallelOrdered, HandsResultsOnInOrderAndBoundsHowManyExist) {
    for (const int threads : {1, 2, 4}) {
        std::atomic<std::int64_t> alive{0};
        std::atomic<std::int64_t> most{0};
        const auto count = [&](std::int64_t by) {
            const std::int64_t now = alive += by;
            std::int64_t seen = most;
            while (now > seen && !most.compare_exchange_weak(seen, now)) {
            }
        };
        std::vector<std::int64_t> order;
        parallel_ordered(
            threads, 200,
            [&](std::int64_t i) {
                count(1);
                std::this_thread::sleep_for(std::chrono::microseconds((i * 37) % 200));
                return std::make_unique<std::int64_t>(i * i);
            },
            [&](std::int64_t i, std::unique_ptr<std::int64_t>&& value) {
                count(-1);
                EXPECT_EQ(*value, i * i);
                order.push_back(i);
                return true;
            });
        ASSERT_EQ(order.size(), 200U) << threads;
        for (std::size_t i = 0; i < order.size(); ++i) {
            EXPECT_EQ(order[i], static_cast<std::int64_t>(i));
        }
        EXPECT_LE(most, 2 * threads + threads);
    }
}

TEST(Threads, NoMoreThanTasksAndProcessorsAreOfUse) {
    const int processors = default_threads();
    EXPECT_EQ(threads_for(0, 1'000'000), processors);
    EXPECT_EQ(threads_for(1, 1'000'000), 1);
    EXPECT_EQ(threads_for(100'000, 1'000'000), 2 * processors);
    EXPECT_EQ(threads_for(100'000, 2), 2);
    EXPECT_EQ(threads_for(100'000, 0), 1);
    EXPECT_EQ(team_size(100'000, 1), processors);
    EXPECT_EQ(team_size(0, 1), processors);
    EXPECT_EQ(team_size(1, 1), 1);
    EXPECT_EQ(team_size(100'000, 4 * processors), 1);
}

TEST(ParallelOrdered, StopsWhenTheConsumerHasEnough) {
    for (const int threads : {1, 3}) {
        std::atomic<int> produced{0};
        int consumed = 0;
        parallel_ordered(
            threads, 1000, [&](std::int64_t /*i*/) { return ++produced; },
            [&](std::int64_t /*i*/, int /*value*/) { return ++consumed < 5; });
        EXPECT_EQ(consumed, 5);
        EXPECT_LE(produced, 5 + 3 * threads);
    }
}

TEST(ParallelOrdered, PassesExceptionsOn) {
    for (const int threads : {1, 2}) {
        EXPECT_THROW(parallel_ordered(
                         threads, 10,
                         [](std::int64_t i) {
                             if (i == 4) {
                                 throw std::runtime_error("four");
                             }
                             return i;
                         },
                         [](std::int64_t /*i*/, std::int64_t /*value*/) { return true; }),
                     std::runtime_error);
    }
}

TEST(ParallelOrdered, NothingToDo) {
    parallel_ordered(
        2, 0, [](std::int64_t i) { return i; },
        [](std::int64_t /*i*/, std::int64_t /*value*/) {
            ADD_FAILURE();
            return true;
        });
    EXPECT_GE(default_threads(), 1);
}

}  // namespace
}  // namespace pitot::core
