// Which column of a table is what, by the words of its header.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dataset/column_words.hpp"
#include "dataset/side_table.hpp"
#include "formats/quantity.hpp"
#include "pitot/dataset.hpp"
#include "pitot/result.hpp"

namespace pitot::dataset {

/// What the first rows of a column hold.
struct ColumnFacts {
    std::int64_t numbers = 0;  ///< numbers, with or without a unit
    std::int64_t with_unit = 0;
    std::int64_t fractions = 0;  ///< numbers that are not whole
    std::int64_t texts = 0;
};

inline constexpr std::size_t kNoColumn = static_cast<std::size_t>(-1);

/// Which column is what; kNoColumn = none.
struct TableColumns {
    std::size_t count = 0;
    std::size_t platform = kNoColumn;
    std::size_t device = kNoColumn;  ///< device and engine make up a platform, "ENGINE.DEVICE"
    std::size_t engine = kNoColumn;
    std::size_t module = kNoColumn;
    std::size_t runtime = kNoColumn;
    std::size_t unit = kNoColumn;        ///< a unit a row
    std::size_t exit = kNoColumn;        ///< 0 where a run succeeded
    std::size_t status = kNoColumn;      ///< a word that says whether a run succeeded
    bool status_of_numbers = false;      ///< 1 is success there
    std::size_t phase = kNoColumn;       ///< Sightglass's; rows of other phases than execution are passed over
    bool aggregates = false;             ///< some rows may sum up others: AggregateRows
    bool command = false;                ///< `module` is a command, which tells the engine, too: parts_of_command()
    std::vector<std::size_t> with_list;  ///< lists of co-runners
    std::vector<std::size_t> with_one;   ///< a co-runner each
    std::optional<formats::TimeUnit> header_unit;

    /// A matrix: a row a module (or platform), a column a platform (or module).
    bool wide = false;
    Axis rows = Axis::kModule;                                  ///< what its rows are
    std::vector<std::size_t> values;                            ///< its columns
    std::vector<std::string> value_names;                       ///< without units
    std::vector<std::size_t> summaries;                         ///< columns that sum up others, left out
    std::vector<std::optional<formats::TimeUnit>> value_units;  ///< of each, if they are not all in `header_unit`

    std::vector<std::string> unused;  ///< names of columns that are nothing of this
    std::vector<std::size_t> untold;  ///< those of them that may tell what was measured: neither dates nor the like
    std::vector<std::size_t> may_be_others;  ///< those of them in which no number was seen
    std::vector<std::string> renamed;        ///< "platform from 'Device'", …, of columns that are called otherwise
};

/// Recognises the columns of a table. `place` begins messages ("runs.csv: line 1"); `facts`: of each column. Errors:
/// kInput for columns that are missing, twice there, ambiguous or like co-runners but not known; kUsage for a name of
/// options.columns that no column has.
[[nodiscard]] Result<TableColumns> recognise_columns(const std::string& place, std::span<const std::string> header,
                                                     std::span<const ColumnFacts> facts, const ReadOptions& options);

}  // namespace pitot::dataset
