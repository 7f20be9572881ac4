// What a training step has to compute and move at least, from the dimensions alone.
#pragma once

#include <cstdint>
#include <span>

#include "backend/program.hpp"

namespace pitot {

/// A batch as far as its cost goes.
struct BatchShape {
    std::int64_t rows = 0;
    std::int64_t co_runners = 0;  ///< of each row
};

/// Multiply-adds of one step, forward and backward, every row of both sides being computed. A dense layer of n rows,
/// k inputs and m outputs takes n k m forward, as many for the weight's gradient and n k' m for that of the k' inputs
/// that want one; a dot product of r numbers takes 3 r (itself and two gradients); an interference term of s types and
/// c co-runners 3 s r (1 + c). The optimiser, the activations and sums of biases are not counted.
[[nodiscard]] double multiply_adds_of_step(const Program& program, std::span<const BatchShape> batches);

/// Bytes of single-precision rows that one step moves to and from memory or cache: of each pair's two rows of a dot
/// product both are read forward and backward and both gradients read and written, and the optimiser reads parameter,
/// gradient and two moments and writes all but the gradient. For models that are little else.
[[nodiscard]] double bytes_of_step(const Program& program, std::span<const BatchShape> batches);

}  // namespace pitot
