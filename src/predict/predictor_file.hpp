// Names of members of the model file that are written in one place and read in another; docs/model-file.md has all.
#pragma once

namespace pitot::model_file {

inline constexpr const char* kCalibratedCoRunners = "calibration_most_co_runners";
inline constexpr const char* kCoRunnerBasis = "module_co_runner_basis";
inline constexpr const char* kPlatformDisagreement = "platform_disagreement";
inline constexpr const char* kModuleDisagreement = "module_disagreement";

}  // namespace pitot::model_file
