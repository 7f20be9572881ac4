#include "core/path.hpp"

#include <system_error>

#include <fmt/core.h>

namespace pitot::core {

Result<void> make_folder(const std::filesystem::path& folder) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) {
        return fail(ErrorCode::kEnvironment,
                    fmt::format("cannot make the folder '{}': {}; choose another", folder.string(), error.message()));
    }
    return {};
}

}  // namespace pitot::core
