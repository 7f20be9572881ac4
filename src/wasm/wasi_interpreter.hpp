// Modules that use WASI, in libwabt's interpreter. wasi_interpreter.cpp is compiled as C++17, and this file is both.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pitot::wasm {

struct WasiRun {
    bool refused = false;      ///< the module cannot be run, or WASI is not all that it imports
    std::string reason;        ///< why it was refused, or the trap; empty if it came to its end or exited
    std::uint32_t status = 0;  ///< that it exited with
};

/// Calls the module's _start or, where it has none, _initialize and all other functions that take no parameters.
/// `args`: its name, then its arguments; `environment`: NAME=value. It has clocks, random bytes and the standard
/// streams, too; no folders.
WasiRun interpret_wasi(const std::vector<std::uint8_t>& bytes, const std::vector<std::string>& args,
                       const std::vector<std::string>& environment = {});

}  // namespace pitot::wasm
