// Plain double-precision loops, with the contracts of adam_cpu.hpp.
#pragma once

#include <cstdint>

#include "backend/ops/adam/adam_host.hpp"
#include "backend/reference/loops.hpp"

namespace pitot::backend::reference {

void adam(std::span<double> parameters, std::span<const double> gradient, std::span<double> first,
          std::span<double> second, const AdamStep& step);
void adam_rows(Index rows, ConstView gradient, View parameters, View first, View second, const AdamStep& step);
void catch_up(Index rows, std::span<const SkippedTerms> skipped, double epsilon, View parameters, View first,
              View second, View to);

}  // namespace pitot::backend::reference

namespace pitot::backend {

template <>
struct AdamKernels<double> {
    // NOLINTBEGIN(readability-identifier-naming): functions, not values
    static constexpr auto adam = reference::adam;
    static constexpr auto adam_rows = reference::adam_rows;
    static constexpr auto catch_up = reference::catch_up;
    // NOLINTEND(readability-identifier-naming)
};

}  // namespace pitot::backend
