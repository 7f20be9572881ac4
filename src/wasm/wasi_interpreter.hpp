// Modules that use WASI, in libwabt's interpreter. wasi_interpreter.cpp is compiled as C++17, and this file is both.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pitot::wasm {

struct WasiRun {
    bool refused = false;  ///< the module cannot be run, or WASI is not all that it imports
    std::string reason;    ///< why it was refused, or the trap; empty if it came to its end
};

/// Calls the module's _start. `args`: its name, then its arguments. It has arguments, clocks, random bytes and the
/// standard streams; no folders, no environment. A module that exits ends this process with its status.
WasiRun interpret_wasi(const std::vector<std::uint8_t>& bytes, const std::vector<std::string>& args);

}  // namespace pitot::wasm
