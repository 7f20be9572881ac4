#include "cli/output.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <numeric>
#include <utility>

#include "cli/help.hpp"
#include "cli/terminal.hpp"
#include "core/check.hpp"
#include "core/readable.hpp"
#include "core/utf8.hpp"

namespace pitot::cli {
namespace {

constexpr std::size_t kLeastSentence = 16;
constexpr std::size_t kLeastName = 14;
constexpr std::size_t kUsualSentence = 40;

bool is_control(char32_t code) { return code < 0x20U || (code >= 0x7FU && code < 0xA0U); }

std::string padded(const std::string& text, std::size_t width, Align align) {
    const std::size_t own = core::display_width(text);
    const std::string space(width > own ? width - own : 0, ' ');
    return align == Align::kRight ? space + text : text + space;
}

// `text` in `width` columns, with its middle left out where it is wider: both ends tell names apart.
std::string shortened(const std::string& text, std::size_t width) {
    const std::size_t own = core::display_width(text);
    if (own <= width || width == 0) {
        return text;
    }
    const std::size_t back = (width - 1) / 2;
    std::string out;
    std::size_t column = 0;
    std::string_view left = text;
    bool cut = false;
    while (!left.empty()) {
        const std::string_view character = left.substr(0, core::next_code_point(left).bytes);
        const std::size_t columns = core::display_width(character);
        if (column + columns <= width - 1 - back || column >= own - back) {
            out += character;
        } else if (!cut) {
            out += "…";
            cut = true;
        }
        column += columns;
        left.remove_prefix(character.size());
    }
    return out;
}

}  // namespace

std::string format_duration(Microseconds duration) { return core::duration_text(duration.value); }

std::string format_count(std::int64_t count) { return core::count_text(count); }

std::string format_count(std::int64_t count, const char* thing) { return core::count_text(count, thing); }

std::string format_size(const Dataset& dataset) {
    return fmt::format("{}, {}, {} alone, {} with co-runners", format_count(dataset.platforms.size(), "platform"),
                       format_count(dataset.modules.size(), "module"),
                       format_count(dataset.pools[kAlone].rows, "observation"),
                       format_count(dataset.rows_beside_others()));
}

std::string objective_text(const std::string& objective) {
    return objective == "mf" ? "alone (mf)" : objective == "if" ? "with co-runners (if)" : objective;
}

std::string format_confidence(double confidence) { return fmt::format("{:.13g} %", 100.0 * confidence); }

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

std::string some_of(std::span<const std::string> names, std::size_t most) {
    const auto shown = names.first(names.size() > most + 1 ? most : names.size());
    std::vector<std::string> texts;
    for (const std::string& name : shown) {
        texts.push_back(printable(name));
    }
    const std::string rest =
        shown.size() < names.size() ? fmt::format(" and {} more", names.size() - shown.size()) : std::string();
    return fmt::format("{}{}", fmt::join(texts, ", "), rest);
}

Table::Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

void Table::add(std::vector<std::string> cells) {
    PITOT_CHECK(cells.size() == columns_.size());
    for (std::string& cell : cells) {
        cell = printable(cell);
    }
    rows_.push_back(std::move(cells));
}

// Takes columns of names, the widest first, back to what `width` leaves them, as far as their titles and kLeastName
// columns.
void Table::fit(std::vector<std::size_t>& widths, std::size_t width) const {
    std::size_t total = 2 * (widths.size() - 1);
    for (const std::size_t one : widths) {
        total += one;
    }
    if (columns_.back().align == Align::kLeft) {  // it goes on below
        total -= widths.back() - std::min(widths.back(), kUsualSentence);
    }
    const auto may_shrink = [&](std::size_t c) {
        return columns_[c].align == Align::kName &&
               widths[c] > std::max(kLeastName, core::display_width(columns_[c].title));
    };
    for (; total > width; --total) {
        std::size_t widest = widths.size();
        for (std::size_t c = 0; c < widths.size(); ++c) {
            if (may_shrink(c) && (widest == widths.size() || widths[c] > widths[widest])) {
                widest = c;
            }
        }
        if (widest == widths.size()) {
            return;
        }
        --widths[widest];
    }
}

std::vector<std::size_t> Table::natural_widths() const {
    std::vector<std::size_t> widths;
    for (std::size_t c = 0; c < columns_.size(); ++c) {
        widths.push_back(core::display_width(columns_[c].title));
        for (const auto& row : rows_) {
            widths[c] = std::max(widths[c], core::display_width(row[c]));
        }
    }
    return widths;
}

Table Table::without_spare(std::size_t width, std::vector<std::string>& left_out) const {
    const std::vector<std::size_t> widths = natural_widths();
    std::vector<std::size_t> kept(columns_.size());
    std::iota(kept.begin(), kept.end(), std::size_t{0});
    const auto total = [&] {
        std::size_t sum = 2 * (kept.size() - 1);
        for (const std::size_t c : kept) {
            sum += columns_[c].align == Align::kName ? std::min(widths[c], kLeastName) : widths[c];
        }
        return sum;
    };
    while (total() > width) {
        const auto spare = std::ranges::max_element(kept, {}, [&](std::size_t c) { return columns_[c].spare; });
        if (columns_[*spare].spare == 0) {
            break;
        }
        left_out.push_back(columns_[*spare].title);
        kept.erase(spare);
    }
    std::vector<Column> columns;
    for (const std::size_t c : kept) {
        columns.push_back(columns_[c]);
        columns.back().spare = 0;
    }
    Table table(std::move(columns));
    for (const auto& row : rows_) {
        std::vector<std::string> cells(kept.size());
        std::ranges::transform(kept, cells.begin(), [&](std::size_t c) { return row[c]; });
        table.rows_.push_back(std::move(cells));
    }
    return table;
}

std::string Table::to_string(std::size_t width) const {
    if (std::ranges::any_of(columns_, [](const Column& column) { return column.spare > 0; })) {
        std::vector<std::string> left_out;
        const std::string text = without_spare(width, left_out).to_string(width);
        return left_out.empty() ? text
                                : text + fmt::format("({} left out for want of width)\n", fmt::join(left_out, ", "));
    }
    std::vector<std::size_t> widths = natural_widths();
    std::vector<std::string> titles;
    for (const Column& column : columns_) {
        titles.push_back(column.title);
    }
    fit(widths, width);
    std::size_t before = 0;  // columns in front of the last
    for (std::size_t c = 0; c + 1 < widths.size(); ++c) {
        before += widths[c] + 2;
    }
    // What is left to sentences in the last column, which go on below where they are longer.
    const bool wraps =
        columns_.back().align == Align::kLeft && before + kLeastSentence < width && before + widths.back() > width;
    std::string out;
    const auto append = [&](const std::vector<std::string>& cells) {
        std::string line;
        for (std::size_t c = 0; c < cells.size(); ++c) {
            const bool last = c + 1 == cells.size();
            line += c == 0 ? "" : "  ";
            line += last && wraps
                        ? wrap(cells[c], width, before).substr(before)
                        : padded(columns_[c].align == Align::kName ? shortened(cells[c], widths[c]) : cells[c],
                                 widths[c], columns_[c].align);
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

std::string Table::to_string(std::FILE* stream) const { return to_string(terminal_width(stream, SIZE_MAX)); }

void print_json(const nlohmann::ordered_json& json) {
    fmt::print("{}\n", json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

}  // namespace pitot::cli
