// What a training step has to compute and move at least, from the dimensions alone.
#pragma once

#include <span>

#include "backend/program.hpp"

namespace pitot::backend {

/// The sum of what all operations of a step take, every row of both sides being computed, and of the optimiser's bytes:
/// it reads parameter, gradient and two moments and writes all but the gradient. Its multiply-adds are not counted.
[[nodiscard]] Cost cost_of_step(const Program& program, std::span<const BatchShape> batches);

}  // namespace pitot::backend
