// Durations as options give them: a number and a unit.
#pragma once

#include <string_view>

#include "pitot/result.hpp"
#include "pitot/units.hpp"

namespace pitot::cli {

/// "50ms", "1.5 s", "300 us", "2min". Units: ns, us (µs), ms, s, min, h and
/// their other names in datasets. Error (kUsage) naming `option`: no number
/// above 0, no unit (a bare number may mean any of them), or more than 1e15 µs.
[[nodiscard]] Result<Microseconds> parse_duration(std::string_view text, std::string_view option);

}  // namespace pitot::cli
