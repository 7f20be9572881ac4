// Plain double-precision loops, with the contracts of pair_sum_tanh_cpu.hpp.
#pragma once

#include <cstdint>

#include "backend/ops/dense/dense_reference.hpp"
#include "backend/ops/pair_sum_tanh/pair_sum_tanh_host.hpp"
#include "backend/reference/loops.hpp"

namespace pitot::backend::reference {

void sum_tanh(Index platform, Index module, ConstView left, ConstView right, View out);
void sum_tanh_backward(Index platform, Index module, ConstView dout, View dleft, View dright);

}  // namespace pitot::backend::reference

namespace pitot::backend {

template <>
struct PairSumTanhKernels<double> {
    // NOLINTBEGIN(readability-identifier-naming): functions, not values
    static constexpr auto sum_tanh = reference::sum_tanh;
    static constexpr auto sum_tanh_backward = reference::sum_tanh_backward;
    static constexpr auto tanh_slope = reference::tanh_slope;
    // NOLINTEND(readability-identifier-naming)
};

}  // namespace pitot::backend
