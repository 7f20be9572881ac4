// Single-precision kernels of the cpu backend, under the rules that cpu/kernels.hpp states.
#pragma once

#include <cstdint>
#include <span>

#include "backend/cpu/kernels.hpp"
#include "backend/ops/adam/adam_host.hpp"

namespace pitot::backend::cpu {

/// One Adam update of all parameters.
void adam(std::span<float> parameters, std::span<const float> gradient, std::span<float> first, std::span<float> second,
          const AdamStep& step);
/// One Adam update of rows rows[c] of a table, whose gradients are gradient's rows c. Rows are distinct.
void adam_rows(Index rows, ConstView gradient, View parameters, View first, View second, const AdamStep& step);
/// Brings rows rows[c] up to date with the updates skipped[c] they have missed, and copies their parameters to rows c
/// of `to`, if that has data.
void catch_up(Index rows, std::span<const SkippedTerms> skipped, float epsilon, View parameters, View first,
              View second, View to);

}  // namespace pitot::backend::cpu

namespace pitot::backend {

template <>
struct AdamKernels<float> {
    // NOLINTBEGIN(readability-identifier-naming): functions, not values
    static constexpr auto adam = cpu::adam;
    static constexpr auto adam_rows = cpu::adam_rows;
    static constexpr auto catch_up = cpu::catch_up;
    // NOLINTEND(readability-identifier-naming)
};

}  // namespace pitot::backend
