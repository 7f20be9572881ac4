// What a Gaussian process would answer for platforms and modules that it had not seen.
#pragma once

#include <cstdint>

#include "core/team.hpp"
#include "models/fitted_model.hpp"
#include "models/kernel/kernel_state.hpp"
#include "pitot/context.hpp"

namespace pitot::models::kernel {

/// Every platform and every module is held out once, in `folds` parts: part by part the passes are solved again
/// without the cells of its platforms and modules, hyper-parameters kept, and answer those cells. Of cells whose
/// platform alone is held out, whose module alone, and both. A side without features is not held out. kInput if a solve
/// fails; kCancelled.
[[nodiscard]] Result<HeldOutAnswers> hold_out(const KernelState& state, const Side& platforms, const Side& modules,
                                              std::int64_t folds, core::Team& team, const Context& context);

}  // namespace pitot::models::kernel
