// Pieces of observations.
#pragma once

#include <cstdint>
#include <string_view>

#include "pitot/dataset.hpp"

namespace pitot::dataset {

/// Rows first … first + count, with `width` co-runners each: those of the table, or none.
[[nodiscard]] ObservationView rows_of(const ObservationView& table, std::int64_t first, std::int64_t count,
                                      std::int32_t width);

/// Whether a pool may be called that: letters, digits, '-' and '_', one to 64 of them.
[[nodiscard]] bool is_pool_name(std::string_view name);

/// A table of its own with these rows.
[[nodiscard]] ObservationTable copy_of(const ObservationView& rows);

/// Those outside kAlone, whatever their pool.
[[nodiscard]] ObservationView beside_others(const Dataset& dataset);

}  // namespace pitot::dataset
