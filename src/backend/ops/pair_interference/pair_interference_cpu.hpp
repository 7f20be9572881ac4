// Single-precision kernels of the cpu backend, under the rules that cpu/kernels.hpp states.
#pragma once

#include <cstdint>
#include <span>

#include "backend/cpu/kernels.hpp"
#include "backend/ops/pair_interference/pair_interference_host.hpp"

namespace pitot::backend::cpu {

/// The terms of the prediction, and their gradient: see PairInterference.
void interference(const PairInterference& op, Index platform, Index module, Index co_runner, std::int32_t width,
                  ConstView left, ConstView right, std::span<float> prediction);
void interference_backward(const PairInterference& op, Index platform, Index module, Index co_runner,
                           std::int32_t width, ConstView left, ConstView right, std::span<const float> slope,
                           View dleft, View dright);

}  // namespace pitot::backend::cpu

namespace pitot::backend {

template <>
struct PairInterferenceKernels<float> {
    // NOLINTBEGIN(readability-identifier-naming): functions, not values
    static constexpr auto interference = cpu::interference;
    static constexpr auto interference_backward = cpu::interference_backward;
    // NOLINTEND(readability-identifier-naming)
};

}  // namespace pitot::backend
