#include "cli/terminal.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>

#include "cli/output.hpp"

namespace pitot::cli {
namespace {

using Clock = std::chrono::steady_clock;

// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): one program, one terminal
Verbosity spoken = Verbosity::kUsual;
const Clock::time_point kProgramStart = Clock::now();
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)

bool is_set(const char* variable) {
    const char* value = std::getenv(variable);
    return value != nullptr && *value != '\0';
}

const char* code_of(Style style) {
    switch (style) {
        case Style::kError:
            return "1;31";
        case Style::kNote:
            return "33";
        case Style::kHeading:
            return "1";
        case Style::kFaint:
            return "2";
    }
    return "0";
}

}  // namespace

Verbosity verbosity() { return spoken; }

void set_verbosity(Verbosity verbosity) { spoken = verbosity; }

bool is_terminal(std::FILE* stream) {
    const char* terminal = std::getenv("TERM");
    return ::isatty(::fileno(stream)) == 1 && terminal != nullptr && std::string_view(terminal) != "dumb";
}

std::size_t terminal_width(std::FILE* stream, std::size_t otherwise) {
    winsize size{};
    if (::ioctl(::fileno(stream), TIOCGWINSZ, &size) != 0 || size.ws_col == 0) {
        return otherwise;
    }
    return size.ws_col;
}

std::string styled(std::FILE* stream, Style style, std::string_view text) {
    return is_terminal(stream) && !is_set("NO_COLOR") ? fmt::format("\x1b[{}m{}\x1b[0m", code_of(style), text)
                                                      : std::string(text);
}

void detail(const std::string& text) {
    if (spoken == Verbosity::kVerbose) {
        const double seconds = std::chrono::duration<double>(Clock::now() - kProgramStart).count();
        fmt::print(stderr, "{} {}\n", styled(stderr, Style::kFaint, fmt::format("pitot: [{:.2f} s]", seconds)),
                   printable(text));
    }
}

}  // namespace pitot::cli
