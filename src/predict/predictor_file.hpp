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
inline constexpr const char* kCalibrationPlatform = "calibration_row_platform";
inline constexpr const char* kCalibrationModule = "calibration_row_module";
inline constexpr const char* kCalibrationCoRunner = "calibration_row_co_runner";
inline constexpr const char* kCalibrationTarget = "calibration_row_target";
inline constexpr const char* kFoldedIn = "folded_in";  ///< runs since the fit, pairs of the fit

inline constexpr const char* kPlatformRuns = "platform_runs";
inline constexpr const char* kModuleRuns = "module_runs";

// How scores of calibration rows are made and what pools there are beside the dataset's.
inline constexpr const char* kScore = "bounds_score";
inline constexpr const char* kScorePlatform = "bounds_platform_factor";
inline constexpr const char* kScoreModule = "bounds_module_factor";
inline constexpr const char* kScoreKnots = "bounds_runtime_knots";
inline constexpr const char* kScoreWidest = "bounds_widest_deviation";
inline constexpr const char* kScoreRuntime = "bounds_runtime_factor";
inline constexpr const char* kScoreChoice = "bounds_choice";
inline constexpr const char* kSources = "bounds_sources";
inline constexpr const char* kMorePools = "bounds_pools";
inline constexpr const char* kMoreKeys = "bounds_pool_keys";
inline constexpr const char* kMoreUnits = "bounds_pool_units";
inline constexpr const char* kMoreOffsets = "bounds_pool_offsets";
inline constexpr const char* kMoreScores = "bounds_pool_scores";
inline constexpr const char* kGroupOfPlatform = "bounds_platform_group";
inline constexpr const char* kGroupEdges = "bounds_runtime_edges";

/// A pool's name in names of arrays: "alone", "together" or, of others, "pool" and its number.
[[nodiscard]] inline std::string array_name(const std::vector<std::string>& pools, std::size_t pool) {
    return pools[pool] == "alone" || pools[pool] == "together" ? pools[pool] : "pool" + std::to_string(pool);
}

/// What people call a pool.
[[nodiscard]] inline std::string pool_name(const std::vector<std::string>& pools, std::size_t pool) {
    return pools[pool] == "together" ? "with co-runners" : pools[pool];
}

/// What names of arrays of a pool's measured combinations begin with.
[[nodiscard]] inline std::string measured_prefix(const std::vector<std::string>& pools, std::size_t pool) {
    return pool == 0 ? "measured" : array_name(pools, pool);
}

}  // namespace pitot::predict::model_file
