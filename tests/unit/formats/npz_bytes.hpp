// .npy members and zip archives made byte by byte, whole and broken, without the code under test.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pitot::test {

/// The least significant `bytes` bytes of a number, little-endian.
inline std::string little(std::uint64_t value, std::size_t bytes) {
    std::string out;
    for (std::size_t i = 0; i < bytes; ++i) {
        out += static_cast<char>((value >> (8 * i)) & 0xFFU);
    }
    return out;
}

/// Values as they lie in a file of either byte order.
template <typename T>
std::string packed(const std::vector<T>& values, bool big_endian = false) {
    std::string out;
    for (const T& value : values) {
        std::string bytes(sizeof(T), '\0');
        std::memcpy(bytes.data(), &value, sizeof(T));
        if (big_endian != (std::endian::native == std::endian::big)) {
            std::reverse(bytes.begin(), bytes.end());
        }
        out += bytes;
    }
    return out;
}

/// Code points in fields of `width` characters, as NumPy's U.
inline std::string packed_text(const std::vector<std::u32string>& texts, std::size_t width, bool big_endian = false) {
    std::vector<std::uint32_t> points;
    for (const std::u32string& text : texts) {
        for (std::size_t k = 0; k < width; ++k) {
            points.push_back(k < text.size() ? static_cast<std::uint32_t>(text[k]) : 0);
        }
    }
    return packed(points, big_endian);
}

/// A .npy member with this header, whatever it says.
inline std::string npy_raw(std::string header, const std::string& elements, int major = 1) {
    const std::size_t length_bytes = major == 1 ? 2 : 4;
    while ((8 + length_bytes + header.size() + 1) % 64 != 0) {
        header += ' ';
    }
    header += '\n';
    std::string out = "\x93NUMPY";
    out += static_cast<char>(major);
    out += '\0';
    return out + little(header.size(), length_bytes) + header + elements;
}

/// `shape` as Python writes it: "(3, 4)", "(3,)", "()".
inline std::string npy(std::string_view descr, std::string_view shape, const std::string& elements,
                       bool fortran_order = false, int major = 1) {
    return npy_raw("{'descr': '" + std::string(descr) + "', 'fortran_order': " + (fortran_order ? "True" : "False") +
                       ", 'shape': " + std::string(shape) + ", }",
                   elements, major);
}

inline std::uint32_t crc32(std::string_view bytes) {
    std::uint32_t crc = 0xFFFFFFFFU;
    for (const char c : bytes) {
        crc ^= static_cast<unsigned char>(c);
        for (int bit = 0; bit < 8; ++bit) {
            crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0xEDB88320U : 0U);
        }
    }
    return ~crc;
}

/// Deflated without being any smaller: blocks that are stored as they are.
inline std::string deflated(std::string_view bytes) {
    std::string out;
    do {
        const std::string_view block = bytes.substr(0, 65535);
        bytes.remove_prefix(block.size());
        out += static_cast<char>(bytes.empty() ? 1 : 0);
        out += little(block.size(), 2) + little(~block.size(), 2);
        out += block;
    } while (!bytes.empty());
    return out;
}

struct Member {
    std::string name;  ///< with .npy
    std::string bytes;
    bool deflate = false;
    int method = -1;                 ///< what the archive says of it, if not the truth
    std::int64_t claimed_size = -1;  ///< likewise
    std::uint32_t crc_error = 0;     ///< flips these bits of the checksum
};

/// A zip archive.
inline std::string zip(const std::vector<Member>& members) {
    std::string out;
    std::string directory;
    for (const Member& member : members) {
        const std::string body = member.deflate ? deflated(member.bytes) : member.bytes;
        const std::uint64_t size =
            member.claimed_size >= 0 ? static_cast<std::uint64_t>(member.claimed_size) : member.bytes.size();
        const auto method = static_cast<std::uint64_t>(member.method >= 0 ? member.method : (member.deflate ? 8 : 0));
        const std::string common = little(20, 2) + little(0, 2) + little(method, 2) + little(0, 2) + little(0x21, 2) +
                                   little(crc32(member.bytes) ^ member.crc_error, 4) + little(body.size(), 4) +
                                   little(size, 4) + little(member.name.size(), 2) + little(0, 2);
        directory += little(0x02014b50, 4) + little(20, 2) + common + little(0, 2) + little(0, 2) + little(0, 2) +
                     little(0, 4) + little(out.size(), 4) + member.name;
        out += little(0x04034b50, 4) + common + member.name + body;
    }
    const std::size_t start = out.size();
    out += directory;
    out += little(0x06054b50, 4) + little(0, 2) + little(0, 2) + little(members.size(), 2) + little(members.size(), 2) +
           little(directory.size(), 4) + little(start, 4) + little(0, 2);
    return out;
}

/// An archive of one stored member that has all its sizes and places in zip64 fields.
inline std::string zip64(const std::string& name, const std::string& bytes) {
    const std::string none(4, '\xFF');
    const std::string sizes = little(bytes.size(), 8) + little(bytes.size(), 8);
    const std::string common = little(45, 2) + little(0, 2) + little(0, 2) + little(0, 2) + little(0x21, 2) +
                               little(crc32(bytes), 4) + none + none + little(name.size(), 2);
    std::string out =
        little(0x04034b50, 4) + common + little(20, 2) + name + little(1, 2) + little(16, 2) + sizes + bytes;
    const std::size_t start = out.size();
    out += little(0x02014b50, 4) + little(45, 2) + common + little(28, 2) + little(0, 2) + little(0, 2) + little(0, 2) +
           little(0, 4) + none + name + little(1, 2) + little(24, 2) + sizes + little(0, 8);
    const std::size_t end = out.size();
    out += little(0x06064b50, 4) + little(44, 8) + little(45, 2) + little(45, 2) + little(0, 4) + little(0, 4) +
           little(1, 8) + little(1, 8) + little(end - start, 8) + little(start, 8);
    out += little(0x07064b50, 4) + little(0, 4) + little(end, 8) + little(1, 4);
    return out + little(0x06054b50, 4) + little(0, 2) + little(0, 2) + little(0xFFFF, 2) + little(0xFFFF, 2) + none +
           none + little(0, 2);
}

/// An archive of arrays: {name without .npy, bytes}.
inline std::string npz(const std::vector<std::pair<std::string, std::string>>& arrays, bool deflate = false) {
    std::vector<Member> members;
    for (const auto& [name, bytes] : arrays) {
        members.push_back({name + ".npy", bytes, deflate, -1, -1, 0});
    }
    return zip(members);
}

inline std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

// Arrays of the types the layouts use most.
inline std::string shape_of(std::size_t rows) { return "(" + std::to_string(rows) + ",)"; }
inline std::string shape_of(std::size_t rows, std::size_t cols) {
    return "(" + std::to_string(rows) + ", " + std::to_string(cols) + ")";
}
inline std::string f8(const std::vector<double>& values) { return npy("<f8", shape_of(values.size()), packed(values)); }
inline std::string f8(const std::vector<double>& values, std::size_t cols) {
    return npy("<f8", shape_of(values.size() / cols, cols), packed(values));
}
inline std::string i8(const std::vector<std::int64_t>& values) {
    return npy("<i8", shape_of(values.size()), packed(values));
}
inline std::string i8(const std::vector<std::int64_t>& values, std::size_t cols) {
    return npy("<i8", shape_of(values.size() / cols, cols), packed(values));
}
inline std::string text(const std::vector<std::u32string>& values) {
    std::size_t width = 1;
    for (const auto& value : values) {
        width = std::max(width, value.size());
    }
    return npy("<U" + std::to_string(width), shape_of(values.size()), packed_text(values, width));
}

}  // namespace pitot::test
