// What a configuration trains on, as the list of objectives that the published program keeps beside its results.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "pitot/config.hpp"

namespace pitot::models {

/// What results and the published program call an objective: "mf" of the pool "alone", "if" of "together", else the
/// pool's name.
[[nodiscard]] std::string published_name(std::string_view pool);

/// The pool whose objective has that published name.
[[nodiscard]] std::string pool_named(std::string_view published_name);

/// One object for each objective of `pools`. Each has `name` (published_name()), `batch_size`, `weight`, `log` (whether
/// it is about logarithms), `save` (the array of predictions on its test rows; null: they are cells of C_hat), and
/// `xkey` and `ykey`, the names of indices and runtimes in the published program.
[[nodiscard]] nlohmann::ordered_json objectives_json(const FitConfig& config, std::span<const std::string> pools);

/// Holds a list of objectives that a configuration came with against its fields, which decide. kUsage error naming the
/// first that says otherwise than the fields.
[[nodiscard]] Result<void> check_objectives(const FitConfig& config, const nlohmann::ordered_json& objectives);

}  // namespace pitot::models
