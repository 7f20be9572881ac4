// One side of the matrix as a CSV table: name, then one column a feature.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/atomic_file.hpp"
#include "formats/csv.hpp"
#include "pitot/dataset.hpp"
#include "pitot/result.hpp"

namespace pitot::dataset {

enum class Axis { kPlatform, kModule };

/// "platform" or "module".
[[nodiscard]] const char* word(Axis axis);

/// Reads `name[,feature…]`, a row a platform or module. Modules hold opcode counts (>= 0): ln(1 + count) is taken.
/// Errors (kInput): no column `name` in front, no rows, names repeated or unfit, numbers missing, not finite or
/// negative.
[[nodiscard]] Result<Side> read_side_table(const formats::CsvInput& input, Axis axis);

/// Writes what read_side_table() reads; NewFile::put() puts it in its place. Counts within 1e-6 (relative) of a whole
/// number are written as that number. Module features below 0 are no logarithms of counts: a kInput error.
[[nodiscard]] Result<core::NewFile> make_side_table(const Side& side, Axis axis, const std::filesystem::path& file);

/// The opcode count that a module's feature ln(1 + count) stands for, a whole number where it is one within 1e-6
/// (relative); negative or not finite if it stands for none.
[[nodiscard]] double opcode_count(double feature);

/// " (did you mean 'a' or 'b'?)" with the known names nearest to an unknown one, or "" when none is near.
[[nodiscard]] std::string near_names(std::string_view unknown, std::span<const std::string> known);

/// An error naming the first row whose name is unfit (see name_fault()) or repeated. `where` begins the message
/// ("data.npz: array 'module'").
[[nodiscard]] Result<void> check_names(const std::vector<std::string>& names, const std::string& where);

}  // namespace pitot::dataset
