// New runs folded into a process that was fitted: hyper-parameters and distances stay, what is learned from does not.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "core/team.hpp"
#include "models/fitted_model.hpp"
#include "models/kernel/kernel_state.hpp"
#include "models/kernel/posterior.hpp"
#include "models/kernel/solve.hpp"
#include "pitot/result.hpp"

namespace pitot::models::kernel {

/// Combinations after some more runs: those of a known one change its mean and count, others add one.
struct MergedRuns {
    Runs runs{};
    std::vector<std::int64_t> from{};  ///< the number that each had before, -1 = none
    std::vector<bool> changed{};       ///< of each: whether it is new or has more runs
};
[[nodiscard]] MergedRuns merge_runs(const Runs& before, const NewRuns& more);
/// The same of cells; what runs within them tell goes along.
[[nodiscard]] Runs runs_of(const Cells& cells);
[[nodiscard]] Cells cells_of(const Runs& runs);

/// Means differ from the exact ones by less than 1e-6 with this tolerance (five times it was measured), and errors do
/// not add up: every solve makes the residual of all cells small. From where the old α lead, fewer neighbours than a
/// fit takes are fastest: of 700, 550, 450, 380 and 300 at 27 000 cells, 450.
inline constexpr SolveOptions kFoldInOptions{.neighbour_cells = 450, .tolerance = 1e-7, .iterations = 2000};

struct FoldedIn {
    KernelState state;
    KernelAnswers answers;
};

/// The state and answers of a model that learned from `runs`, too: those of a fit with these hyper-parameters,
/// distances and c, up to the solver's tolerance. `before` are the answers of `state`, whose deviations are computed
/// again where runs are near; `prepared` may know rows appended to the sides. Errors: kInput if a solve fails.
[[nodiscard]] Result<FoldedIn> fold_in(const KernelState& state, const KernelAnswers& before,
                                       const PreparedTables& prepared, const NewRuns& runs, core::Team& team,
                                       const SolveOptions& options = kFoldInOptions);

}  // namespace pitot::models::kernel
