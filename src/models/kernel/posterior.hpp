// What the process knows of some pairs together: their joint covariance given the observed cells near them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "core/team.hpp"
#include "models/kernel/cells.hpp"
#include "models/kernel/hyper.hpp"
#include "models/kernel/kernel_state.hpp"

namespace pitot::models::kernel {

/// What follows from hyper-parameters and distances, whatever the cells say.
struct PreparedTables {
    BesideTables tables;             ///< of a state that does not know co-runners, `alone` is all there is
    Matrix<double> platform_spread;  ///< see platform_spread()
    Matrix<double> module_spread;
};
/// Of the pass that answers; the sides may have rows behind those of reference.
[[nodiscard]] std::shared_ptr<const PreparedTables> prepare_tables(const KernelState& state, const Side& platforms,
                                                                   const Side& modules, core::Team& team);

/// Cells that joint posteriors are computed from, about.
inline constexpr std::int64_t kPosteriorCells = 1200;

/// Pairs of platform and module, no pair twice.
struct Pairs {
    std::vector<std::int32_t> platform{};
    std::vector<std::int32_t> module{};

    [[nodiscard]] std::size_t size() const { return platform.size(); }
};

/// Numbers, ascending, of the cells nearest some pairs, about `most` of them: all cells of their platforms (or of their
/// modules, where those are fewer), then those of the platforms (modules) nearest these.
[[nodiscard]] std::vector<std::int64_t> nearest_cells(const PreparedTables& prepared, const Cells& cells,
                                                      const Pairs& pairs, std::int64_t most);
/// The same of runs alone and beside others: those alone of their platforms (modules) all, of those beside others as
/// many as make `most`.
[[nodiscard]] std::vector<std::int64_t> nearest_runs(const PreparedTables& prepared, const Runs& runs,
                                                     const Pairs& pairs, std::int64_t most);

/// Pairs given cells.
struct Conditioned {
    Matrix<double> covariance;  ///< pairs × pairs, of what runs scatter about
    /// pairs × cells: K*K⁻¹, how much each cell's mean (less c) counts in each pair's; if asked for.
    Matrix<double> weight;
};
/// Nothing if a covariance matrix is not positive definite.
[[nodiscard]] std::optional<Conditioned> condition(const Tables& tables, const Cells& given, const Pairs& pairs,
                                                   bool weights, core::Team& team);
/// The same of pairs alone given runs alone and beside others.
[[nodiscard]] std::optional<Conditioned> condition(const BesideTables& tables, const Runs& given, const Pairs& pairs,
                                                   bool weights, core::Team& team);

/// Pairs given what a state has near them, about kPosteriorCells of it, by the tables that are `prepared` for it.
struct ConditionedNear {
    std::vector<std::int64_t> near{};  ///< numbers of its cells or, if it knows co-runners, of its runs
    Conditioned given{};
};
/// kInput if a covariance matrix is not positive definite.
[[nodiscard]] Result<ConditionedNear> condition_near(const KernelState& state, const PreparedTables& prepared,
                                                     const Pairs& pairs, bool weights, core::Team& team);

}  // namespace pitot::models::kernel
