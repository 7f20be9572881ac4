#include "cli/progress.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "cli/output.hpp"
#include "core/utf8.hpp"

namespace pitot::cli {
namespace {

constexpr std::chrono::milliseconds kRedraw{100};
constexpr std::size_t kShortestBar = 8;
constexpr std::size_t kLongestBar = 24;

bool stderr_is_terminal() {
    const char* terminal = std::getenv("TERM");
    return ::isatty(STDERR_FILENO) == 1 && terminal != nullptr && std::string_view(terminal) != "dumb";
}

std::size_t terminal_width() {
    winsize size{};
    if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) {
        return 80;
    }
    return size.ws_col;
}

/// `text` without what would not fit in `width` columns. Our own lines hold one-column characters only.
std::string cut(std::string text, std::size_t width) {
    if (text.size() > width) {
        text.resize(width);
    }
    return text;
}

std::string time_left(double seconds) {
    const double left_s = std::max(1.0, std::ceil(seconds));
    return (left_s < 60.0 ? fmt::format("{:.0f} s", left_s) : format_duration({left_s * 1e6})) + " left";
}

/// A bar of what `width` leaves to it, `rest` behind it.
std::string bar_line(const std::string& label, double share, const std::string& rest, std::size_t width) {
    const std::string tail = fmt::format("] {:3.0f} %", share * 100.0) + rest;
    const std::string head = label + "  [";
    const std::size_t taken = core::display_width(head) + tail.size();
    const std::size_t bar = std::clamp(width > taken ? width - taken : 0, kShortestBar, kLongestBar);
    const auto filled = static_cast<std::size_t>(share * static_cast<double>(bar));
    return cut(head + std::string(filled, '#') + std::string(bar - filled, '.') + tail, width);
}

}  // namespace

std::string progress_line(const std::string& label, std::int64_t done, std::int64_t total, double elapsed_s,
                          std::size_t width) {
    const double share = total > 0 ? std::clamp(static_cast<double>(done) / static_cast<double>(total), 0.0, 1.0) : 0.0;
    std::string rest;
    if (elapsed_s > 0.0 && done > 0) {
        const double rate = static_cast<double>(done) / elapsed_s;
        rest = fmt::format("  {} steps/s  {}", format_count(static_cast<std::int64_t>(rate)),
                           time_left(static_cast<double>(total - done) / rate));
    }
    return bar_line(label, share, rest, width);
}

std::string share_line(const std::string& label, double share, std::optional<double> left_s, std::size_t width) {
    return bar_line(label, std::clamp(share, 0.0, 1.0), left_s ? "  " + time_left(*left_s) : "", width);
}

Progress::Progress(std::string label)
    : label_(std::move(label)), enabled_(stderr_is_terminal()), started_(Clock::now()), last_(started_ - kRedraw) {}

Progress::~Progress() { clear(); }

std::function<void(std::int64_t done, std::int64_t total)> Progress::callback() {
    if (!enabled_) {
        return {};
    }
    return [this](std::int64_t done, std::int64_t total) { update(done, total); };
}

bool Progress::is_due() {
    const Clock::time_point now = Clock::now();
    if (!enabled_ || now - last_ < kRedraw) {
        return false;
    }
    last_ = now;
    return true;
}

void Progress::draw(const std::string& line) {
    fmt::print(stderr, "\r{}\x1b[K", line);  // clears what an older, longer line left
    std::fflush(stderr);
    drawn_ = true;
}

// One column is left free: a full line would wrap.
void Progress::update(std::int64_t done, std::int64_t total) {
    if (is_due()) {
        const double elapsed_s = std::chrono::duration<double>(last_ - started_).count();
        draw(progress_line(label_, done, total, elapsed_s, terminal_width() - 1));
    }
}

void Progress::show(const std::string& label, double share, std::optional<double> left_s) {
    if (is_due()) {
        draw(share_line(label, share, left_s, terminal_width() - 1));
    }
}

void Progress::clear() {
    if (drawn_) {
        std::fputs("\r\x1b[K", stderr);
        std::fflush(stderr);
        drawn_ = false;
    }
}

}  // namespace pitot::cli
