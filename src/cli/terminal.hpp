// What the program may do to the streams it writes to: how wide they are, whether they take colours, how much to say.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace pitot::cli {

/// How much is said beside results and errors.
enum class Verbosity : std::uint8_t {
    kQuiet,    ///< nothing
    kUsual,    ///< notes, and how far long work is
    kVerbose,  ///< what is done, too, and how long it takes
};

/// Of the whole program, until it is set again.
[[nodiscard]] Verbosity verbosity();
void set_verbosity(Verbosity verbosity);

/// Whether `stream` (stdout or stderr) is a terminal that moves its cursor (TERM is set, and not "dumb").
[[nodiscard]] bool is_terminal(std::FILE* stream);

/// Columns of the terminal that `stream` is; `otherwise` where it is none or does not tell.
[[nodiscard]] std::size_t terminal_width(std::FILE* stream, std::size_t otherwise);

enum class Style : std::uint8_t { kError, kNote, kHeading, kFaint };

/// `text` in colour or bold where `stream` is a terminal and NO_COLOR (no-color.org) is unset or empty; else as it is.
[[nodiscard]] std::string styled(std::FILE* stream, Style style, std::string_view text);

/// With Verbosity::kVerbose a line on stderr, behind the seconds since the program began: "pitot: [0.42 s] …".
void detail(const std::string& text);

}  // namespace pitot::cli
