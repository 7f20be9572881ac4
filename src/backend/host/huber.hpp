// Huber's loss, quadratic near 0 and linear beyond (Huber, "Robust estimation of a location parameter", 1964).
#pragma once

#include <algorithm>
#include <cmath>

namespace pitot::backend {

/// e² / 2 where |e| <= delta, else delta (|e| - delta / 2).
[[nodiscard]] inline double huber_loss(double error, double delta) {
    const double size = std::abs(error);
    const double inside = std::min(size, delta);
    return inside * (size - 0.5 * inside);
}

/// Its derivative.
template <typename T>
[[nodiscard]] T huber_slope(T error, T delta) {
    return error > delta ? delta : error < -delta ? -delta : error;  // NaN passes
}

}  // namespace pitot::backend
