// Names of members of the model file that are written in one place and read in another; docs/model-file.md has all.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace pitot::predict::model_file {

inline constexpr const char* kPools = "pools";
inline constexpr const char* kCalibratedCoRunners = "calibration_most_co_runners";
inline constexpr const char* kCoRunnerBasis = "module_co_runner_basis";
inline constexpr const char* kPlatformDisagreement = "platform_disagreement";
inline constexpr const char* kModuleDisagreement = "module_disagreement";

/// What names of arrays of a pool's measured combinations begin with.
[[nodiscard]] inline std::string measured_prefix(const std::vector<std::string>& pools, std::size_t pool) {
    return pool == 0 ? "measured" : pools[pool];
}

}  // namespace pitot::predict::model_file
