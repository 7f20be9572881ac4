#include "wasm/file_kind.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string_view>

namespace pitot::wasm {
namespace {

constexpr std::size_t kHeaderBytes = 8;

bool starts_with(std::span<const std::uint8_t> bytes, std::string_view text) {
    return bytes.size() >= text.size() && std::equal(text.begin(), text.end(), bytes.begin(),
                                                     [](char a, auto b) { return static_cast<std::uint8_t>(a) == b; });
}

std::string_view beginning(std::span<const std::uint8_t> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// The first bytes of what is no binary module, and what it is.
std::string other_file(std::span<const std::uint8_t> bytes) {
    using std::string_view_literals::operator""sv;
    if (starts_with(bytes,
                    "\x7F"
                    "ELF"sv)) {
        return "is a program or library of this machine (ELF), not WebAssembly; build it for wasm32-wasi";
    }
    if (starts_with(bytes, "\x1F\x8B"sv) || starts_with(bytes, "PK\x03\x04"sv) ||
        starts_with(bytes, "\x28\xB5\x2F\xFD"sv)) {
        return "is compressed; unpack it";
    }
    if (starts_with(bytes, "!<arch>"sv)) {
        return "is a library of object files, not a module; link it";
    }
    if (starts_with(bytes, "BC\xC0\xDE"sv)) {
        return "is LLVM bitcode, not a module; link it for wasm32-wasi";
    }
    if (starts_with(bytes, "version https://git-lfs"sv)) {
        return "is a pointer of Git LFS to a file that was not fetched; fetch it with 'git lfs pull'";
    }
    const auto is_space = [](std::uint8_t c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
    std::span<const std::uint8_t> text = bytes;
    if (starts_with(text, "\xEF\xBB\xBF"sv)) {
        text = text.subspan(3);
    }
    while (!text.empty() && is_space(text.front())) {
        text = text.subspan(1);
    }
    if (starts_with(text, "(") || starts_with(text, ";;")) {
        return "is WebAssembly in its text form; make the binary of it (wat2wasm does)";
    }
    if (bytes.empty()) {
        return "is empty; copy or build it again";
    }
    if (bytes.size() < kHeaderBytes && std::string_view("\0asm\1\0\0", 7).starts_with(beginning(bytes))) {
        return "ends too early: within the header of a module; copy it again";
    }
    if (starts_with(text, "<")) {
        return "is a page of HTML or XML, not a module; was it downloaded from the right place?";
    }
    return "is no WebAssembly module, which begins with a byte 0 and 'asm'; give the .wasm file";
}

bool has_component_layer(std::span<const std::uint8_t> bytes) { return bytes[6] == 1 && bytes[7] == 0; }

std::string version_words(std::span<const std::uint8_t> bytes) {
    if (has_component_layer(bytes)) {
        return "is a component (WASI preview 2), not a core module; extract its core module with 'wasm-tools component "
               "unbundle' or 'jco transpile', or build it for WASI preview 1 (wasm32-wasip1)";
    }
    if (bytes[4] != 1 || bytes[5] != 0 || bytes[6] != 0 || bytes[7] != 0) {
        return fmt::format("has version {} of the binary format, and there is only version 1; copy or build it again",
                           bytes[4] + 256 * bytes[5]);
    }
    return "";
}

bool has_magic(std::span<const std::uint8_t> bytes) {
    return bytes.size() >= kHeaderBytes && starts_with(bytes, std::string_view("\0asm", 4));
}

}  // namespace

bool is_component(std::span<const std::uint8_t> bytes) { return has_magic(bytes) && has_component_layer(bytes); }

bool is_core_module(std::span<const std::uint8_t> bytes) { return has_magic(bytes) && version_words(bytes).empty(); }

namespace {

/// An unsigned LEB128 of at most 32 bits at `at`, which is moved behind it; nothing where the bytes end or it is
/// longer.
std::optional<std::uint64_t> read_size(std::span<const std::uint8_t> bytes, std::size_t& at) {
    constexpr unsigned bits = 7;
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 5 * bits && at < bytes.size(); shift += bits) {
        const std::uint8_t next = bytes[at++];
        value |= std::uint64_t{next & 0x7FU} << shift;
        if ((next & 0x80U) == 0) {
            return value;
        }
    }
    return std::nullopt;
}

}  // namespace

std::string find_broken_frame(std::span<const std::uint8_t> bytes) {
    constexpr std::uint8_t last_section = 13;
    constexpr std::uint8_t functions = 3;
    constexpr std::uint8_t code = 10;
    bool wants_code = false;
    for (std::size_t at = kHeaderBytes; at < bytes.size();) {
        const std::size_t begin = at;
        const std::uint8_t id = bytes[at++];
        if (id > last_section) {
            return fmt::format(
                "holds something that is no section of a module (at byte {}), as behind its end; copy or build it "
                "again",
                begin);
        }
        const auto size = read_size(bytes, at);
        if (!size || *size > bytes.size() - at) {
            return fmt::format("ends too early: within the section at byte {}; copy it again", begin);
        }
        wants_code = id == functions ? *size > 0 && bytes[at] != 0 : wants_code && id != code;
        at += *size;
    }
    return wants_code ? "ends too early: before the code of its functions; copy it again" : "";
}

std::string file_kind(std::span<const std::uint8_t> bytes) {
    return has_magic(bytes) ? version_words(bytes) : other_file(bytes);
}

}  // namespace pitot::wasm
