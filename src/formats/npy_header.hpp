// The header of a .npy member: magic, version, and a Python dictionary literal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "formats/npz.hpp"
#include "pitot/result.hpp"

namespace pitot::formats {

/// Bytes before the length of the header: magic, major, minor.
inline constexpr std::size_t kNpyPrefix = 8;
/// Longer headers are refused; NumPy's own limit for untrusted files is 10 000.
inline constexpr std::int64_t kLongestNpyHeader = 1 << 20;

/// Bytes that hold the header's length (2 or 4) after the prefix. The message of an error says what the array is or
/// lacks and the remedy ("is not …; save it again"), for a caller that names it.
[[nodiscard]] Result<std::size_t> npy_length_bytes(std::span<const unsigned char, kNpyPrefix> prefix);

/// Parses "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }". Errors as above: object arrays, structured and
/// other dtypes that hold neither numbers nor text, and anything NumPy would not write.
[[nodiscard]] Result<ArrayInfo> parse_npy_header(std::string_view text);

/// Magic, version 1.0 and header of a row-major little-endian array, padded as NumPy does so that the elements begin at
/// a multiple of 64 bytes, counted from `place` bytes before the magic.
[[nodiscard]] std::string make_npy_header(std::string_view descr, std::span<const std::int64_t> shape,
                                          std::uint64_t place = 0);

}  // namespace pitot::formats
