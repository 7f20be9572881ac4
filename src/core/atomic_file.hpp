// Files are written whole or not at all: a temporary file beside the target, fsync, rename.
#pragma once

#include <filesystem>
#include <functional>
#include <string_view>

#include "pitot/result.hpp"

namespace pitot {

/// Calls `fill` with the path of an empty temporary file in the target's folder; when it succeeds the file is synced
/// and renamed over `target`, else it is removed. Errors: kEnvironment naming the target, or fill's own.
[[nodiscard]] Result<void> write_whole(const std::filesystem::path& target,
                                       const std::function<Result<void>(const std::filesystem::path&)>& fill);

/// The same for text at hand.
[[nodiscard]] Result<void> write_text(const std::filesystem::path& target, std::string_view text);

}  // namespace pitot
