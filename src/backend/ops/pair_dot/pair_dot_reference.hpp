// Plain double-precision loops, with the contracts of pair_dot_cpu.hpp.
#pragma once

#include <cstdint>

#include "backend/ops/pair_dot/pair_dot_host.hpp"
#include "backend/reference/loops.hpp"

namespace pitot::backend::reference {

void pair_dot(Index platform, Index module, ConstView left, ConstView right, double scale,
              std::span<double> prediction);
void pair_dot_backward(Index platform, Index module, Index by_module, ConstView left, ConstView right, double scale,
                       std::span<const double> slope, View dleft, View dright);

}  // namespace pitot::backend::reference

namespace pitot::backend {

template <>
struct PairDotKernels<double> {
    // NOLINTBEGIN(readability-identifier-naming): functions, not values
    static constexpr auto pair_dot = reference::pair_dot;
    static constexpr auto pair_dot_backward = reference::pair_dot_backward;
    // NOLINTEND(readability-identifier-naming)
};

}  // namespace pitot::backend
