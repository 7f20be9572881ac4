// Names of files that a caller gives, and folders to put them into.
#pragma once

#include <filesystem>

#include "pitot/result.hpp"

namespace pitot::core {

/// Whether the system would take the path for a shorter one: to it a name ends at the first NUL.
[[nodiscard]] inline bool holds_nul(const std::filesystem::path& path) {
    return path.native().find('\0') != std::filesystem::path::string_type::npos;
}

/// Makes a folder and those it lies in, where they are not there. Error: kEnvironment naming it.
[[nodiscard]] Result<void> make_folder(const std::filesystem::path& folder);

}  // namespace pitot::core
