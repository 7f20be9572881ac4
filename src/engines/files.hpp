// Internal to the room: the files that are compiled into the program (src/engines/files).
#pragma once

#include <filesystem>
#include <initializer_list>
#include <string>
#include <string_view>

#include "pitot/result.hpp"

namespace pitot::engines {

/// The bytes of engines.json, wasi.js, wasi.c or check.wasm; empty for other names.
[[nodiscard]] std::string_view embedded_file(std::string_view name);

/// SHA-256 of what the parts are, one after the other and told apart, as 16 hexadecimal digits.
[[nodiscard]] std::string short_digest(std::initializer_list<std::string_view> parts);

/// A folder below `cache` with wasi.js and wasi.c, made if it is not there. kEnvironment error if it cannot be made.
[[nodiscard]] Result<std::filesystem::path> runtime_folder(const std::filesystem::path& cache);

}  // namespace pitot::engines
