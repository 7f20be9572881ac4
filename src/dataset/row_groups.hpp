// Which rows are runs of one combination: platform, module and the set of co-runners.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "core/row_numbers.hpp"
#include "pitot/dataset.hpp"

namespace pitot::dataset {

/// Rows by combination; combinations are numbered in the order of their first rows. Co-runners have no order.
struct RowGroups {
    std::vector<std::int64_t> offsets;  ///< combinations + 1; empty where no combination has two rows
    core::RowOrder rows{0};             ///< combination c's: places offsets[c] … offsets[c + 1], rising

    /// Whether some combination has several rows. Else combination c is row c, and nothing is stored.
    [[nodiscard]] bool repeated() const { return !offsets.empty(); }
};

/// Indices in range. Takes a bit a cell of the matrix or, where rows repeat or have co-runners, some 20 bytes a row.
[[nodiscard]] RowGroups group_rows(const ObservationView& observations, std::int64_t platforms, std::int64_t modules);

/// Calls visit(rows, first) for every platform in turn: `rows` sorted by module and co-runners, and for each of them
/// whether it is the first of its combination.
void visit_by_combination(const ObservationView& observations, std::int64_t platforms,
                          const std::function<void(core::RowNumbers rows, const std::vector<bool>& first)>& visit);

/// A row's co-runners in the order in which sets of them are compared: descending, -1 = none last.
[[nodiscard]] std::vector<std::int32_t> sorted_co_runners(const ObservationView& observations, std::int64_t row);

}  // namespace pitot::dataset
