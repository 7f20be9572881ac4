// Where the public datasets are, which tests of real data are skipped without.
#pragma once

#include <cstdlib>
#include <filesystem>

namespace pitot::test {

inline std::filesystem::path reference_data() {
    const char* given = std::getenv("PITOT_REFERENCE_DATA");
    return given != nullptr ? std::filesystem::path(given)
                            : std::filesystem::path(PITOT_SOURCE_DIR) / ".." / "shared" / "data";
}

}  // namespace pitot::test
