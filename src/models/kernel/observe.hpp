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

/// Cells after some more runs: those of a known pair change its mean and count, others add a cell.
[[nodiscard]] Cells merge_runs(const Cells& cells, const NewRuns& runs);

/// Means differ from the exact ones by less than 1e-6 with this tolerance (five times it was measured), and errors do
/// not add up: every solve makes the residual of all cells small. From where the old α lead, fewer neighbours than a
/// fit takes are fastest: 1.3 s of one core with 700, 0.9 with 450, 1.7 with 300 at 27 000 cells.
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
