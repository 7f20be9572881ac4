// The layouts a dataset comes in, and how their rows become one dataset.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "dataset/side_join.hpp"
#include "formats/csv.hpp"
#include "formats/npz.hpp"
#include "pitot/dataset.hpp"
#include "pitot/remedy.hpp"
#include "pitot/result.hpp"

namespace pitot::dataset {

/// Co-runners a row may have: more are a mistake, and room for them in every row would cost memory.
inline constexpr std::size_t kMostCoRunners = 256;

/// What a file says of the sides, before its rows are read.
struct SourceSides {
    std::optional<Side> platforms;
    std::optional<Side> modules;
    bool rows_have_names = false;       ///< rows name platforms and modules instead of numbering them
    std::vector<std::string> files;     ///< files read beside the source itself
    std::vector<std::string> problems;  ///< harmless oddities
};

/// Rows by number, as arrays hold them, and what messages call the arrays.
struct IndexedRows {
    std::string runtime_array;
    std::string platform_array;
    std::string module_array;
    std::vector<std::string> co_runner_arrays;  ///< one, or one a co-runner
    Column<double> runtime_us;
    Column<std::int32_t> platform;
    Column<std::int32_t> module;
    Column<std::int32_t> co_runner;  ///< rows × width
    std::int32_t width = 0;
    Column<std::uint8_t> objective;  ///< 0 alone, 1 together; empty: all alone with width 0, else all together
};

/// Rows as sources bring them, pool by pool, until all are read.
class PoolRows {
public:
    void add_alone(std::int32_t platform, std::int32_t module, double runtime_us);
    void add_together(std::int32_t platform, std::int32_t module, std::span<const std::int32_t> co_runners,
                      double runtime_us);
    /// Makes room for that many co-runners a row beside others.
    void widen(std::int32_t width);
    /// Makes room for so many more rows of one pool.
    void reserve(bool alone, std::size_t rows);

    /// Whether rows, of which the first `alone` ran alone, can be taken as they are.
    [[nodiscard]] bool takes(std::size_t rows, std::size_t alone, std::int32_t width) const;
    void take(ObservationTable&& rows, std::size_t alone);

    [[nodiscard]] ObservationView alone() const;
    [[nodiscard]] bool empty() const;
    /// Hands all rows to a dataset, without copying those that were taken.
    void move_to(Dataset& dataset);

private:
    void part();

    ObservationTable alone_;
    ObservationTable together_;
    // Rows of both pools in one table that was taken as a whole, until others come; the first whole_alone_ ran alone.
    ObservationTable whole_;
    std::size_t whole_alone_ = 0;
};

/// Takes the rows of one source: checks them, translates numbers, and counts or refuses what cannot be used.
class RowSink {
public:
    RowSink(std::string file, bool skip_invalid, Dataset& dataset, PoolRows& rows, SideJoin& platforms,
            SideJoin& modules)
        : file_(std::move(file)),
          skip_invalid_(skip_invalid),
          dataset_(dataset),
          rows_(rows),
          platforms_(platforms),
          modules_(modules) {}

    /// Row numbers of the joined sides by those of this file. Without a map a file's numbers are those of the first
    /// file that has names.
    void set_maps(std::optional<std::vector<std::int32_t>> platforms, std::optional<std::vector<std::int32_t>> modules);

    /// Counts a row that cannot be used; the first ten are described. With another remedy than to leave such rows out,
    /// `describe()` says it.
    void reject(const std::function<std::string()>& describe, Remedy remedy = Remedy::kSkipInvalid);
    /// The same where rows have one fault: it is told once, with the number of its rows behind `place` of the first.
    void reject_alike(const std::string& place, const std::string& fault, Remedy remedy);

    /// Where rows known to be in order go, by joined row numbers.
    [[nodiscard]] PoolRows& pools() { return rows_; }

    /// Rows by this file's numbers, checked one by one.
    void add_rows(const IndexedRows& rows);
    /// The same, by taking the columns as they are where all rows are in order, numbers need no translation, rows alone
    /// come first and no earlier file has rows.
    void take_rows(IndexedRows&& rows);

    [[nodiscard]] SideJoin& platforms() { return platforms_; }
    [[nodiscard]] SideJoin& modules() { return modules_; }
    [[nodiscard]] const std::string& file() const { return file_; }
    void note(std::string problem) { dataset_.problems.push_back(std::move(problem)); }
    /// Counts runs that failed, of which nothing can be learned.
    void count_failed(std::int64_t runs) { failed_ += runs; }
    [[nodiscard]] std::int64_t failed() const { return failed_; }
    /// Notes how many rows were left out; where that was not asked for, an error with all that reject() was told.
    [[nodiscard]] Result<void> finish();

private:
    [[nodiscard]] std::string row_fault(const IndexedRows& rows, std::size_t row) const;
    [[nodiscard]] bool takes(const IndexedRows& rows, std::size_t alone) const;

    std::string file_;
    bool skip_invalid_;
    Dataset& dataset_;
    PoolRows& rows_;
    SideJoin& platforms_;
    SideJoin& modules_;
    std::vector<std::int32_t> platform_map_;
    std::vector<std::int32_t> module_map_;
    std::vector<std::int32_t> co_runners_;  // of one row, translated
    std::int64_t dropped_ = 0;
    std::int64_t failed_ = 0;
    std::vector<std::string> faults_;  // of the first of them
    struct Alike {
        std::size_t fault;  // in faults_
        std::int64_t rows;
    };
    std::map<std::string, Alike> alike_;  // faults that several rows may have
    std::int64_t not_described_ = 0;
    Remedy remedy_ = Remedy::kSkipInvalid;
};

/// What a runtime is between, a tenth of a nanosecond and 116 days: outside, a unit was mistaken.
inline constexpr double kShortestRuntimeUs = 1e-4;
inline constexpr double kLongestRuntimeUs = 1e13;
/// Why a runtime cannot be one ("is NaN", …), or nullptr when it can.
[[nodiscard]] const char* runtime_fault(double runtime_us);

/// A file in one of the layouts.
class Source {
public:
    Source() = default;
    Source(const Source&) = delete;
    Source& operator=(const Source&) = delete;
    virtual ~Source() = default;

    [[nodiscard]] virtual std::string file() const = 0;
    [[nodiscard]] virtual Result<SourceSides> sides() = 0;
    /// Called once, after sides().
    [[nodiscard]] virtual Result<void> rows(RowSink& sink) = 0;
};

[[nodiscard]] std::unique_ptr<Source> dense_source(formats::NpzReader npz);
[[nodiscard]] std::unique_ptr<Source> index_source(formats::NpzReader npz);

/// A table of features beside a file of runtimes, which names its features and lists its side.
struct SiblingTable {
    std::filesystem::path file;   ///< what messages call it; "" = none
    std::filesystem::path place;  ///< where it stands: see core::standing_part()
};
/// How a table of runtimes is read.
struct TableOptions {
    ReadOptions read;
    SiblingTable platforms;
    SiblingTable modules;
    std::filesystem::path read_instead;  ///< the file that stood in for one being replaced; "" = none
};
/// A text of runtimes, as bytes in whatever encoding: a table in the long form, a matrix, or JSON of another tool.
[[nodiscard]] Result<std::unique_ptr<Source>> text_source(std::string name, std::string bytes,
                                                          TableOptions options = {});

/// The layout is told by the arrays. kInput error if they are those of neither or of both.
[[nodiscard]] Result<std::unique_ptr<Source>> npz_source(formats::NpzReader npz);

/// read_dataset() on sources at hand.
[[nodiscard]] Result<Dataset> read_sources(std::span<const std::unique_ptr<Source>> sources,
                                           const ReadOptions& options = {});

/// STEM.platforms.csv or STEM.modules.csv beside STEM.csv, STEM.tsv, STEM.csv.gz, ….
[[nodiscard]] std::filesystem::path sibling_table(const std::filesystem::path& file, Axis axis);

}  // namespace pitot::dataset
