// Quantities that have units are types at API edges; arrays carry the unit as a suffix instead (runtime_us).
#pragma once

#include <cmath>
#include <compare>

namespace pitot {

/// A runtime in microseconds.
struct Microseconds {
    double value = 0.0;
    auto operator<=>(const Microseconds&) const = default;
};

/// A runtime on the scale models work in: y = ln(t / 25 000 us).
struct LogRuntime {
    double value = 0.0;
    auto operator<=>(const LogRuntime&) const = default;
};

/// The runtime that has y = 0.
inline constexpr double kReferenceRuntimeUs = 25000.0;

[[nodiscard]] inline LogRuntime to_log(Microseconds t) { return {std::log(t.value / kReferenceRuntimeUs)}; }
[[nodiscard]] inline Microseconds to_time(LogRuntime y) { return {std::exp(y.value) * kReferenceRuntimeUs}; }

}  // namespace pitot
