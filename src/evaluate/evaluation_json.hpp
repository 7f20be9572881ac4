// An evaluation as JSON.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "pitot/config.hpp"
#include "pitot/evaluate.hpp"

namespace pitot::evaluation {

/// All of it, and the configuration that was evaluated.
[[nodiscard]] nlohmann::ordered_json to_json(const Evaluation& evaluation, const FitConfig& config);

}  // namespace pitot::evaluation
