// The files in share/, as they were when the program was built (cmake/PitotEmbed.cmake).
#pragma once

#include <string_view>

namespace pitot::fleet {

extern const std::string_view kEngineTable;  ///< engines.json: the built-in table
extern const std::string_view kWasiScript;   ///< wasi.js
extern const std::string_view kWasm2cMain;   ///< wasm2c_main.c

}  // namespace pitot::fleet
