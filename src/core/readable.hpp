// Durations and counts for people.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pitot::core {

/// Microseconds with three significant digits and a unit: "850 ns", "1.23 ms", "45.6 s", "2 min 5 s", "1 h 4 min"; "-"
/// for NaN.
[[nodiscard]] std::string duration_text(double us);

/// 1234567 -> "1 234 567".
[[nodiscard]] std::string count_text(std::int64_t count);

/// 1, "module" -> "1 module"; 2000, "module" -> "2 000 modules".
[[nodiscard]] std::string count_text(std::int64_t count, std::string_view thing);

}  // namespace pitot::core
