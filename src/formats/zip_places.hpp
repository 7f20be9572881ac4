// Where the members of a zip archive lie in it: what libzip does not tell.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace pitot::formats {

/// The bytes of a member that is stored as it is, found by the archive's central directory and the member's local
/// header (zip64 included). `name` is the member's whole name and `index` its number in the directory. Nothing if the
/// member is compressed or encrypted, or if anything is odd: bytes before or after the archive, several disks, headers
/// that contradict each other, a member that reaches beyond where members may lie. Never reads outside `archive`.
[[nodiscard]] std::optional<std::span<const std::byte>> stored_member(std::span<const std::byte> archive,
                                                                      std::uint64_t index, std::string_view name);

}  // namespace pitot::formats
