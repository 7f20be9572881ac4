// Threads of a block, which take turns on one thread of the processor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

namespace pitot::emulation {

/// Ends the program: nothing that a test could go on with.
[[noreturn]] void give_up(const char* why);

/// Numbers that are the same in every run of the program: which of several things comes first.
std::size_t draw_below(std::size_t bound);

/// Runs one block after the other, in a drawn order, each with `shared` bytes.
void run_blocks(const std::function<void()>& thread, unsigned blocks_x, unsigned blocks_y, unsigned blocks_z,
                int threads, std::size_t shared);

}  // namespace pitot::emulation
