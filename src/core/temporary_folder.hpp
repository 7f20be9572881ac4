// Folders that go with everything in them.
#pragma once

#include <filesystem>

#include "pitot/result.hpp"

namespace pitot::core {

/// A new folder, which goes with this object unless it has become another.
class TemporaryFolder {
public:
    /// Where the system has temporary files; its name begins with `name`. Error: kEnvironment naming it.
    [[nodiscard]] static Result<TemporaryFolder> create(const char* name);
    /// Its name starts as `beside` does.
    explicit TemporaryFolder(const std::filesystem::path& beside);
    TemporaryFolder(TemporaryFolder&& other) noexcept;
    TemporaryFolder& operator=(TemporaryFolder&&) = delete;
    ~TemporaryFolder();
    /// Empty if it could not be made; errno says why.
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    /// Renames it. True if `target` is there then, by whomever; errno says why if not.
    [[nodiscard]] bool become(const std::filesystem::path& target);

private:
    std::filesystem::path path_;
};

}  // namespace pitot::core
