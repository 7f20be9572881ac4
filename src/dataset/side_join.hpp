// One side of a dataset out of the sides of several files.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "dataset/side_table.hpp"
#include "pitot/dataset.hpp"
#include "pitot/result.hpp"

namespace pitot::dataset {

/// Joins by name. Rows keep the order in which names first appear.
class SideJoin {
public:
    explicit SideJoin(Axis axis) : axis_(axis) {}

    /// A table that takes the place of all features the files bring. Its rows join behind those of the files.
    void set_table(std::string file, Side table);

    /// Joins a file's side; returns the row number here of each of its rows. Errors: features under other names than
    /// before, or other values for a name known already (beyond the precision of single floats).
    [[nodiscard]] Result<std::vector<std::int32_t>> add(const std::string& file, Side side);

    /// The row number of a name, appended if it is new; nothing if features are known of the others but not of it.
    [[nodiscard]] std::optional<std::int32_t> find_or_add(std::string_view name);
    [[nodiscard]] bool contains(std::string_view name) const { return index_.contains(name); }
    /// Whether a file before, or the table of features, has it.
    [[nodiscard]] bool knows(std::string_view name) const {
        return index_.contains(name) || table_index_.contains(name);
    }
    /// Whether find_or_add() would give a number.
    [[nodiscard]] bool accepts(std::string_view name) const;

    [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(names_.size()); }
    [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
    /// The table that takes the place of the files' features; "" without one.
    [[nodiscard]] const std::string& table_file() const { return table_file_; }
    /// Names that have features, if any do.
    [[nodiscard]] const std::vector<std::string>& described_names() const { return table_ ? table_->names : names_; }
    /// Rows of the first side that was added: what the numbers of a file without names mean.
    [[nodiscard]] std::int64_t first_size() const { return first_size_; }
    [[nodiscard]] Axis axis() const { return axis_; }

    /// Errors: no rows, or rows without features among rows with some.
    [[nodiscard]] Result<Side> finish();

private:
    using Columns = std::vector<std::size_t>;  // for each of the joined features, the column in a file

    [[nodiscard]] std::int32_t append(std::string name);
    [[nodiscard]] Result<Columns> match_features(const std::string& file, const Side& side);
    [[nodiscard]] Result<void> join_features(const std::string& file, const Side& side, std::int64_t from,
                                             std::int32_t to, const Columns& columns);

    struct Hash {
        using is_transparent = void;  // NOLINT(readability-identifier-naming): the standard's name
        std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
    };
    using Index = std::unordered_map<std::string, std::int32_t, Hash, std::equal_to<>>;

    Axis axis_;
    std::vector<std::string> names_;
    Index index_;
    std::vector<std::string> feature_names_;
    std::vector<double> features_;  // rows × features, row-major
    std::vector<bool> described_;   // whether a row's features are known
    std::int64_t first_size_ = 0;
    std::string table_file_;
    std::optional<Side> table_;
    Index table_index_;
};

}  // namespace pitot::dataset
