// Single-precision kernels of the cpu backend, under the rules that cpu/kernels.hpp states.
#pragma once

#include <cstdint>
#include <span>

#include "backend/cpu/kernels.hpp"
#include "backend/host/nonzero_blocks.hpp"
#include "backend/ops/dense/dense_host.hpp"

namespace pitot::backend::cpu {

/// out = activation(x * weight + bias). A null bias stands for none.
void dense_forward(ConstView x, ConstView weight, const float* bias, Activation activation, View out);

/// The same for an x that never changes and has many zeros, for the rows of blocks first … first + count, to the same
/// bits. Columns of out: a multiple of kSparseColumns.
void sparse_forward(const NonzeroBlocks& blocks, std::int64_t first, std::int64_t count, ConstView x, ConstView weight,
                    const float* bias, Activation activation, View out);
inline constexpr std::int64_t kSparseColumns = 16;

/// A layer with one output is a row of dot products; as a matrix product it would use one lane of a vector.
[[nodiscard]] inline bool is_vector(ConstView weight) { return weight.cols == 1 && weight.stride == 1; }
/// So few columns of dx are as many dot products with rows of the weight.
inline constexpr std::int64_t kFewColumns = 8;
/// Whether input_gradient() wants the transposed weight for so many columns of dx.
[[nodiscard]] inline bool wants_transposed(ConstView weight, std::int64_t dx_cols) {
    return dx_cols > kFewColumns && !is_vector(weight);
}
/// out = in^T.
void transpose(ConstView in, View out);
/// dx = dout * weight^T for the last dx.cols rows of weight, times tanh' where `tanh_out` (dx's rows and columns, or
/// null data) holds what tanh gave. `transposed`: those rows of weight, transposed, if wanted.
void input_gradient(ConstView dout, ConstView weight, ConstView transposed, ConstView tanh_out, View dx);
/// dweight (+)= x^T * dout.
void weight_gradient(ConstView x, ConstView dout, bool accumulate, View dweight);
/// The same for an x that never changes and has many zeros, for the columns of x that blocks first … first + count of
/// its transpose have; never accumulates.
void sparse_weight_gradient(const NonzeroBlocks& blocks, std::int64_t first, std::int64_t count, ConstView x,
                            ConstView dout, View dweight);
/// sums[j] (+)= sum of column j of dout.
void column_sums(ConstView dout, bool accumulate, float* sums);
/// dout *= 1 - out².
void tanh_slope(ConstView out, View dout);

}  // namespace pitot::backend::cpu

namespace pitot::backend {

template <>
struct DenseKernels<float> {
    // NOLINTBEGIN(readability-identifier-naming): functions, not values
    static constexpr auto dense_forward = cpu::dense_forward;
    static constexpr auto wants_transposed = cpu::wants_transposed;
    static constexpr auto transpose = cpu::transpose;
    static constexpr auto input_gradient = cpu::input_gradient;
    static constexpr auto weight_gradient = cpu::weight_gradient;
    static constexpr auto sparse_forward = cpu::sparse_forward;
    static constexpr auto sparse_weight_gradient = cpu::sparse_weight_gradient;
    static constexpr auto column_sums = cpu::column_sums;
    static constexpr auto tanh_slope = cpu::tanh_slope;
    // NOLINTEND(readability-identifier-naming)
    static constexpr std::int64_t kSparseColumns = cpu::kSparseColumns;
};

}  // namespace pitot::backend
