// The beginning of a table, by which its columns are recognised, and the names in its rows.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "dataset/table_columns.hpp"
#include "dataset/text_table.hpp"

namespace pitot::dataset {

struct TableHead {
    std::vector<std::string> header;  ///< none of an empty file
    std::vector<ColumnFacts> facts;   ///< of its columns, by their first 1000 rows
    std::int64_t line = 1;            ///< where the header stands
};
[[nodiscard]] Result<TableHead> head_of(const TextTable& table);

/// The name of a row's platform: of one column, or made of engine and device ("ENGINE.DEVICE"), each of which may be
/// missing; an engine beside a platform that does not begin with it and a sign or end behind it, too
/// ("ENGINE.PLATFORM"). `device`: where no column tells it.
[[nodiscard]] std::string platform_of(const TableColumns& columns, const std::string& device,
                                      std::span<const std::string> fields);
/// The column to name where a platform is wrong; kNoColumn if none tells it.
[[nodiscard]] std::size_t platform_column(const TableColumns& columns);

}  // namespace pitot::dataset
