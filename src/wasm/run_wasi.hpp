// Internal to the room and to C++17 and C++20 alike: a WASI command in libwabt's interpreter.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pitot::wasm {

struct WasiEnding {
    int exit_status = 0;
    std::string trap;     ///< the reason, if it trapped
    std::string refused;  ///< the reason, if it could not be run
};

/// Runs `_start` in this process, writing what the program writes. Offers what a program without files needs of
/// wasi_snapshot_preview1.
[[nodiscard]] WasiEnding run_wasi(const std::vector<std::uint8_t>& bytes, const std::vector<std::string>& args);

}  // namespace pitot::wasm
