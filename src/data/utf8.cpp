#include "data/utf8.hpp"

#include <algorithm>

namespace pitot {
namespace {

constexpr std::size_t kLongest = 60;  // bytes of a text in a message

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

}  // namespace

bool append_utf8(std::string& text, std::uint32_t code_point) {
    const auto byte = [&](std::uint32_t value) { text.push_back(static_cast<char>(value)); };
    if (code_point < 0x80) {
        byte(code_point);
    } else if (code_point < 0x800) {
        byte(0xC0U | (code_point >> 6U));
        byte(0x80U | (code_point & 0x3FU));
    } else if (code_point < 0x10000) {
        if (code_point >= 0xD800 && code_point < 0xE000) {
            return false;
        }
        byte(0xE0U | (code_point >> 12U));
        byte(0x80U | ((code_point >> 6U) & 0x3FU));
        byte(0x80U | (code_point & 0x3FU));
    } else if (code_point < 0x110000) {
        byte(0xF0U | (code_point >> 18U));
        byte(0x80U | ((code_point >> 12U) & 0x3FU));
        byte(0x80U | ((code_point >> 6U) & 0x3FU));
        byte(0x80U | (code_point & 0x3FU));
    } else {
        return false;
    }
    return true;
}

std::optional<std::u32string> decode_utf8(std::string_view text) {
    std::u32string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size();) {
        const auto lead = static_cast<unsigned char>(text[i]);
        const std::size_t length = lead < 0x80   ? 1
                                   : lead < 0xC2 ? 0
                                   : lead < 0xE0 ? 2
                                   : lead < 0xF0 ? 3
                                   : lead < 0xF5 ? 4
                                                 : 0;
        if (length == 0 || text.size() - i < length) {
            return std::nullopt;
        }
        std::uint32_t point = length == 1 ? lead : lead & (0x7FU >> length);
        for (std::size_t k = 1; k < length; ++k) {
            const auto next = static_cast<unsigned char>(text[i + k]);
            if ((next & 0xC0U) != 0x80U) {
                return std::nullopt;
            }
            point = (point << 6U) | (next & 0x3FU);
        }
        const bool overlong = (length == 3 && point < 0x800) || (length == 4 && point < 0x10000);
        if (overlong || point >= 0x110000 || (point >= 0xD800 && point < 0xE000)) {
            return std::nullopt;
        }
        out.push_back(static_cast<char32_t>(point));
        i += length;
    }
    return out;
}

const char* name_fault(std::string_view name) {
    if (name.empty()) {
        return "is empty";
    }
    if (std::ranges::any_of(name, is_control)) {
        return "holds a control character";
    }
    return decode_utf8(name) ? nullptr : "is not UTF-8";
}

std::string printable(std::string_view text) {
    const bool cut = text.size() > kLongest;
    std::size_t length = cut ? kLongest : text.size();
    while (cut && length > 0 && (static_cast<unsigned char>(text[length]) & 0xC0U) == 0x80U) {
        --length;  // not within a character
    }
    std::string out(text.substr(0, length));
    const bool broken = !decode_utf8(out);
    std::ranges::replace_if(
        out, [&](char c) { return is_control(c) || (broken && static_cast<unsigned char>(c) >= 0x80); }, '?');
    return cut ? out + "..." : out;
}

}  // namespace pitot
