// What a dataset holds, in numbers: for people before they fit it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pitot/dataset.hpp"
#include "pitot/units.hpp"

namespace pitot::dataset {

struct SideDescription {
    std::int64_t count = 0;
    std::vector<std::string> names;
    std::vector<std::string> feature_names;
    std::vector<std::string> unobserved;  ///< names without any observation, alone or together
};

struct RuntimeRange {
    Microseconds min;
    Microseconds median;
    Microseconds max;
};

struct AloneDescription {
    std::int64_t rows = 0;
    std::int64_t cells = 0;               ///< platform-module pairs observed at least once
    double density = 0.0;                 ///< cells / (platforms * modules)
    std::int64_t repeated_cells = 0;      ///< pairs observed more than once
    std::optional<RuntimeRange> runtime;  ///< none without rows
};

struct FactorRange {
    double min = 0.0;
    double median = 0.0;
    double max = 0.0;
};

struct TogetherDescription {
    std::int64_t rows = 0;
    std::int32_t width = 0;
    std::vector<std::int64_t> rows_by_co_runners;  ///< width + 1 counts: rows with 0, 1, … co-runners
    std::int64_t repeated_rows = 0;  ///< rows whose platform, module and co-runners (in any order) an earlier row has
    std::optional<RuntimeRange> runtime;
    /// Runtime together over the mean runtime of the same pair alone, of the rows whose pair was observed alone.
    std::int64_t slowdown_rows = 0;
    std::optional<FactorRange> slowdown;
};

struct DatasetDescription {
    std::vector<std::string> sources;
    std::string digest;
    SideDescription platforms;
    SideDescription modules;
    AloneDescription alone;
    TogetherDescription together;
    std::vector<std::string> problems;
    std::int64_t dropped_rows = 0;
};

[[nodiscard]] DatasetDescription describe(const Dataset& dataset);

/// Tells of runs that are over at once, as of an empty test: whatever they take is of the clock, and an error of a
/// tenth of a microsecond is all of it. Those under a microsecond and a hundredth of the median; "" if there are none.
[[nodiscard]] std::string empty_runs_remark(const Dataset& dataset);

}  // namespace pitot::dataset
