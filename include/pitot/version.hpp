// Which Pitot this is.
#pragma once

#include <string_view>

#include "pitot/export.hpp"
#include "pitot/version.h"  // of the headers that a program was compiled with: PITOT_VERSION_MAJOR, …

namespace pitot {

/// "0.1.0": of the library that a program runs with.
[[nodiscard]] PITOT_API std::string_view version();

}  // namespace pitot
