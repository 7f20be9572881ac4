#include "core/temporary_folder.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <system_error>
#include <utility>

namespace pitot::core {
namespace {

// Where temporary files should be, whether it is there or not.
std::string named_place() {
    for (const char* variable : {"TMPDIR", "TMP", "TEMP", "TEMPDIR"}) {
        if (const char* place = std::getenv(variable); place != nullptr) {
            return place;
        }
    }
    return "/tmp";
}

}  // namespace

Result<TemporaryFolder> TemporaryFolder::create(const char* name) {
    std::error_code error;
    const std::filesystem::path place = std::filesystem::temp_directory_path(error);
    errno = error.value();
    TemporaryFolder folder(error ? std::filesystem::path() : place / name);
    if (error || folder.path().empty()) {
        return fail(
            ErrorCode::kEnvironment,
            fmt::format("cannot make a folder for temporary files in '{}': {}; let TMPDIR name a place for them",
                        error ? named_place() : place.string(), std::strerror(error ? error.value() : errno)));
    }
    return folder;
}

TemporaryFolder::TemporaryFolder(const std::filesystem::path& beside) {
    if (beside.empty()) {
        return;
    }
    std::string pattern = beside.string() + ".tmp-XXXXXX";
    if (::mkdtemp(pattern.data()) != nullptr) {
        path_ = pattern;
    }
}

TemporaryFolder::TemporaryFolder(TemporaryFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}

TemporaryFolder::~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty()) {
        std::filesystem::remove_all(path_, ignored);
    }
}

bool TemporaryFolder::become(const std::filesystem::path& target) {
    std::error_code error;
    std::filesystem::rename(path_, target, error);
    if (!error) {
        path_.clear();
        return true;
    }
    errno = error.value();
    return std::filesystem::is_directory(target, error);
}

}  // namespace pitot::core
