// Cells that hold nothing.
#pragma once

#include <string_view>

namespace pitot::dataset {

/// Whether a cell is empty or says that there is nothing, as programs do ("NaN", "n/a", "null", …), also where texts
/// stand.
[[nodiscard]] bool is_gap(std::string_view cell);
/// The same where numbers or modules stand: there "-", "none" and dashes, which are texts like others among texts, say
/// it, too.
[[nodiscard]] bool is_gap_among_numbers(std::string_view cell);

}  // namespace pitot::dataset
