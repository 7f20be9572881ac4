// Internal to the room: libwabt's interpreter behind plain types. Its headers are C++17, so interpreter.cpp is compiled
// as that, and this file is both.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pitot::wasm {

struct Invalid {
    std::string why;
    std::size_t at_byte = 0;
};

/// Checks a module while it is read, opcode by opcode, as libwabt's interpreter does: its reader of trees relies on
/// what only a check of the whole tree would find, and breaks down on some modules that are not valid. One entry or
/// none.
std::vector<Invalid> find_invalid(const std::uint8_t* bytes, std::size_t size);

/// First byte of what interpret() writes.
enum class Interpreted : std::uint8_t { kFinished, kTrapped, kTimedOut, kRefused };

struct InterpreterTask {
    const std::vector<std::uint8_t>* bytes = nullptr;  ///< the instrumented module; it has no imports
    std::uint32_t first_counter = 0;
    std::size_t counters = 0;
    std::string invoke;  ///< as in RunRequest, and so the next
    std::vector<std::string> parameters{};
    double timeout_s = 0.0;  ///< 0: none
};

/// Runs a module in this process, which is to do nothing else: it owns its alarm and ends it at the time-out. Writes to
/// `answer_fd`: how it ended, one counter a piece (8 bytes each, native order), and the reason as text. Returns the
/// exit status for the process.
int interpret(const InterpreterTask& task, int answer_fd);

}  // namespace pitot::wasm
