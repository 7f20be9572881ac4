// The files between traces and a dataset: a matrix of runtimes, opcodes of modules, features of platforms.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "dataset/side_table.hpp"
#include "pitot/dataset.hpp"
#include "pitot/result.hpp"
#include "traces/trace_dataset.hpp"

namespace pitot::traces {

/// `data` (platforms × modules, 0 = not measured), `platform`, `module`: a dataset in the dense layout, without
/// features.
[[nodiscard]] Result<void> write_matrix(const Dataset& dataset, const std::filesystem::path& file);

/// 2023: `data` (counts), `module`, `opcode` (numbers). 2025: `data` (ln(1 + count)), `names`, `labels`. Errors: a
/// feature that is no ln(1 + count).
[[nodiscard]] Result<void> write_opcodes(const Side& modules, const std::filesystem::path& file, Release release);

/// 2023: `data`, `platform`, `feature`. 2025: `data`, `names`, `labels`.
[[nodiscard]] Result<void> write_platforms(const Side& platforms, const std::filesystem::path& file, Release release);

/// Reads either form.
[[nodiscard]] Result<Side> read_opcodes(const std::filesystem::path& file);
[[nodiscard]] Result<Side> read_platforms(const std::filesystem::path& file);

/// Opcodes of modules as a dataset keeps them: of the form of 2025 ("x0C") those whose count is not the same
/// everywhere.
[[nodiscard]] Side kept_in_dataset(const Side& modules);

/// A side with the rows of `names`, in that order, taken from `table`, which `file` held. Errors: a name that has no
/// row.
[[nodiscard]] Result<Side> select_rows(const std::vector<std::string>& names, const Side& table, dataset::Axis axis,
                                       const std::filesystem::path& file);

}  // namespace pitot::traces
