// Internal to the room: what a file is that is no core module.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace pitot::wasm {

/// Whether it begins as the binary form of a module of version 1 does.
[[nodiscard]] bool is_core_module(std::span<const std::uint8_t> bytes);

/// Whether it begins as a component of WASI preview 2 does.
[[nodiscard]] bool is_component(std::span<const std::uint8_t> bytes);

/// Where the sections of a core module do not make up its file: it was cut short, or something else lies behind its
/// end. As the end of a sentence that begins with the file's name; empty if they do.
[[nodiscard]] std::string find_broken_frame(std::span<const std::uint8_t> bytes);

/// What it is by its first bytes and what to do about it, as the end of a sentence that begins with the file's name:
/// "is a component …". Empty for a core module.
[[nodiscard]] std::string file_kind(std::span<const std::uint8_t> bytes);

}  // namespace pitot::wasm
