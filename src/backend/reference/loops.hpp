// What the plain loops of several operations share.
#pragma once

#include <cstdint>
#include <span>

#include "pitot/matrix_view.hpp"

namespace pitot::backend::reference {

using View = MatrixView<double>;
using ConstView = MatrixView<const double>;
using Index = std::span<const std::int32_t>;

inline double dot(const double* a, const double* b, std::int64_t n) {
    double sum = 0.0;
    for (std::int64_t c = 0; c < n; ++c) {
        sum += a[c] * b[c];
    }
    return sum;
}
inline void add_scaled(double scale, const double* x, double* y, std::int64_t n) {
    for (std::int64_t c = 0; c < n; ++c) {
        y[c] += scale * x[c];
    }
}

}  // namespace pitot::backend::reference
