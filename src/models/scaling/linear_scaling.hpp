// The linear-scaling baseline: every platform a speed, every module a size.
#pragma once

#include <cstdint>
#include <vector>

#include "core/row_numbers.hpp"
#include "pitot/dataset.hpp"

namespace pitot::models {

/// ybar_ij = platform[i] + module[j], on the scale y = ln(t / 25 000 us).
struct LinearScaling {
    std::vector<double> platform;  ///< a, 0 where a platform has no row
    std::vector<double> module;    ///< b, 0 where a module has no row

    [[nodiscard]] double operator()(std::int64_t i, std::int64_t j) const {
        return platform[static_cast<std::size_t>(i)] + module[static_cast<std::size_t>(j)];
    }
};

/// Rows up to which a fit keeps their logarithms.
inline constexpr std::int64_t kKeptLogarithms = std::int64_t{1} << 22;

/// Fits on the given rows, all different, by alternating means from zero, a first, then b with the new a, until the
/// summed absolute change of a sweep falls below 1e-5, at most 1 000 sweeps. More than `kept` rows are gone through as
/// they lie in the file and their logarithms taken anew each time, so that only a bit a row is in memory; sums then
/// differ by rounding.
[[nodiscard]] LinearScaling fit_linear_scaling(const ObservationView& observations, core::RowNumbers rows,
                                               std::int64_t platforms, std::int64_t modules,
                                               std::int64_t kept = kKeptLogarithms);

}  // namespace pitot::models
