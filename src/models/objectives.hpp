// What a configuration trains on, as the list of objectives that the published program keeps beside its results.
#pragma once

#include <nlohmann/json.hpp>

#include "pitot/config.hpp"

namespace pitot {

/// One object an objective: `mf`, rows alone, and with `together` also `if`, rows with co-runners. Each has `name`,
/// `batch_size`, `weight`, `log` (whether it is about logarithms), `save` (the array of predictions on its test rows;
/// null: they are cells of C_hat), and `xkey` and `ykey`, the names of indices and runtimes in the published program.
[[nodiscard]] nlohmann::ordered_json objectives_json(const FitConfig& config, bool together);

/// Holds a list of objectives that a configuration came with against its fields, which decide. kUsage error naming the
/// first that says otherwise than the fields.
[[nodiscard]] Result<void> check_objectives(const FitConfig& config, const nlohmann::ordered_json& objectives);

}  // namespace pitot
