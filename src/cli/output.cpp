#include "cli/output.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/check.hpp"
#include "core/utf8.hpp"

namespace pitot::cli {
namespace {

bool is_control(char32_t code) { return code < 0x20U || (code >= 0x7FU && code < 0xA0U); }

/// Three significant digits.
std::string three_digits(double value) {
    const int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
    return fmt::format("{:.{}f}", value, decimals);
}

std::string padded(const std::string& text, std::size_t width, Align align) {
    const std::size_t own = core::display_width(text);
    const std::string space(width > own ? width - own : 0, ' ');
    return align == Align::kLeft ? text + space : space + text;
}

}  // namespace

std::string format_duration(Microseconds duration) {
    const double us = duration.value;
    if (std::isnan(us)) {
        return "-";
    }
    if (std::isinf(us)) {
        return us > 0 ? "inf" : "-inf";
    }
    if (us < 0) {
        return "-" + format_duration({-us});
    }
    if (us < 0.9995) {
        return three_digits(us * 1e3) + " ns";
    }
    if (us < 999.5) {
        return three_digits(us) + " µs";
    }
    if (us < 999.5e3) {
        return three_digits(us / 1e3) + " ms";
    }
    if (us < 119.5e6) {
        return three_digits(us / 1e6) + " s";
    }
    constexpr double too_long = 1e18;
    if (us >= too_long) {
        return fmt::format("{:.3g} s", us / 1e6);
    }
    const auto seconds = static_cast<std::int64_t>(std::llround(us / 1e6));
    if (seconds < 3600) {
        return fmt::format("{} min {} s", seconds / 60, seconds % 60);
    }
    return fmt::format("{} h {} min", seconds / 3600, seconds % 3600 / 60);
}

std::string format_count(std::int64_t count) {
    std::string digits = fmt::format("{}", count);
    const std::size_t first = count < 0 ? 1 : 0;
    for (std::size_t i = digits.size(); i > first + 3;) {
        i -= 3;
        digits.insert(i, " ");
    }
    return digits;
}

std::string format_count(std::int64_t count, const char* thing) {
    return fmt::format("{} {}{}", format_count(count), thing, count == 1 ? "" : "s");
}

std::string format_size(const Dataset& dataset) {
    return fmt::format("{}, {}, {} alone, {} with co-runners", format_count(dataset.platforms.size(), "platform"),
                       format_count(dataset.modules.size(), "module"),
                       format_count(dataset.pools[kAlone].rows, "observation"),
                       format_count(dataset.rows_beside_others()));
}

std::string format_percent(double fraction, int decimals) {
    return std::isnan(fraction) ? "-" : fmt::format("{:.{}f} %", fraction * 100.0, decimals);
}

std::string format_bytes(std::uint64_t bytes) {
    constexpr std::array units{"KiB", "MiB", "GiB", "TiB"};
    if (bytes < 1024) {
        return fmt::format("{} B", bytes);
    }
    double value = static_cast<double>(bytes) / 1024.0;
    std::size_t unit = 0;
    while (value >= 1023.95 && unit + 1 < units.size()) {
        value /= 1024.0;
        ++unit;
    }
    return fmt::format("{:.1f} {}", value, units[unit]);
}

std::string printable(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const core::CodePoint c = core::next_code_point(text);
        if (!c.valid || is_control(c.code)) {
            out += fmt::format("\\x{:02x}", static_cast<std::uint32_t>(c.code));
        } else {
            out += text.substr(0, c.bytes);
        }
        text.remove_prefix(c.bytes);
    }
    return out;
}

Table::Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

void Table::add(std::vector<std::string> cells) {
    PITOT_CHECK(cells.size() == columns_.size());
    for (std::string& cell : cells) {
        cell = printable(cell);
    }
    rows_.push_back(std::move(cells));
}

std::string Table::to_string() const {
    std::vector<std::size_t> widths;
    std::vector<std::string> titles;
    for (std::size_t c = 0; c < columns_.size(); ++c) {
        titles.push_back(columns_[c].title);
        widths.push_back(core::display_width(titles.back()));
        for (const auto& row : rows_) {
            widths[c] = std::max(widths[c], core::display_width(row[c]));
        }
    }
    std::string out;
    const auto append = [&](const std::vector<std::string>& cells) {
        std::string line;
        for (std::size_t c = 0; c < cells.size(); ++c) {
            line += (c == 0 ? "" : "  ") + padded(cells[c], widths[c], columns_[c].align);
        }
        line.erase(line.find_last_not_of(' ') + 1);
        out += line + '\n';
    };
    append(titles);
    for (const auto& row : rows_) {
        append(row);
    }
    return out;
}

void print_json(const nlohmann::ordered_json& json) {
    fmt::print("{}\n", json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

}  // namespace pitot::cli
