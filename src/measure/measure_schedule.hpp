// Internal to the room: which runs are due, and how long they will take.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "measure/collection_records.hpp"
#include "measure/measure.hpp"

namespace pitot::measure {

/// Failed too often in a row.
[[nodiscard]] bool is_abandoned(const CellRuns& runs, const Plan& plan);
/// Whether a cell shall be run in round `round`, that is, for the (round + 1)-th time.
[[nodiscard]] bool is_due(const CellRuns& runs, const Plan& plan, std::size_t round);
/// Whether it shall be run at all.
[[nodiscard]] bool is_open(const CellRuns& runs, const Plan& plan);

/// Runs that a cell still wants if each takes `seconds`.
[[nodiscard]] std::size_t runs_left(const CellRuns& runs, const Plan& plan, double seconds);

/// Warm calls that a cell still wants, as many as go into one process.
[[nodiscard]] std::size_t warm_calls_due(const Records& records, const Plan& plan, Cell cell);

struct Estimate {
    std::size_t runs_left = 0;
    double spent_s = 0.0;
    std::optional<double> left_s;  ///< nothing while no cell has a run
};

/// Of the runs alone of `cells`. A cell without runs is taken to be as its engine's others, or as all others.
[[nodiscard]] Estimate estimate_alone(const Records& records, const Plan& plan, const std::vector<Cell>& cells);

/// Sets that are missing, in the order in which they are to be run.
[[nodiscard]] std::vector<SetKey> missing_sets(const Records& records, const Plan& plan,
                                               const std::vector<std::size_t>& engines);

/// Counts of what there is of the cells and sets of these engines and modules (numbers in `records`); the rest of the
/// summary is left as it is.
void summarize(const Records& records, const Plan& plan, const std::vector<std::size_t>& engines,
               const std::vector<std::size_t>& modules, Summary& summary);

}  // namespace pitot::measure
