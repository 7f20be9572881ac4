// Many small files, each written whole or not at all.
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "core/atomic_file.hpp"
#include "pitot/result.hpp"

namespace pitot::core {

/// Texts for files, which are brought to the disk and put in their places some hundred at a time: thousands cost little
/// more than a few. After an error, or without finish(), some of the last batch may be as they
/// were; each is whole.
class FileBatch {
public:
    /// Adds a file, and its folder if it is not there; nothing where the file has this text already. Errors:
    /// kEnvironment naming the file.
    [[nodiscard]] Result<void> add(const std::filesystem::path& target, std::string_view text);
    /// Puts what is left in its place.
    [[nodiscard]] Result<void> finish();

private:
    std::vector<NewFile> files_;
};

}  // namespace pitot::core
