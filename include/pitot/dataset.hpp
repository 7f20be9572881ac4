// A dataset: two sides with side information, and observations in pools, in memory or in a mapped file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pitot/column.hpp"
#include "pitot/export.hpp"
#include "pitot/matrix_view.hpp"
#include "pitot/result.hpp"

namespace pitot {

/// One side of the platform × module matrix.
struct Side {
    std::vector<std::string> names;          ///< unique, one a row
    std::vector<std::string> feature_names;  ///< one a column of `features`; empty = no side information
    /// names.size() × feature_names.size(), finite. Modules: ln(1 + opcode count). Platforms: as stored.
    Matrix<double> features;

    [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(names.size()); }
};

/// Borrowed observations; what everything below the data room reads (they may live in a mapped file).
struct ObservationView {
    std::span<const std::int32_t> platform;
    std::span<const std::int32_t> module;
    std::span<const std::int32_t> co_runner;  ///< rows × width, row-major, module indices, -1 = none
    std::int32_t width = 0;                   ///< co-runners a row has room for
    std::span<const double> runtime_us;       ///< from 1e-4 to 1e13

    [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(runtime_us.size()); }
};

/// Observations by column. Repeated observations of one cell are kept, in the order of their files.
struct ObservationTable {
    Column<std::int32_t> platform;
    Column<std::int32_t> module;
    Column<std::int32_t> co_runner;  ///< rows × width, row-major, -1 = none
    std::int32_t width = 0;
    Column<double> runtime_us;

    [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(runtime_us.size()); }
    [[nodiscard]] ObservationView view() const {
        return {platform.values(), module.values(), co_runner.values(), width, runtime_us.values()};
    }
};

/// Observations that are split, trained on, calibrated and reported by themselves, because their errors have a
/// distribution of their own: runs alone, runs beside others. A combination with k co-runners is calibrated with pool
/// k, or with the last one: what has more pools than two tells rows beside one other, beside two, … apart.
struct Pool {
    /// Letters, digits, '-' and '_'; unique. The first pool is "alone". Files know "alone" and "together".
    std::string name;
    std::int64_t rows = 0;  ///< of Dataset::observations, behind those of the pools before it
};

/// Pools that a dataset may have.
inline constexpr std::size_t kMostPools = 8;

/// Number of the pool of rows without co-runners. Every dataset has it, with or without rows.
inline constexpr std::size_t kAlone = 0;

/// What was measured. Dense matrices are read in row-major order (platform by platform).
struct Dataset {
    Side platforms;
    Side modules;
    ObservationTable observations;       ///< the rows of pool 0, then those of pool 1, …
    std::vector<Pool> pools{{"alone"}};  ///< pool kAlone has no co-runners; the rows of further pools may have some
    std::vector<std::string> sources;    ///< the files it came from
    std::vector<std::string> problems;   ///< oddities found while reading that do no harm, in words
    std::int64_t dropped_rows = 0;       ///< rows left out by `skip_invalid`

    /// Whether it is as it is described here: names given and not repeated, a value for every row and column, numbers
    /// finite and in range. What read_dataset() returns is; fit(), evaluate() and write_dataset() ask it of any. Reads
    /// everything once, as fast as memory gives it (0.2 s for 10^8 rows). Errors: kInput naming table,
    /// column, row, value and remedy.
    [[nodiscard]] PITOT_API Result<void> validate() const;

    /// The rows of one pool (none of a pool that does not exist); those of kAlone have width 0.
    [[nodiscard]] PITOT_API ObservationView pool(std::size_t number) const;
    /// Rows outside kAlone.
    [[nodiscard]] std::int64_t rows_beside_others() const {
        return pools.empty() ? 0 : observations.size() - pools.front().rows;
    }

    /// Makes these the observations, in the pools "alone" (width 0) and, if there are any, "together" (width >= 1).
    /// Columns are moved where one of both is empty, else copied. Whether tables are whole is asked by validate().
    PITOT_API void set_observations(ObservationTable alone, ObservationTable together = {});
};

struct ReadOptions {
    /// Drop rows that cannot be used (and count them) instead of refusing the file.
    bool skip_invalid = false;
    /// Feature tables (CSV: name, then one column a feature) that replace or supply side information. Module tables
    /// hold opcode counts, of which ln(1 + count) is taken, or that already (docs/csv.md tells how it is known).
    std::filesystem::path platform_features = {};
    std::filesystem::path module_features = {};
    /// Unit of runtimes in tables that do not say it: "ns", "us", "ms", "s", "min" or "h"; "" = they have to say it.
    /// Tables that say another one are refused (kUsage).
    std::string unit = {};
    /// Columns of tables whose names do not tell what they are: pairs of "platform", "module", "runtime", "with",
    /// "device", "engine" or "unit" and the column's name ("#2": its number).
    std::vector<std::pair<std::string, std::string>> columns = {};
    /// The device that rows ran on whose file tells none.
    std::string device = {};
    /// '.' or ',' marks fractions in tables; 0 = it is told by the numbers.
    char decimal_mark = '\0';
    /// Take runtimes whose unit nothing says for microseconds, and say so among the problems, rather than refuse them:
    /// to look at a table.
    bool allow_unknown_unit = false;
    /// Bytes of the tables of features, borrowed, which are read instead of files; their paths then only name them.
    std::optional<std::string_view> platform_feature_bytes = {};
    std::optional<std::string_view> module_feature_bytes = {};
};

/// Reads one or several files into one dataset: .npz in the dense or index layout; tables of delimited text, an
/// observation a row or a matrix; results of other tools in JSON (docs/csv.md). What a file is, its first bytes tell;
/// gzip is unpacked, and "-" is standard input. Large columns of observations (2^20 rows and more) of the first file
/// that has rows are not read but mapped, where they lie in it as they are needed: stored, not compressed;
/// little-endian int32 indices and float64 runtimes, aligned to their size. Where rows alone are in one file and rows
/// beside others in another, columns are copied instead. A mapped file must not be changed while the dataset is in use;
/// replacing or removing it does no harm. Errors: kInput
/// naming file, array, row and remedy; kEnvironment if a file cannot be opened.
[[nodiscard]] PITOT_API Result<Dataset> read_dataset(std::span<const std::filesystem::path> files,
                                                     const ReadOptions& options = {});

/// Something to read: a file or, if there are bytes, these, which are borrowed and which `file` only names in messages.
struct Input {
    std::filesystem::path file;
    std::optional<std::string_view> bytes = {};
};

/// The same of files and of bytes at hand: what a file would hold. Bytes are copied, never mapped.
[[nodiscard]] PITOT_API Result<Dataset> read_inputs(std::span<const Input> inputs, const ReadOptions& options = {});

/// How a dataset lies in an .npz archive.
enum class Layout : std::uint8_t {
    kIndex,  ///< (2025) a row an observation, module features as ln(1 + count)
    kDense,  ///< (2023) a platform × module matrix of runtimes, 0 = not measured; module features as counts
};

/// Writes an .npz archive in that layout or, by the extension .csv, the long form with `STEM.platforms.csv` and
/// `STEM.modules.csv` beside it. Whole or not at all. Observations of 2^20 rows and more are stored in the index layout
/// so that they can be mapped; fewer are compressed. The dense layout holds one observation a pair: it is a kInput
/// error if a pair was measured more than once alone, if dataset.validate() fails, or if there are pools other than
/// "alone" and "together".
[[nodiscard]] PITOT_API Result<void> write_dataset(const Dataset& dataset, const std::filesystem::path& file,
                                                   Layout layout = Layout::kIndex);

/// The bytes of such an archive. Errors: as write_dataset().
[[nodiscard]] PITOT_API Result<std::vector<std::byte>> dataset_to_bytes(const Dataset& dataset,
                                                                        Layout layout = Layout::kIndex);

/// SHA-256 (64 hexadecimal digits) of names, features and observations: equal data in different files agree. Of a
/// dataset that validate() refuses too.
[[nodiscard]] PITOT_API std::string dataset_digest(const Dataset& dataset);

}  // namespace pitot
