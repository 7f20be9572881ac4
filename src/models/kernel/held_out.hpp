// What a Gaussian process would answer for platforms and modules that it had not seen.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "core/key.hpp"
#include "models/fitted_model.hpp"
#include "models/kernel/kernel_state.hpp"
#include "models/kernel/machine.hpp"
#include "pitot/context.hpp"

namespace pitot::models::kernel {

/// The state without some of its cells or runs (`kept`: numbers of the others, ascending), their α still where all
/// cells led.
[[nodiscard]] KernelState without(const KernelState& state, const std::vector<std::int64_t>& kept);

/// `less`, which is without() some cells of `state`, with the passes solved again from where all cells led and the same
/// hyper-parameters, to four digits. Where `factors` has a key, factors are fitted again, too. kInput if a solve fails;
/// kCancelled.
[[nodiscard]] Result<KernelState> solve_again(KernelState less, const KernelState& state, const Side& platforms,
                                              const Side& modules, std::optional<core::Key> factors,
                                              const Machine& machine, const std::function<bool()>& go_on);

/// Runs, alone and beside others, with which all is solved again. With more, pairs alone are answered by f, which is
/// solved for by what ran alone, and parts end once 40 platforms and 40 modules have been held out.
inline constexpr std::int64_t kMostRunsAgain = 20'000;

/// Every platform and every module is held out once, in `folds` parts: part by part the passes are solved again
/// without the cells of its platforms and modules, hyper-parameters kept, and answer those cells. Of cells whose
/// platform alone is held out, whose module alone, and both; of states that know co-runners, of runs alone and beside
/// others, the latter without all in which a module of the part is a co-runner. A side without features is not held
/// out. kInput if a solve fails; kCancelled.
[[nodiscard]] Result<HeldOutAnswers> hold_out(const KernelState& state, const Side& platforms, const Side& modules,
                                              std::int64_t folds, const Machine& machine, const Context& context,
                                              std::int64_t most_runs = kMostRunsAgain);

}  // namespace pitot::models::kernel
