// Where an answer comes from: terms of the sum, measured pairs that weigh most, parts of the deviation.
#pragma once

#include <cstdint>

#include "core/team.hpp"
#include "models/kernel/kernel_state.hpp"
#include "models/kernel/posterior.hpp"
#include "pitot/explain.hpp"
#include "pitot/result.hpp"

namespace pitot::models::kernel {

/// Of a pair, with at most `most` measured pairs. kInput if a covariance matrix is not positive definite.
[[nodiscard]] Result<PairExplanation> explain_pair(const KernelState& state, const KernelAnswers& answers,
                                                   const PreparedTables& prepared, std::int32_t platform,
                                                   std::int32_t module, std::int64_t most, core::Team& team);

}  // namespace pitot::models::kernel
