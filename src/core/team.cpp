#include "core/team.hpp"

#include <exception>

namespace pitot::core {
namespace {

// About 20 microseconds: longer than the gaps between the parts of a step, shorter than anyone would mind.
constexpr int kSpins = 2'000;

void pause() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

// Waits until `value` is no longer `old`.
void wait_while(const std::atomic<std::uint32_t>& value, std::uint32_t old) {
    for (int spin = 0; spin < kSpins; ++spin) {
        if (value.load(std::memory_order_acquire) != old) {
            return;
        }
        pause();
    }
    value.wait(old, std::memory_order_acquire);
}

}  // namespace

Team::Team(int size) {
    try {
        members_.reserve(static_cast<std::size_t>(std::max(size - 1, 0)));
        for (int member = 1; member < size; ++member) {
            members_.emplace_back([this, member] { serve(member); });
        }
    } catch (const std::exception&) {
        // No further thread can be had; those there are do it all.
    }
}

Team::~Team() {
    over_.store(true, std::memory_order_relaxed);
    round_.fetch_add(1, std::memory_order_release);
    round_.notify_all();
    members_.clear();  // joins them while what they wait for still exists
}

void Team::run(const std::function<void(std::int64_t)>& job) {
    job_ = &job;
    busy_.store(static_cast<std::uint32_t>(members_.size()), std::memory_order_relaxed);
    round_.fetch_add(1, std::memory_order_release);
    round_.notify_all();
    job(0);
    for (std::uint32_t left = busy_.load(std::memory_order_acquire); left != 0;
         left = busy_.load(std::memory_order_acquire)) {
        wait_while(busy_, left);
    }
}

void Team::serve(std::int64_t member) {
    std::uint32_t seen = 0;
    while (true) {
        wait_while(round_, seen);
        ++seen;
        if (over_.load(std::memory_order_relaxed)) {
            return;
        }
        (*job_)(member);
        if (busy_.fetch_sub(1, std::memory_order_release) == 1) {
            busy_.notify_all();
        }
    }
}

}  // namespace pitot::core
