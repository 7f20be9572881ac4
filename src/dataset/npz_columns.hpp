// Arrays of an archive as the layouts need them: of one length, one width, checked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataset/side_table.hpp"
#include "formats/npz.hpp"
#include "pitot/dataset.hpp"
#include "pitot/result.hpp"

namespace pitot::dataset {

/// "FILE: array 'NAME'", as messages begin.
[[nodiscard]] std::string array_place(const formats::NpzReader& npz, std::string_view name);

/// A one-dimensional array, of `rows` elements where that is known; mapped where NpzReader::column() can. T: double,
/// std::int32_t, std::uint8_t.
template <typename T>
[[nodiscard]] Result<Column<T>> read_column(const formats::NpzReader& npz, std::string_view name,
                                            std::optional<std::int64_t> rows = std::nullopt);

/// A two-dimensional array row by row, of `rows` rows and, where that is known, `cols` columns.
template <typename T>
struct Table {
    std::int64_t cols = 0;
    std::vector<T> values;
};
template <typename T>
[[nodiscard]] Result<Table<T>> read_table(const formats::NpzReader& npz, std::string_view name, std::int64_t rows,
                                          std::optional<std::int64_t> cols = std::nullopt);

/// Texts of a one-dimensional array (or 1 × n), each fit for a name and none twice.
[[nodiscard]] Result<std::vector<std::string>> read_names(const formats::NpzReader& npz, std::string_view name);

/// Where a side stands in an archive.
struct SideArrays {
    Axis axis = Axis::kPlatform;
    std::string names;
    std::string features;       ///< need not exist: no side information
    std::string feature_names;  ///< need not exist; numbers n become "opn"; too few: the others become "featureN"
    bool counts = false;        ///< features are counts: ln(1 + count) is taken
};
/// Errors: names empty, repeated or unfit; features not finite, negative counts, or of another height or width.
[[nodiscard]] Result<Side> read_side(const formats::NpzReader& npz, const SideArrays& arrays,
                                     std::vector<std::string>& problems);

}  // namespace pitot::dataset
