#include "cli/progress.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <system_error>
#include <utility>

#include "cli/output.hpp"
#include "cli/terminal.hpp"
#include "core/utf8.hpp"

namespace pitot::cli {
namespace {

constexpr std::chrono::milliseconds kRedraw{100};
constexpr std::size_t kUsualWidth = 80;
constexpr std::size_t kShortestBar = 8;
constexpr std::size_t kLongestBar = 24;

// Between lines where nothing can be drawn again; nothing where none are wanted.
std::optional<std::chrono::duration<double>> line_interval() {
    constexpr double usual_s = 10.0;
    const char* wanted = std::getenv("PITOT_PROGRESS_SECONDS");
    double seconds = usual_s;
    if (wanted != nullptr) {
        const std::string_view text(wanted);
        const auto parsed = std::from_chars(text.data(), text.data() + text.size(), seconds);
        if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) {
            seconds = usual_s;
        }
    }
    constexpr double longest_s = 86'400.0;
    return seconds > 0.0 ? std::optional(std::chrono::duration<double>(std::min(seconds, longest_s))) : std::nullopt;
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

std::string plain_line(const std::string& label, double share, std::optional<double> left_s) {
    return fmt::format("pitot: {}: {:.0f} %{}", label, 100.0 * std::clamp(share, 0.0, 1.0),
                       left_s && share < 1.0 ? ", " + time_left(*left_s) : "");
}

Progress::Progress(std::string label)
    : label_(std::move(label)), drawing_(is_terminal(stderr)), started_(Clock::now()), last_(started_) {
    const auto lines = line_interval();
    enabled_ = verbosity() != Verbosity::kQuiet && (drawing_ || lines);
    interval_ = drawing_ ? kRedraw : std::chrono::duration_cast<Clock::duration>(lines.value_or(kRedraw));
    last_ -= drawing_ ? interval_ : Clock::duration(0);
}

Progress::~Progress() {
    clear();
    detail(fmt::format("{}: {}", label_, format_duration({1e6 * elapsed_s()})));
}

std::function<void(std::int64_t done, std::int64_t total)> Progress::callback() {
    if (!enabled_) {
        return {};
    }
    return [this](std::int64_t done, std::int64_t total) { update(done, total); };
}

double Progress::elapsed_s() const { return std::chrono::duration<double>(Clock::now() - started_).count(); }

bool Progress::is_due() {
    const Clock::time_point now = Clock::now();
    if (!enabled_ || now - last_ < interval_) {
        return false;
    }
    last_ = now;
    return true;
}

void Progress::draw(const std::string& line) {
    if (drawing_) {
        fmt::print(stderr, "\r{}\x1b[K", line);  // clears what an older, longer line left
    } else {
        fmt::print(stderr, "{}\n", line);
    }
    std::fflush(stderr);
    drawn_ = drawing_;
}

void Progress::update(std::int64_t done, std::int64_t total) {
    if (!is_due()) {
        return;
    }
    const double elapsed = elapsed_s();
    if (drawing_) {
        draw(progress_line(label_, done, total, elapsed, columns()));
        return;
    }
    const double share = total > 0 ? double(done) / double(total) : 0.0;
    draw(plain_line(label_, share, done > 0 ? std::optional(elapsed * (1.0 - share) / share) : std::nullopt));
}

void Progress::show(const std::string& label, double share, std::optional<double> left_s) {
    if (is_due()) {
        draw(drawing_ ? share_line(label, share, left_s, columns()) : plain_line(label, share, left_s));
    }
}

// One column is left free: a full line would wrap.
std::size_t Progress::columns() { return terminal_width(stderr, kUsualWidth) - 1; }

void Progress::clear() {
    if (drawn_) {
        std::fputs("\r\x1b[K", stderr);
        std::fflush(stderr);
        drawn_ = false;
    }
}

}  // namespace pitot::cli
