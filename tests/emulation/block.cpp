// A block: fibers that run until they wait for one another, the next one drawn. Memory of the block is NaN before it is
// written, and so is what a thread copies to it until the thread waits for the copy.
#include "emulation/block.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <numeric>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <boost/context/fiber.hpp>
#include <boost/context/protected_fixedsize_stack.hpp>

#include "backend/cuda/instructions.cuh"

namespace pitot::emulation {
namespace {

constexpr std::size_t kStack = std::size_t{128} << 10U;
constexpr std::size_t kMostThreads = 1024;
constexpr std::size_t kCopied = 16;  // bytes of a copy

class Block {
public:
    void run(const std::function<void()>& thread, std::size_t threads, std::size_t shared);
    void wait_for_block() { wait(all_, alive_); }
    void wait_for_warp(unsigned lanes) { wait(warps_[current_ / 32], static_cast<std::size_t>(std::popcount(lanes))); }
    // In turn in one of two places: whoever is still reading from the other has not come to this exchange.
    std::byte* exchange(unsigned lanes, const void* mine, std::size_t size) {
        const std::size_t warp = current_ / 32;
        std::byte* const all = lanes_[std::exchange(second_[current_], !second_[current_]) ? 1 : 0][warp];
        std::memcpy(all + current_ % 32 * kOfLane, mine, size);
        wait_for_warp(lanes);
        return all;
    }
    std::byte* memory() { return memory_.get(); }

    struct Copy {
        void* to;
        const void* from;
    };
    std::vector<Copy>& begun() { return begun_[current_]; }
    std::vector<std::vector<Copy>>& committed() { return committed_[current_]; }

private:
    using Barrier = std::vector<std::size_t>;  // who waits
    void wait(Barrier& barrier, std::size_t expected) {
        if (barrier.size() + 1 == expected) {
            release(barrier);
            return;
        }
        barrier.push_back(current_);
        back_ = std::move(back_).resume();
    }
    void release(Barrier& barrier) {
        ready_.insert(ready_.end(), barrier.begin(), barrier.end());
        barrier.clear();
    }
    boost::context::fiber start();

    const std::function<void()>* work_ = nullptr;
    boost::context::fiber back_;
    boost::context::fiber fibers_[kMostThreads];
    std::vector<std::size_t> ready_;
    std::size_t current_ = 0;
    std::size_t alive_ = 0;
    Barrier all_, warps_[kMostThreads / 32];
    bool second_[kMostThreads] = {};
    alignas(64) std::byte lanes_[2][kMostThreads / 32][32 * kOfLane];
    std::unique_ptr<std::byte[]> memory_;
    std::vector<Copy> begun_[kMostThreads];
    std::vector<std::vector<Copy>> committed_[kMostThreads];
};

// A fiber for a thread of one block after the other.
boost::context::fiber Block::start() {
    return {std::allocator_arg, boost::context::protected_fixedsize_stack(kStack),
            [this](boost::context::fiber&& back) {
                back_ = std::move(back);
                for (;;) {
                    (*work_)();
                    --alive_;
                    if (alive_ > 0 && all_.size() == alive_) {
                        release(all_);
                    }
                    back_ = std::move(back_).resume();
                }
                return std::move(back_);
            }};
}

void Block::run(const std::function<void()>& thread, std::size_t threads, std::size_t shared) {
    work_ = &thread;
    alive_ = threads;
    // As many bytes as the launch asked for and no more, so that AddressSanitizer sees what is beyond.
    memory_ = std::make_unique_for_overwrite<std::byte[]>(shared);
    std::fill_n(memory_.get(), shared, std::byte{0xFF});
    std::fill_n(second_, threads, false);
    ready_.resize(threads);
    std::iota(ready_.begin(), ready_.end(), std::size_t{0});
    while (!ready_.empty()) {
        std::swap(ready_[draw_below(ready_.size())], ready_.back());
        current_ = ready_.back();
        ready_.pop_back();
        place.thread = dim3(static_cast<unsigned>(current_));
        boost::context::fiber& fiber = fibers_[current_];
        if (!fiber) {
            fiber = start();
        }
        fiber = std::move(fiber).resume();
    }
    if (alive_ > 0) {
        give_up("threads of a block wait for others that will not come");
    }
    for (std::size_t n = 0; n < threads; ++n) {
        if (!begun_[n].empty()) {
            give_up("a thread ended before its copies were committed");
        }
        committed_[n].clear();
    }
}

// Never destroyed: its fibers wait for work for ever.
Block& block() {
    static Block* const of_all = new Block;
    return *of_all;
}

}  // namespace

void give_up(const char* why) {
    fmt::print(stderr, "emulated card: {}\n", why);
    std::abort();
}

std::size_t draw_below(std::size_t bound) {
    static std::uint64_t state = 1;
    state = state * 6364136223846793005U + 1442695040888963407U;  // Knuth's MMIX
    return static_cast<std::size_t>(state >> 33U) % bound;
}

void wait_for_block() { block().wait_for_block(); }
void wait_for_warp(unsigned lanes) { block().wait_for_warp(lanes); }
std::byte* exchange(unsigned lanes, const void* mine, std::size_t size) { return block().exchange(lanes, mine, size); }
std::byte* memory_of_block() { return block().memory(); }

void copy_later(void* to, const void* from) {
    if (reinterpret_cast<std::uintptr_t>(to) % kCopied != 0 || reinterpret_cast<std::uintptr_t>(from) % kCopied != 0) {
        give_up("a copy of 16 bytes does not begin at a multiple of 16");
    }
    std::memset(to, 0xFF, kCopied);  // NaN, be the numbers of 16 bits or of 32
    block().begun().push_back({to, from});
}
void commit() { block().committed().push_back(std::exchange(block().begun(), {})); }
void wait_for_copies(std::size_t but) {
    auto& committed = block().committed();
    const std::size_t done = committed.size() > but ? committed.size() - but : 0;
    for (std::size_t group = 0; group < done; ++group) {
        for (const auto& copy : committed[group]) {
            if (copy.from == nullptr) {
                std::memset(copy.to, 0, kCopied);
            } else {
                std::memcpy(copy.to, copy.from, kCopied);
            }
        }
    }
    committed.erase(committed.begin(), committed.begin() + static_cast<std::ptrdiff_t>(done));
}

void run_blocks(const std::function<void()>& thread, unsigned blocks_x, unsigned blocks_y, unsigned blocks_z,
                int threads, std::size_t shared) {
    if (static_cast<std::size_t>(threads) > kMostThreads) {
        give_up("a block of more than 1024 threads");
    }
    std::vector<unsigned> order(std::size_t{blocks_x} * blocks_y * blocks_z);
    std::iota(order.begin(), order.end(), 0U);
    for (std::size_t left = order.size(); left > 1; --left) {
        std::swap(order[draw_below(left)], order[left - 1]);
    }
    for (const unsigned number : order) {
        place = {dim3(0), dim3(number % blocks_x, number / blocks_x % blocks_y, number / blocks_x / blocks_y),
                 dim3(static_cast<unsigned>(threads)), dim3(blocks_x, blocks_y, blocks_z)};
        block().run(thread, static_cast<std::size_t>(threads), shared);
    }
}

}  // namespace pitot::emulation
