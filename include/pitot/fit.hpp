// A dataset becomes a predictor.
#pragma once

#include <cstdint>

#include "pitot/config.hpp"
#include "pitot/context.hpp"
#include "pitot/dataset.hpp"
#include "pitot/export.hpp"
#include "pitot/predictor.hpp"
#include "pitot/result.hpp"

namespace pitot {

/// Fits on every combination of platform, module and co-runners, with all its runs, but a random
/// `config.calibration_share` of them, which calibrate the bounds (those with co-runners apart from those without,
/// whether or not the model trains on them). None are set aside that alone connect a platform or a module with the rest
/// of the fleet, and none at all where fewer than nine could be: no bound of 90 % comes of them. `config.share` plays
/// no part. The result depends on dataset, configuration, backend and instruction set, never on the number of threads.
/// Errors: kUsage (configuration), kInput (as Dataset::validate(); the dataset lacks what the configuration needs;
/// training diverged), kEnvironment (backend not available), kCancelled.
[[nodiscard]] PITOT_API Result<Predictor> fit(const Dataset& dataset, const FitConfig& config,
                                              const Context& context = {});

/// A Gaussian process on the grid takes seconds to minutes up to so many platforms, modules and combinations of them
/// measured: its time grows with the cube of the first two and about the square of the third. Preset "kernel" refuses
/// fleets of more rows, and default_config() larger ones of either kind.
inline constexpr std::int64_t kMostKernelRows = 3000;
inline constexpr std::int64_t kMostKernelCombinations = 60'000;
/// And up to so many rows beside others, and triples of platform, module and co-runner, each of which has a number in
/// memory. Preset "kernel" refuses more triples.
inline constexpr std::int64_t kMostKernelBeside = 200'000;
inline constexpr std::int64_t kMostKernelTriples = std::int64_t{1} << 28;

/// The configuration for a dataset when the user names none: kernel, on all rows, those with co-runners
/// too. Fleets too large for it get embedding/128, or interference/2 on all rows when some have co-runners; there a
/// side without side information gets a learned table instead (baseline/module_only, baseline/platform_only,
/// linear/128). With no more pairs measured alone than platforms and modules there is nothing to learn beyond
/// baseline/linear_scaling. A batch has about as many rows as the dataset, at most 2048.
[[nodiscard]] PITOT_API FitConfig default_config(const Dataset& dataset);

}  // namespace pitot
