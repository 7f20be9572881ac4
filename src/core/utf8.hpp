// UTF-8 and Unicode code points, by libutf8proc: what NumPy's U arrays and CSV files hold, and how wide it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pitot::core {

struct CodePoint {
    char32_t code = 0;
    std::size_t bytes = 1;
    bool valid = false;
};

/// The code point at the front of a text that is not empty; the first byte alone, not valid, where there is none.
[[nodiscard]] CodePoint next_code_point(std::string_view text);

/// Columns that a text takes on a terminal. A byte that is not UTF-8 takes one.
[[nodiscard]] std::size_t display_width(std::string_view text);

/// Appends a code point as UTF-8. False (nothing appended) for surrogates and numbers beyond U+10FFFF.
[[nodiscard]] bool append_utf8(std::string& text, std::uint32_t code_point);

/// The code points of a UTF-8 text, or nothing where it is not well-formed.
[[nodiscard]] std::optional<std::u32string> decode_utf8(std::string_view text);

/// Whether a text is well-formed UTF-8.
[[nodiscard]] bool is_utf8(std::string_view text);

/// Why a text cannot be the name of a platform, module or feature ("is empty", …), or nullptr when it can: names are
/// well-formed UTF-8 of at least one character and hold no control characters.
[[nodiscard]] const char* name_fault(std::string_view name);

/// A text without control characters but for line ends and tabs, and without bytes that are no UTF-8: '?' for each.
[[nodiscard]] std::string clean_lines(std::string_view text);

/// A text from a file made fit for a message: control characters replaced by '?', long texts cut.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace pitot::core
