#include "cli/opcode_features.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "dataset/feature_column.hpp"
#include "formats/csv.hpp"

namespace pitot::cli {
namespace {

/// The first byte that a feature counts; nothing if its name is none of an opcode.
std::optional<std::uint8_t> opcode_of_feature(std::string_view name) {
    for (const std::string_view scale : {"count(", "log1p("}) {
        if (name.starts_with(scale) && name.ends_with(')')) {
            name = name.substr(scale.size(), name.size() - scale.size() - 1);
        }
    }
    const bool hexadecimal = name.starts_with('x') && name.size() == 3;
    const bool decimal = name.starts_with("op") && name.size() > 2;
    if (!hexadecimal && !decimal) {
        return std::nullopt;
    }
    const std::string_view digits = name.substr(hexadecimal ? 1 : 2);
    std::uint8_t byte = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), byte, hexadecimal ? 16 : 10);
    return error == std::errc() && end == digits.data() + digits.size() ? std::optional(byte) : std::nullopt;
}

/// Columns by opcode; nothing if a name is none of an opcode, or two are of one.
std::optional<std::map<std::uint8_t, std::int64_t>> columns_of(const Side& side) {
    std::map<std::uint8_t, std::int64_t> columns;
    for (std::size_t i = 0; i < side.feature_names.size(); ++i) {
        const auto opcode = opcode_of_feature(side.feature_names[i]);
        if (!opcode || !columns.emplace(*opcode, static_cast<std::int64_t>(i)).second) {
            return std::nullopt;
        }
    }
    return columns.empty() ? std::nullopt : std::optional(std::move(columns));
}

bool any_executed(const Side& table, std::int64_t column) {
    for (std::int64_t row = 0; row < table.size(); ++row) {
        if (table.features(row, column) != 0.0) {
            return true;
        }
    }
    return false;
}

}  // namespace

std::string opcode_table_text(std::span<const OpcodeRow> rows, bool count_static) {
    std::string text = "name";
    for (std::size_t byte = 0; byte < wasm::kOpcodeBytes; ++byte) {
        text += fmt::format(",{}(x{:02X})", count_static ? "static" : "count", byte);
    }
    text += '\n';
    for (const OpcodeRow& row : rows) {
        text += formats::csv_field(row.name);
        for (const std::uint64_t count : row.counts) {
            text += fmt::format(",{}", count);
        }
        text += '\n';
    }
    return text;
}

bool are_opcodes(const Side& side) { return columns_of(side).has_value(); }

bool counts_code(std::span<const std::string> feature_names) {
    return !feature_names.empty() && std::ranges::all_of(feature_names, dataset::is_static_count);
}

MatchedOpcodes match_opcodes(const Side& known, const Side& table) {
    MatchedOpcodes matched;
    const auto wanted = columns_of(known);
    const auto given = columns_of(table);
    if (!wanted || !given) {
        return matched;
    }
    matched.matched = true;
    matched.absent = wanted->size();
    matched.side = {table.names, known.feature_names,
                    Matrix<double>(table.size(), static_cast<std::int64_t>(known.feature_names.size()))};
    for (const auto& [opcode, column] : *given) {
        const auto place = wanted->find(opcode);
        if (place == wanted->end()) {
            if (any_executed(table, column)) {
                matched.lacking.push_back(fmt::format("x{:02X}", opcode));
            }
            continue;
        }
        --matched.absent;
        for (std::int64_t row = 0; row < table.size(); ++row) {
            matched.side.features(row, place->second) = table.features(row, column);
        }
    }
    return matched;
}

MatchedOpcodes match_opcodes(const Side& known, std::span<const OpcodeRow> rows) {
    Side table;
    table.features = Matrix<double>(static_cast<std::int64_t>(rows.size()), wasm::kOpcodeBytes);
    for (std::size_t byte = 0; byte < wasm::kOpcodeBytes; ++byte) {
        table.feature_names.push_back(fmt::format("x{:02X}", byte));
    }
    for (std::size_t r = 0; r < rows.size(); ++r) {
        table.names.push_back(rows[r].name);
        for (std::size_t byte = 0; byte < wasm::kOpcodeBytes; ++byte) {
            table.features(static_cast<std::int64_t>(r), static_cast<std::int64_t>(byte)) =
                std::log1p(static_cast<double>(rows[r].counts.at(byte)));
        }
    }
    return match_opcodes(known, table);
}

}  // namespace pitot::cli
