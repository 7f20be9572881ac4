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

struct SideTable {
    Side side;
    std::vector<std::string> notes;  ///< what was made of the table: columns left out, cells filled, scales recognised
};

/// Reads a table of features, a row a platform or module: a column of names ("name", or a word for the side), the
/// others features. Text becomes a feature a category ("cpu=i5", 1 or 0), an empty cell the mean of its column (of
/// `known`, if it has the feature). Modules hold opcode counts (>= 0), of which ln(1 + count) is taken, or these
/// logarithms: columns called `log1p(NAME)` or `count(NAME)` say which, others are told by their values. An archive
/// that `pitot opcodes` or `pitot platforms` wrote is read as read_side_archive() does. Errors (kInput): no column of
/// names, no rows, names repeated or unfit; numbers and texts in one column, numbers that are not finite or negative
/// (all such cells together), values that may be either scale.
[[nodiscard]] Result<SideTable> read_side_table(const formats::CsvInput& input, Axis axis, const Side* known = nullptr);

/// Gives `table` the categories of text features ("cpu=i5") that `known` has of the same text: those it lacks are 0,
/// those unknown are left out. What was left out goes into `notes`. Features of that form with other values than those
/// of text are none of a text: they stay as they are.
void match_categories(const Side& known, Side& table, std::vector<std::string>& notes);

/// Writes what read_side_table() reads; NewFile::put() puts it in its place. Counts within 1e-6 (relative) of a whole
/// number are written as that number; columns with others are called `count(NAME)`. Module features below 0 are no
/// logarithms of counts: a kInput error.
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
