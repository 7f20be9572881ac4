// Names of files that a caller gives.
#pragma once

#include <filesystem>

namespace pitot {

/// Whether the system would take the path for a shorter one: to it a name ends at the first NUL.
[[nodiscard]] inline bool holds_nul(const std::filesystem::path& path) {
    return path.native().find('\0') != std::filesystem::path::string_type::npos;
}

}  // namespace pitot
