#include "formats/input.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <new>
#include <optional>
#include <utility>

#include "core/path.hpp"
#include "core/read_file.hpp"
#include "core/utf8.hpp"

namespace pitot::formats {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t kFirstBytes = 4096;

struct InflateEnd {
    void operator()(z_stream* stream) const {
        ::inflateEnd(stream);
        delete stream;  // NOLINT(cppcoreguidelines-owning-memory): zlib's own memory is freed before it
    }
};

Failure damaged(const std::string& name) {
    return fail(
        ErrorCode::kInput,
        fmt::format("{}: what is compressed in it (gzip) is cut short or damaged; copy or download it again", name));
}

// All members of a gzip file, one behind the other (RFC 1952, section 2.2).
Result<std::string> unpacked(std::string_view packed, const std::string& name) {
    const std::unique_ptr<z_stream, InflateEnd> stream(new z_stream{});
    constexpr int gzip_alone = 15 + 16;  // the largest window; gzip's header, not zlib's
    if (::inflateInit2(stream.get(), gzip_alone) != Z_OK) {
        return fail(ErrorCode::kEnvironment, fmt::format("{}: there is no memory to unpack it; free some", name));
    }
    constexpr std::size_t piece = std::size_t{1} << 20;
    std::string out;
    for (;;) {
        const std::size_t before = out.size();
        if (before > core::kLargestFile) {
            return fail(ErrorCode::kInput, fmt::format("{}: unpacks to more than 4 GiB; split it", name));
        }
        out.resize(before + piece);
        const std::size_t given = std::min(packed.size(), piece);
        stream->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));  // NOLINT: zlib takes no const
        stream->avail_in = static_cast<uInt>(given);
        stream->next_out = reinterpret_cast<Bytef*>(out.data() + before);  // NOLINT: characters are bytes
        stream->avail_out = static_cast<uInt>(piece);
        const int code = ::inflate(stream.get(), Z_NO_FLUSH);
        out.resize(before + piece - stream->avail_out);
        packed.remove_prefix(given - stream->avail_in);
        if (code == Z_STREAM_END) {
            if (!is_gzip(packed)) {
                return out;  // bytes behind the last member are padding, as for gzip itself
            }
            ::inflateReset(stream.get());
        } else if (code != Z_OK) {
            return damaged(name);  // Z_BUF_ERROR: the input ends within a member
        }
    }
}

// How the characters of a text are written.
struct Encoding {
    std::size_t unit = 1;  // bytes
    bool big_endian = false;
    std::size_t mark = 0;  // bytes of the byte order mark
};

// Without a mark: every other byte of a text in UTF-16 that is mostly ASCII is 0.
std::optional<Encoding> by_zeros(std::string_view bytes) {
    const std::string_view head = bytes.substr(0, kFirstBytes);
    std::array<std::size_t, 2> zeros{};
    for (std::size_t i = 0; i < head.size(); ++i) {
        zeros[i % 2] += head[i] == '\0' ? 1U : 0U;  // NOLINT(cppcoreguidelines-pro-bounds-constant-array-index)
    }
    const std::size_t half = head.size() / 2;
    const bool big_endian = zeros[0] > zeros[1];
    const auto [few, many] = std::minmax(zeros[0], zeros[1]);
    return 10 * many >= 6 * half && 10 * few <= half && many > 0 ? std::optional(Encoding{2, big_endian, 0})
                                                                 : std::nullopt;
}

Encoding encoding_of(std::string_view bytes) {
    constexpr std::array marks{
        std::pair("\xFF\xFE\0\0"sv, Encoding{4, false, 4}), std::pair("\0\0\xFE\xFF"sv, Encoding{4, true, 4}),
        std::pair("\xFF\xFE"sv, Encoding{2, false, 2}), std::pair("\xFE\xFF"sv, Encoding{2, true, 2}),
        std::pair("\xEF\xBB\xBF"sv, Encoding{1, false, 3})};
    for (const auto& [mark, encoding] : marks) {
        if (bytes.starts_with(mark)) {
            return encoding;
        }
    }
    return by_zeros(bytes).value_or(Encoding{});
}

std::uint32_t code_unit(std::string_view bytes, std::size_t at, const Encoding& encoding) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < encoding.unit; ++i) {
        const std::size_t byte = encoding.big_endian ? i : encoding.unit - 1 - i;
        value = (value << 8U) | static_cast<unsigned char>(bytes[at + byte]);
    }
    return value;
}

// UTF-16 (RFC 2781) or UTF-32 as UTF-8.
Result<std::string> transcoded(std::string_view bytes, const Encoding& encoding, const std::string& name) {
    const auto broken = [&](std::size_t at) {
        return fail(ErrorCode::kInput, fmt::format("{}: is no whole text in UTF-{} (byte {}); save it again as UTF-8",
                                                   name, 8 * encoding.unit, at));
    };
    std::string text;
    text.reserve(bytes.size() / encoding.unit);
    for (std::size_t at = encoding.mark; at < bytes.size(); at += encoding.unit) {
        if (bytes.size() - at < encoding.unit) {
            return broken(at);
        }
        std::uint32_t code = code_unit(bytes, at, encoding);
        if (encoding.unit == 2 && code >= 0xD800 && code < 0xDC00 && bytes.size() - at >= 4) {
            const std::uint32_t low = code_unit(bytes, at + 2, encoding);
            if (low >= 0xDC00 && low < 0xE000) {
                code = 0x10000 + ((code - 0xD800) << 10U) + (low - 0xDC00);
                at += 2;
            }
        }
        if (!core::append_utf8(text, code)) {
            return broken(at);
        }
    }
    return text;
}

}  // namespace

std::string input_name(const std::filesystem::path& file) {
    return file == kStandardInput ? "standard input" : file.string();
}

Result<std::string> read_input(const std::filesystem::path& file) {
    return core::read_file(file == kStandardInput ? "/dev/stdin" : file).and_then([&](std::string bytes) {
        return unpacked_input(std::move(bytes), input_name(file));
    });
}

Result<std::string> unpacked_input(std::string bytes, const std::string& name) {
    if (!is_gzip(bytes)) {
        return bytes;
    }
    try {
        return unpacked(bytes, name);
    } catch (const std::bad_alloc&) {
        return fail(ErrorCode::kEnvironment, fmt::format("{}: there is no memory to unpack it; free some", name));
    }
}

std::string first_bytes(const std::filesystem::path& file) {
    std::error_code ignored;
    if (core::holds_nul(file) || !std::filesystem::is_regular_file(file, ignored)) {
        return {};
    }
    std::FILE* opened = std::fopen(file.c_str(), "rbe");
    if (opened == nullptr) {
        return {};
    }
    std::string bytes(kFirstBytes, '\0');
    bytes.resize(std::fread(bytes.data(), 1, bytes.size(), opened));
    std::fclose(opened);
    return bytes;
}

bool is_zip(std::string_view bytes) { return bytes.starts_with("PK\x03\x04"sv) || bytes.starts_with("PK\x05\x06"sv); }

bool is_gzip(std::string_view bytes) { return bytes.starts_with("\x1F\x8B"sv); }

bool is_json(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r\n"sv);
    if (first == std::string_view::npos || (text[first] != '{' && text[first] != '[')) {
        return false;
    }
    const auto second = text.find_first_not_of(" \t\r\n"sv, first + 1);
    const std::string_view after = text[first] == '{' ? "\"}"sv : "{[]\""sv;
    return second != std::string_view::npos && after.find(text[second]) != std::string_view::npos;
}

const char* other_content(std::string_view bytes) {
    constexpr std::array known{
        std::pair("PAR1"sv, "a Parquet file"),
        std::pair("ARROW1"sv, "an Arrow (Feather) file"),
        std::pair("\x89HDF"sv, "an HDF5 file"),
        std::pair("SQLite format 3"sv, "an SQLite database"),
        std::pair("\xD0\xCF\x11\xE0"sv, "an old Excel workbook (.xls)"),
        std::pair("\x93NUMPY"sv, "a single NumPy array (.npy)"),
        std::pair("\x28\xB5\x2F\xFD"sv, "compressed by Zstandard"),
        std::pair("BZh"sv, "compressed by bzip2"),
        std::pair("\xFD"
                  "7zXZ"sv,
                  "compressed by xz"),
        std::pair("7z\xBC\xAF"sv, "a 7z archive"),
        std::pair("%PDF"sv, "a PDF"),
        std::pair("\0asm"sv, "a WebAssembly module"),
        std::pair("\x7F"
                  "ELF"sv,
                  "a program"),
    };
    for (const auto& [start, what] : known) {
        if (bytes.starts_with(start)) {
            return what;
        }
    }
    if (is_zip(bytes)) {
        const std::string_view name = bytes.substr(std::min<std::size_t>(bytes.size(), 30), 64);
        if (name.starts_with("[Content_Types].xml") || name.starts_with("_rels/") || name.starts_with("xl/") ||
            name.starts_with("docProps/")) {
            return "an Excel workbook (.xlsx)";
        }
        if (name.starts_with("mimetypeapplication/vnd.oasis")) {
            return "a spreadsheet (.ods)";
        }
    }
    const auto first = bytes.find_first_not_of(" \t\r\n"sv);
    if (first != std::string_view::npos && bytes[first] == '<') {
        return "a page of HTML or XML";
    }
    return nullptr;
}

Result<std::string> decode_text(std::string bytes, const std::string& name) {
    const Encoding encoding = encoding_of(bytes);
    if (encoding.unit > 1) {
        return transcoded(bytes, encoding, name);
    }
    if (encoding.mark > 0) {
        bytes.erase(0, encoding.mark);
    }
    if (const auto zero = bytes.find('\0'); zero != std::string::npos) {
        return fail(ErrorCode::kInput,
                    fmt::format("{}: is no text: byte {} is zero; save it as CSV in UTF-8", name, zero));
    }
    return bytes;
}

std::optional<std::string> decode_windows_1252(std::string_view bytes) {
    // What 0x80 to 0x9F are (Unicode's mapping CP1252); 0: nothing. The rest is as in Latin-1.
    constexpr std::array<char16_t, 32> kSpecial{0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                                                0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0,      0x017D, 0,
                                                0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                                0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};
    if (core::is_utf8(bytes)) {
        return std::nullopt;
    }
    std::string text;
    text.reserve(bytes.size() + bytes.size() / 8);
    for (const char byte : bytes) {
        std::uint32_t code = static_cast<unsigned char>(byte);
        if (code >= 0x80 && code < 0x80 + kSpecial.size()) {
            code = kSpecial[code - 0x80];
        }
        const bool control = code < 0x20 && byte != '\t' && byte != '\n' && byte != '\r' && byte != '\f';
        if (control || !core::append_utf8(text, code)) {
            return std::nullopt;
        }
    }
    return text;
}

}  // namespace pitot::formats
