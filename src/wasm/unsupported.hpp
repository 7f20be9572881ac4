// Internal to the room: what of WebAssembly libwabt does not read, by name.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace pitot::wasm {

/// What a file is or uses that no reader of core modules, or not libwabt, takes, and what to do about it, as the end of
/// a sentence that begins with the file's name: "is a component …", "uses the GC proposal …". Empty if it has nothing
/// of that kind. Walks the sections, and the opcodes with their immediates, by the grammar of the binary format
/// (https://webassembly.github.io/spec/core/binary, and the proposals' own overviews) until something does not fit.
[[nodiscard]] std::string find_unsupported(std::span<const std::uint8_t> bytes);

}  // namespace pitot::wasm
