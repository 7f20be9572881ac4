// Plain double-precision loops, with the contracts of pair_interference_cpu.hpp.
#pragma once

#include <cstdint>

#include "backend/ops/pair_interference/pair_interference_host.hpp"
#include "backend/reference/loops.hpp"

namespace pitot::backend::reference {

void interference(const PairInterference& op, Index platform, Index module, Index co_runner, std::int32_t width,
                  ConstView left, ConstView right, std::span<double> prediction);
void interference_backward(const PairInterference& op, Index platform, Index module, Index co_runner,
                           std::int32_t width, ConstView left, ConstView right, std::span<const double> slope,
                           View dleft, View dright);

}  // namespace pitot::backend::reference

namespace pitot::backend {

template <>
struct PairInterferenceKernels<double> {
    // NOLINTBEGIN(readability-identifier-naming): functions, not values
    static constexpr auto interference = reference::interference;
    static constexpr auto interference_backward = reference::interference_backward;
    // NOLINTEND(readability-identifier-naming)
};

}  // namespace pitot::backend
