// The dense layout (2023), written.
#pragma once

#include <filesystem>

#include "formats/npz.hpp"
#include "pitot/dataset.hpp"
#include "pitot/result.hpp"

namespace pitot::dataset {

/// The archive of the dense layout, and write_dataset() of it: `data`, `platform`, `module`, then `platform_data`,
/// `platform_features`, `module_data` (opcode counts) and `module_features` of sides that have features, then
/// `if_platform`, `if_module`, `if_interferer` and `if_data` where there are rows with co-runners. Errors (kInput): a
/// pair measured more than once alone, module features that are no ln(1 + count), a matrix beyond 2^31 elements.
[[nodiscard]] Result<formats::NpzWriter> dense_archive(const Dataset& dataset);
[[nodiscard]] Result<void> write_dense_layout(const Dataset& dataset, const std::filesystem::path& file);

/// Adds counts of opcodes, as whole numbers where they are: `values` rows × `columns`.
void add_counts(formats::NpzWriter& npz, const std::string& array, std::span<const double> values,
                std::int64_t columns);

/// Adds names of module features: those called "opN" as the numbers N, if all are.
void add_opcode_names(formats::NpzWriter& npz, const std::string& array, const std::vector<std::string>& names);

/// The counts behind module features, rows × features. A kInput error naming a feature that is no ln(1 + count).
[[nodiscard]] Result<std::vector<double>> opcode_counts(const Side& modules);

}  // namespace pitot::dataset
