// What verbs print: readable durations, aligned tables, JSON.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "pitot/dataset.hpp"
#include "pitot/units.hpp"

namespace pitot::cli {

/// Three significant digits and a unit: "850 ns", "1.23 ms", "45.6 s", "2 min 5 s", "1 h 4 min"; "-" for NaN.
[[nodiscard]] std::string format_duration(Microseconds duration);

/// 1234567 -> "1 234 567".
[[nodiscard]] std::string format_count(std::int64_t count);

/// 1, "module" -> "1 module"; 2 000, "module" -> "2 000 modules".
[[nodiscard]] std::string format_count(std::int64_t count, const char* thing);

/// "8 platforms, 1 module, 8 observations alone, 0 with co-runners".
[[nodiscard]] std::string format_size(const Dataset& dataset);

/// The rows of an objective, with its published name in brackets: "mf" -> "alone (mf)".
[[nodiscard]] std::string objective_text(const std::string& objective);

/// 0.12345 -> "12.35 %" with two decimals; "-" for NaN.
[[nodiscard]] std::string format_percent(double fraction, int decimals = 2);

/// 0.95 -> "95 %", 0.9999999 -> "99.99999 %": with all digits that were given, so that none but 1 is 100 %.
[[nodiscard]] std::string format_confidence(double confidence);

/// 307722 -> "300.5 KiB".
[[nodiscard]] std::string format_bytes(std::uint64_t bytes);

/// `text` with control characters (of names in a dataset, say) shown as "\x1b", so that they do nothing to a terminal.
[[nodiscard]] std::string printable(std::string_view text);

/// "a, b and 3 more": so many names, printable, and how many more there are; one more is named, too.
[[nodiscard]] std::string some_of(std::span<const std::string> names, std::size_t most);

enum class Align {
    kLeft,   ///< words and sentences
    kName,   ///< left, too; a terminal that is too narrow takes the middle out of what is long
    kRight,  ///< numbers
};

struct Column {
    std::string title;
    Align align = Align::kLeft;
    int spare = 0;  ///< more than 0: left out where a terminal is too narrow, those with the greatest first
};

/// A table with a header line and two spaces between columns. Cells are made printable.
class Table {
public:
    explicit Table(std::vector<Column> columns);
    /// One cell a column.
    void add(std::vector<std::string> cells);
    [[nodiscard]] bool empty() const { return rows_.empty(); }
    /// Lines end in '\n' and have no trailing spaces. Where they would be wider than `width` columns, the middle of
    /// long names is left out, and what stands in a last column that is left-aligned goes on below.
    [[nodiscard]] std::string to_string(std::size_t width) const;
    /// For `stream`: as wide as the terminal that it is, and whole where it is none.
    [[nodiscard]] std::string to_string(std::FILE* stream = stdout) const;

private:
    void fit(std::vector<std::size_t>& widths, std::size_t width) const;
    [[nodiscard]] std::vector<std::size_t> natural_widths() const;
    /// The columns that stay.
    [[nodiscard]] Table without_spare(std::size_t width, std::vector<std::string>& left_out) const;

    std::vector<Column> columns_;
    std::vector<std::vector<std::string>> rows_;
};

/// Indented JSON and a newline on stdout. NaN and infinities become null.
void print_json(const nlohmann::ordered_json& json);

}  // namespace pitot::cli
