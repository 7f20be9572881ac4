// What verbs print: readable durations, aligned tables, JSON.
#pragma once

#include <cstddef>
#include <cstdint>
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

/// 0.12345 -> "12.35 %" with two decimals; "-" for NaN.
[[nodiscard]] std::string format_percent(double fraction, int decimals = 2);

/// 307722 -> "300.5 KiB".
[[nodiscard]] std::string format_bytes(std::uint64_t bytes);

/// `text` with control characters (of names in a dataset, say) shown as "\x1b", so that they do nothing to a terminal.
[[nodiscard]] std::string printable(std::string_view text);

enum class Align { kLeft, kRight };

struct Column {
    std::string title;
    Align align = Align::kLeft;
};

/// A table with a header line and two spaces between columns. Cells are made printable.
class Table {
public:
    explicit Table(std::vector<Column> columns);
    /// One cell a column.
    void add(std::vector<std::string> cells);
    [[nodiscard]] bool empty() const { return rows_.empty(); }
    /// Lines end in '\n' and have no trailing spaces.
    [[nodiscard]] std::string to_string() const;

private:
    std::vector<Column> columns_;
    std::vector<std::vector<std::string>> rows_;
};

/// Indented JSON and a newline on stdout. NaN and infinities become null.
void print_json(const nlohmann::ordered_json& json);

}  // namespace pitot::cli
