// Which Pitot this is.
#pragma once

#include <string_view>

#include "pitot/export.hpp"

/// Of the headers that a program was compiled with. CMake reads them here.
#define PITOT_VERSION_MAJOR 0
#define PITOT_VERSION_MINOR 1
#define PITOT_VERSION_PATCH 0

namespace pitot {

/// "0.1.0": of the library that a program runs with.
[[nodiscard]] PITOT_API std::string_view version();

}  // namespace pitot
