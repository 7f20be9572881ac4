// A dataset becomes a predictor.
#pragma once

#include "pitot/config.hpp"
#include "pitot/dataset.hpp"
#include "pitot/predictor.hpp"
#include "pitot/result.hpp"
#include "pitot/run_options.hpp"

namespace pitot {

/// Fits on every row but a random `config.calibration_share` of them, which calibrate the bounds (rows with
/// co-runners apart from rows without, whether or not the model trains on them). `config.share` plays no part. The
/// result depends on dataset, configuration, backend and instruction set, never on the number of threads.
/// Errors: kUsage (configuration), kInput (the dataset lacks what the configuration needs; training diverged),
/// kEnvironment (backend not available), kCancelled.
[[nodiscard]] Result<Predictor> fit(const Dataset& dataset, const FitConfig& config, const RunOptions& options = {});

/// The configuration for a dataset when the user names none: embedding/128, or interference/2 on all rows when some
/// have co-runners. A side without side information gets a learned table instead (baseline/module_only,
/// baseline/platform_only, linear/128).
[[nodiscard]] FitConfig default_config(const Dataset& dataset);

}  // namespace pitot
