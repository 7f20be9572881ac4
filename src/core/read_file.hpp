// Files read as a whole, by the one function that does so.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "pitot/result.hpp"

namespace pitot::core {

/// The size up to which read_file() reads unless it is told: more than any file that is kept in memory as a whole.
inline constexpr std::uint64_t kLargestFile = std::uint64_t{1} << 32;

/// All bytes of a file. A FIFO, a device or a file of /proc is read to its end. Errors: kEnvironment (there is
/// no such file, it is a folder, it may not be read, it cannot be read to its end, no memory holds it); kInput if it
/// has more than `most` bytes. The message is the reason, its context names the file.
[[nodiscard]] Result<std::string> read_file(const std::filesystem::path& file, std::uint64_t most = kLargestFile);

}  // namespace pitot::core
