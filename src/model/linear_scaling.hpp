// The linear-scaling baseline: every platform a speed, every module a size.
#pragma once

#include <cstdint>
#include <vector>

#include "core/row_numbers.hpp"
#include "pitot/dataset.hpp"

namespace pitot {

/// ybar_ij = platform[i] + module[j], on the scale y = ln(t / 25 000 us).
struct LinearScaling {
    std::vector<double> platform;  ///< a, 0 where a platform has no row
    std::vector<double> module;    ///< b, 0 where a module has no row

    [[nodiscard]] double operator()(std::int64_t i, std::int64_t j) const {
        return platform[static_cast<std::size_t>(i)] + module[static_cast<std::size_t>(j)];
    }
};

/// Fits on the given rows by alternating means from zero, a first, then b with the new a, until the summed absolute
/// change of a sweep falls below 1e-5, at most 1 000 sweeps.
[[nodiscard]] LinearScaling fit_linear_scaling(const ObservationView& observations, RowNumbers rows,
                                               std::int64_t platforms, std::int64_t modules);

}  // namespace pitot
