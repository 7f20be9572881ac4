#include "core/utf8.hpp"

#include <utf8proc.h>

#include <algorithm>
#include <array>

namespace pitot::core {
namespace {

constexpr std::size_t kLongest = 60;  // bytes of a text in a message

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

}  // namespace

CodePoint next_code_point(std::string_view text) {
    utf8proc_int32_t code = 0;
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): bytes
    const auto* const bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
    const utf8proc_ssize_t size = utf8proc_iterate(bytes, static_cast<utf8proc_ssize_t>(text.size()), &code);
    return size > 0 ? CodePoint{static_cast<char32_t>(code), static_cast<std::size_t>(size), true}
                    : CodePoint{static_cast<char32_t>(*bytes), 1, false};
}

bool append_utf8(std::string& text, std::uint32_t code_point) {
    if (code_point > 0x10FFFF || !utf8proc_codepoint_valid(static_cast<utf8proc_int32_t>(code_point))) {
        return false;
    }
    std::array<utf8proc_uint8_t, 4> bytes{};
    const utf8proc_ssize_t size = utf8proc_encode_char(static_cast<utf8proc_int32_t>(code_point), bytes.data());
    text.append(bytes.begin(), bytes.begin() + size);
    return true;
}

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        const CodePoint next = next_code_point(text);
        if (!next.valid) {
            return false;
        }
        text.remove_prefix(next.bytes);
    }
    return true;
}

std::optional<std::u32string> decode_utf8(std::string_view text) {
    std::u32string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const CodePoint next = next_code_point(text);
        if (!next.valid) {
            return std::nullopt;
        }
        out.push_back(next.code);
        text.remove_prefix(next.bytes);
    }
    return out;
}

std::size_t display_width(std::string_view text) {
    std::size_t width = 0;
    while (!text.empty()) {
        const CodePoint next = next_code_point(text);
        width +=
            next.valid ? static_cast<std::size_t>(utf8proc_charwidth(static_cast<utf8proc_int32_t>(next.code))) : 1;
        text.remove_prefix(next.bytes);
    }
    return width;
}

const char* name_fault(std::string_view name) {
    if (name.empty()) {
        return "is empty";
    }
    if (std::ranges::any_of(name, is_control)) {
        return "holds a control character";
    }
    return is_utf8(name) ? nullptr : "is not UTF-8";
}

std::string clean_lines(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const CodePoint next = next_code_point(text);
        const bool kept = next.valid && (!is_control(text.front()) || text.front() == '\n' || text.front() == '\t');
        out += kept ? text.substr(0, next.bytes) : "?";
        text.remove_prefix(next.bytes);
    }
    return out;
}

std::string printable(std::string_view text) {
    const bool cut = text.size() > kLongest;
    std::size_t length = cut ? kLongest : text.size();
    while (cut && length > 0 && (static_cast<unsigned char>(text[length]) & 0xC0U) == 0x80U) {
        --length;  // not within a character
    }
    std::string out(text.substr(0, length));
    const bool broken = !is_utf8(out);
    std::ranges::replace_if(
        out, [&](char c) { return is_control(c) || (broken && static_cast<unsigned char>(c) >= 0x80); }, '?');
    return cut ? out + "..." : out;
}

}  // namespace pitot::core
