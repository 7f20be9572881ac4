// Columns of a table of runtimes that are not used, and what they would have said.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "dataset/table_columns.hpp"

namespace pitot::dataset {

/// Looks for columns that tell apart what would be repeats of one combination, and for those that name co-runners.
class UnusedColumns {
public:
    UnusedColumns() = default;
    UnusedColumns(const TableColumns& columns, std::span<const std::string> header);

    /// Before any row is taken: what all rows hold. `module`: of the row.
    void survey(std::span<const std::string> fields, std::string_view module);
    [[nodiscard]] bool may_name_co_runners() const { return !others_.empty(); }
    /// The column whose cells are all empty or modules, of which some are none of their own rows'; kNoColumn = none.
    [[nodiscard]] std::size_t of_co_runners(const std::function<bool(std::string_view)>& known) const;

    /// A row that is taken.
    void see(std::span<const std::string> fields, const std::string& platform, const std::string& module,
             std::span<const std::string> with);
    /// What users should know: a text a column that tells repeats apart.
    [[nodiscard]] std::vector<std::string> notes() const;

private:
    struct Others {
        std::size_t column = kNoColumn;
        std::unordered_set<std::string> cells;
        std::unordered_map<std::string, std::string> of_module;  // first cell
        bool differs = false;                                    // from its rows' modules
        bool gaps = false;
        bool varies = false;  // by more than the module
        bool agrees = false;  // a row with its own module

        // "fft" of fft and fft-large: groups modules.
        [[nodiscard]] bool groups() const { return !gaps && !varies && agrees; }
    };
    struct Untold {
        std::size_t column = kNoColumn;
        std::string name;
        std::unordered_map<std::size_t, std::string> first;  // by combination
        std::unordered_set<std::size_t> values;
        std::int64_t rows = 0;
        std::string example;  // "" = tells nothing apart
    };
    std::vector<Others> others_;
    std::vector<Untold> untold_;
};

}  // namespace pitot::dataset
