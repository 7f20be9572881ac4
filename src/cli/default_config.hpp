// Which configuration a verb uses on a dataset, and what is worth saying about it.
#pragma once

#include "cli/options.hpp"
#include "pitot/config.hpp"
#include "pitot/dataset.hpp"
#include "pitot/result.hpp"

namespace pitot::cli {

/// The user's configuration, starting from default_config() where no preset is named (said on stderr when it is not
/// embedding/128). Also says when a preset leaves rows with co-runners out.
[[nodiscard]] Result<FitConfig> resolve_config(const ConfigOptions& options, const Dataset& dataset);

}  // namespace pitot::cli
