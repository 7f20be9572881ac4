// Independent tasks on a few threads, their results handed on in order.
//
// Our own rather than oneTBB's pipeline because a distribution's TBB is built without ThreadSanitizer's hooks, and the
// sanitizer has to see these locks.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace pitot::core {

/// Threads to use when the user names none: what this process may run on.
[[nodiscard]] int default_threads();

/// Threads for that many independent tasks of which `wanted` threads were asked for (0 = default_threads()): at most
/// one a task, and at most twice what this process may run on, beyond which threads only take memory.
[[nodiscard]] int threads_for(int wanted, std::int64_t tasks);

/// Members of each of `teams` teams that work at once when `wanted` threads were asked for: together no more than this
/// process may run on, or they would wait for each other.
[[nodiscard]] int team_size(int wanted, std::int64_t teams);

/// Calls `produce(i)` for i = 0 … n-1 on `threads` threads and `consume(i, result)` in the order of i, never two at a
/// time. At most `2 * threads` results exist at once, so memory does not grow with n. `consume` returns false to stop
/// early. With one thread, or where the system grants none, everything runs on the caller's. An exception of either
/// reaches the caller.
template <typename Produce, typename Consume>
void parallel_ordered(int threads, std::int64_t n, Produce produce, Consume consume) {
    using Item = decltype(produce(std::int64_t{0}));
    if (threads <= 1 || n <= 1) {
        for (std::int64_t i = 0; i < n; ++i) {
            if (!consume(i, produce(i))) {
                return;
            }
        }
        return;
    }
    std::mutex mutex;
    std::condition_variable room;
    const std::int64_t room_for = 2 * std::int64_t{threads};
    std::int64_t next = 0;      // to be produced
    std::int64_t consumed = 0;  // handed on so far
    bool consuming = false;
    bool stopped = false;
    std::exception_ptr error;
    std::map<std::int64_t, Item> ready;

    const auto work = [&] {
        std::unique_lock lock(mutex);
        try {
            while (true) {
                room.wait(lock, [&] { return stopped || next >= n || next < consumed + room_for; });
                if (stopped || next >= n) {
                    return;
                }
                const std::int64_t i = next++;
                lock.unlock();
                Item item = produce(i);
                lock.lock();
                ready.emplace(i, std::move(item));
                while (!stopped && !consuming && ready.contains(consumed)) {
                    auto node = ready.extract(consumed);
                    consuming = true;
                    lock.unlock();
                    const bool more = consume(node.key(), std::move(node.mapped()));
                    lock.lock();
                    consuming = false;
                    ++consumed;
                    stopped = stopped || !more;
                    room.notify_all();
                }
            }
        } catch (...) {
            if (!lock.owns_lock()) {
                lock.lock();
            }
            error = error ? error : std::current_exception();
            stopped = true;
            room.notify_all();
        }
    };
    {
        std::vector<std::jthread> pool;
        const auto count = static_cast<std::size_t>(std::min<std::int64_t>(threads, n));
        pool.reserve(count);
        for (std::size_t t = 0; t < count; ++t) {
            try {
                pool.emplace_back(work);
            } catch (const std::exception&) {
                break;  // no further thread can be had; those there are do it all
            }
        }
        if (pool.empty()) {
            work();
        }
    }
    if (error) {
        std::rethrow_exception(error);
    }
}

}  // namespace pitot::core
