// Internal to the room: one call of measure(), in its stages.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "measure/collection.hpp"
#include "measure/measure.hpp"

namespace pitot::measure {

struct Session {
    const Plan& plan;
    const MeasureOptions& options;
    Collection& collection;
    std::vector<std::size_t> engines;  ///< numbers in the records of those of the plan, in its order
    std::vector<std::size_t> modules;
    std::map<Cell, engines::Command> commands;  ///< of cells that may have something to run
    std::size_t new_runs = 0;
    std::size_t new_sets = 0;
    std::size_t new_warm = 0;
    bool unready = false;  ///< the machine kept an engine from making a module ready

    [[nodiscard]] bool stopped() const { return options.stop.stop_requested(); }
    void note(const std::string& text) const {
        if (options.note) {
            options.note(text);
        }
    }
    /// Whether somebody wants to know, which is so ten times a second at most.
    [[nodiscard]] bool progress_due() {
        const auto now = std::chrono::steady_clock::now();
        const bool due = options.progress && now - reported >= std::chrono::milliseconds(100);
        reported = due ? now : reported;
        return due;
    }
    std::chrono::steady_clock::time_point reported{};
};

/// Names the plan's engines, modules and devices in the collection.
[[nodiscard]] Result<void> declare(Session& session);
/// Records what the plan refuses before any engine is asked, and takes back what it does not refuse any more.
[[nodiscard]] Result<void> keep_refusals(Session& session);
/// Fills session.commands, on all cores at once. What an engine refuses is recorded.
[[nodiscard]] Result<void> prepare_cells(Session& session);
/// Modules of the plan, by place in it, that have no profile, or had no time for it; without those that run nowhere.
[[nodiscard]] std::vector<std::size_t> missing_profiles(const Session& session);
/// Counts the opcodes of modules without a profile, on all cores at once.
[[nodiscard]] Result<void> profile_modules(Session& session);
/// Rounds over all cells, each in an order of its own.
[[nodiscard]] Result<void> run_alone(Session& session);
/// The warm calls that are missing, a process a cell at a time.
[[nodiscard]] Result<void> run_warm(Session& session);
/// The sets that are missing.
[[nodiscard]] Result<void> run_sets(Session& session);

}  // namespace pitot::measure
