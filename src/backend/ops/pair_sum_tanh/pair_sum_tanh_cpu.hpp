// Single-precision kernels of the cpu backend, under the rules that cpu/kernels.hpp states.
#pragma once

#include <cstdint>
#include <span>

#include "backend/cpu/kernels.hpp"
#include "backend/ops/dense/dense_cpu.hpp"
#include "backend/ops/pair_sum_tanh/pair_sum_tanh_host.hpp"

namespace pitot::backend::cpu {

/// out[b] = tanh(left[platform[b]] + right[module[b]]).
void sum_tanh(Index platform, Index module, ConstView left, ConstView right, View out);
/// dleft[platform[b]] and dright[module[b]] += dout[b], which has been multiplied by tanh' already.
void sum_tanh_backward(Index platform, Index module, ConstView dout, View dleft, View dright);

}  // namespace pitot::backend::cpu

namespace pitot::backend {

template <>
struct PairSumTanhKernels<float> {
    // NOLINTBEGIN(readability-identifier-naming): functions, not values
    static constexpr auto sum_tanh = cpu::sum_tanh;
    static constexpr auto sum_tanh_backward = cpu::sum_tanh_backward;
    static constexpr auto tanh_slope = cpu::tanh_slope;
    // NOLINTEND(readability-identifier-naming)
};

}  // namespace pitot::backend
