// Observations by cell of the platform × module grid: repeated runs of one combination are one observation with its own
// noise.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/key.hpp"
#include "core/row_numbers.hpp"
#include "pitot/dataset.hpp"
#include "pitot/matrix_view.hpp"

namespace pitot::models::kernel {

/// Cells that were observed, by platform and then module, one entry each.
struct Cells {
    std::vector<std::int32_t> platform;
    std::vector<std::int32_t> module;
    std::vector<double> mean;   ///< of its runs' ln(t / 25 ms)
    std::vector<double> count;  ///< of its runs, at least 1
    /// Of all cells with two runs or more: the squared deviations of runs from their cell's mean, and the degrees of
    /// freedom (runs less cells). They tell the noise of a run by themselves.
    double within_squares = 0.0;
    double within_freedom = 0.0;

    [[nodiscard]] std::size_t size() const { return mean.size(); }
};

/// Those of some rows of a table.
[[nodiscard]] Cells gather_cells(const ObservationView& table, core::RowNumbers rows);

/// Those with these numbers, ascending; what runs within cells tell stays the whole's.
[[nodiscard]] Cells subset_of(const Cells& cells, std::span<const std::int64_t> numbers);

/// Numbers of cells: one of some parts drawn at random to be held out, and the others.
struct HeldOut {
    std::vector<std::int64_t> out;
    std::vector<std::int64_t> kept;

    HeldOut(std::size_t cells, std::uint64_t parts, std::uint64_t part, core::Key key);
};

/// Values of cells where they lie, 0 elsewhere: platforms × modules.
[[nodiscard]] Matrix<double> on_grid(const Cells& cells, const std::vector<double>& values, std::int64_t platforms,
                                     std::int64_t modules);

}  // namespace pitot::models::kernel
