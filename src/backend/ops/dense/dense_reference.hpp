// Plain double-precision loops, with the contracts of dense_cpu.hpp.
#pragma once

#include <cstdint>

#include "backend/ops/dense/dense_host.hpp"
#include "backend/reference/loops.hpp"

namespace pitot::backend::reference {

void dense_forward(ConstView x, ConstView weight, const double* bias, Activation activation, View out);
bool wants_transposed(ConstView weight, std::int64_t dx_cols);
void transpose(ConstView in, View out);
void input_gradient(ConstView dout, ConstView weight, ConstView transposed, ConstView tanh_out, View dx);
void weight_gradient(ConstView x, ConstView dout, bool accumulate, View dweight);
void column_sums(ConstView dout, bool accumulate, double* sums);
void tanh_slope(ConstView out, View dout);

}  // namespace pitot::backend::reference

namespace pitot::backend {

template <>
struct DenseKernels<double> {
    // NOLINTBEGIN(readability-identifier-naming): functions, not values
    static constexpr auto dense_forward = reference::dense_forward;
    static constexpr auto wants_transposed = reference::wants_transposed;
    static constexpr auto transpose = reference::transpose;
    static constexpr auto input_gradient = reference::input_gradient;
    static constexpr auto weight_gradient = reference::weight_gradient;
    static constexpr auto column_sums = reference::column_sums;
    static constexpr auto tanh_slope = reference::tanh_slope;
    // NOLINTEND(readability-identifier-naming)
    static constexpr std::int64_t kSparseColumns = 0;  ///< zeros are not left out
};

}  // namespace pitot::backend
