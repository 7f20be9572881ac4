// Single-precision kernels of the cpu backend, under the rules that cpu/kernels.hpp states.
#pragma once

#include <cstdint>
#include <span>

#include "backend/cpu/kernels.hpp"
#include "backend/ops/pair_dot/pair_dot_host.hpp"

namespace pitot::backend::cpu {

/// prediction[b] += scale * left[platform[b]] . right[module[b]] over the columns of left.
void pair_dot(Index platform, Index module, ConstView left, ConstView right, float scale, std::span<float> prediction);
/// Its gradient, for the columns given. `by_module`: the pairs' numbers, those with the same module one after the
/// other. Fastest when the pairs themselves are ordered by platform: rows of runs stay in registers.
void pair_dot_backward(Index platform, Index module, Index by_module, ConstView left, ConstView right, float scale,
                       std::span<const float> slope, View dleft, View dright);

}  // namespace pitot::backend::cpu

namespace pitot::backend {

template <>
struct PairDotKernels<float> {
    // NOLINTBEGIN(readability-identifier-naming): functions, not values
    static constexpr auto pair_dot = cpu::pair_dot;
    static constexpr auto pair_dot_backward = cpu::pair_dot_backward;
    // NOLINTEND(readability-identifier-naming)
};

}  // namespace pitot::backend
