// Counts of WebAssembly instructions by opcode.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace pitot::wasm {

/// An opcode as it is encoded: a byte, or a prefix byte and a number.
struct OpcodeId {
    std::uint8_t prefix = 0;  ///< 0xFC (bulk memory, saturating conversions), 0xFD (SIMD), 0xFE (threads); 0 for none
    std::uint32_t code = 0;

    /// The first byte: the prefix if there is one.
    [[nodiscard]] std::uint8_t byte() const { return prefix != 0 ? prefix : static_cast<std::uint8_t>(code); }
    auto operator<=>(const OpcodeId&) const = default;
};

struct OpcodeCount {
    OpcodeId id;
    std::string name;  ///< of the text format ("i32.add"); 0x1C, `select` with a type, is "select_t"
    std::uint64_t count = 0;

    bool operator==(const OpcodeCount&) const = default;
};

inline constexpr std::size_t kOpcodeBytes = 256;

/// By first byte: all opcodes of a prefix are counted under the prefix.
[[nodiscard]] std::array<std::uint64_t, kOpcodeBytes> counts_by_byte(std::span<const OpcodeCount> counts);

[[nodiscard]] std::uint64_t total(std::span<const OpcodeCount> counts);

}  // namespace pitot::wasm
