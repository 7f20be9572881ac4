#include "dataset/unused_columns.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/utf8.hpp"
#include "dataset/co_runner_lists.hpp"
#include "dataset/gaps.hpp"
#include "formats/quantity.hpp"

namespace pitot::dataset {
namespace {

constexpr std::size_t kMostUntold = 16;         // that are looked at
constexpr std::size_t kMostOtherCells = 20000;  // different ones of a column of co-runners

// "2024-05-01T12:00:03Z": what holds digits and what stands between those of dates.
bool like_date(std::string_view cell) {
    return cell.size() > 7 && cell.find_first_not_of("0123456789-/:. TZ+") == std::string_view::npos &&
           cell.find_first_of("-/:") != std::string_view::npos;
}

}  // namespace

UnusedColumns::UnusedColumns(const TableColumns& columns, std::span<const std::string> header) {
    for (const std::size_t column : columns.may_be_others) {
        others_.emplace_back().column = column;
    }
    for (const std::size_t column : columns.untold) {
        if (untold_.size() < kMostUntold) {
            untold_.push_back({column, core::printable(header[column]), {}, {}, 0, {}});
        }
    }
}

void UnusedColumns::survey(std::span<const std::string> fields, std::string_view module) {
    std::erase_if(others_, [](const Others& others) { return others.cells.size() > kMostOtherCells; });
    for (Others& others : others_) {
        if (others.column >= fields.size()) {
            continue;
        }
        const std::string& cell = fields[others.column];
        if (is_gap_among_numbers(cell)) {
            others.gaps = true;
            continue;
        }
        others.cells.insert(cell);
        others.differs = others.differs || cell != module;
        others.agrees = others.agrees || cell == module;
        others.varies = others.varies || others.of_module.try_emplace(std::string(module), cell).first->second != cell;
    }
}

std::size_t UnusedColumns::of_co_runners(const std::function<bool(std::string_view)>& known) const {
    for (const Others& others : others_) {
        bool any = false;
        const auto names_modules = [&](const std::string& cell) {
            const CoRunnerList list = parse_co_runners(cell, known);
            any = any || !list.names.empty();
            return list.problem.empty() &&
                   std::ranges::all_of(list.names, [&](const std::string& name) { return name == "-" || known(name); });
        };
        if (others.differs && !others.groups() && std::ranges::all_of(others.cells, names_modules) && any) {
            return others.column;
        }
    }
    return kNoColumn;
}

void UnusedColumns::see(std::span<const std::string> fields, const std::string& platform, const std::string& module,
                        std::span<const std::string> with) {
    if (untold_.empty()) {
        return;
    }
    const std::string combination = fmt::format("{}\n{}\n{}", platform, module, fmt::join(with, "\n"));
    const std::size_t key = std::hash<std::string>()(combination);
    for (Untold& column : untold_) {
        const std::string& cell = fields[column.column];
        if (like_date(cell)) {
            continue;
        }
        ++column.rows;
        column.values.insert(std::hash<std::string>()(cell));
        const auto [at, added] = column.first.try_emplace(key, cell);
        if (!added && column.example.empty() && at->second != cell) {
            column.example = fmt::format("of platform '{}' and module '{}' {} has '{}' and another one '{}'",
                                         core::printable(platform), core::printable(module),
                                         with.empty() ? "one row" : "one row beside others",
                                         core::printable(at->second), core::printable(cell));
        }
    }
}

std::vector<std::string> UnusedColumns::notes() const {
    constexpr std::int64_t many = 10;  // rows: where as many all differ, it is a row's number or the like
    std::vector<std::string> notes;
    for (const Untold& column : untold_) {
        if (!column.example.empty() && (column.rows < many || std::ssize(column.values) < column.rows)) {
            notes.push_back(fmt::format(
                "column '{}' is not used, but tells apart rows that are taken for repeats: {}; unless they are the "
                "same, make it a part of the names of platforms or modules, or say which column is which",
                column.name, column.example));
        }
    }
    return notes;
}

}  // namespace pitot::dataset
