// The cpu backend's single-precision kernels, compiled for several instruction sets and chosen at run time.
//
// Matrices are row-major with strides; no alignment is asked for, and nothing is allocated. The same call gives the
// same bits on one instruction set, and an element's bits do not depend on the range of rows or columns it was asked
// for with, so that a call may be cut up among threads.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "backend/backend.hpp"
#include "backend/host/nonzero_blocks.hpp"
#include "backend/ops/adam/skipped_updates.hpp"
#include "core/key.hpp"
#include "pitot/matrix_view.hpp"

namespace pitot::cpu {

using View = MatrixView<float>;
using ConstView = MatrixView<const float>;
using Index = std::span<const std::int32_t>;

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

/// prediction[b] += scale * left[platform[b]] . right[module[b]] over the columns of left.
void pair_dot(Index platform, Index module, ConstView left, ConstView right, float scale, std::span<float> prediction);
/// Its gradient, for the columns given. `by_module`: the pairs' numbers, those with the same module one after the
/// other. Fastest when the pairs themselves are ordered by platform: rows of runs stay in registers.
void pair_dot_backward(Index platform, Index module, Index by_module, ConstView left, ConstView right, float scale,
                       std::span<const float> slope, View dleft, View dright);

/// See PairInterference.
void interference(const PairInterference& op, Index platform, Index module, Index co_runner, std::int32_t width,
                  ConstView left, ConstView right, std::span<float> prediction);
void interference_backward(const PairInterference& op, Index platform, Index module, Index co_runner,
                           std::int32_t width, ConstView left, ConstView right, std::span<const float> slope,
                           View dleft, View dright);

/// out[b] = tanh(left[platform[b]] + right[module[b]]).
void sum_tanh(Index platform, Index module, ConstView left, ConstView right, View out);
/// dleft[platform[b]] and dright[module[b]] += dout[b], which has been multiplied by tanh' already.
void sum_tanh_backward(Index platform, Index module, ConstView dout, View dleft, View dright);

/// One Adam update of all parameters.
void adam(std::span<float> parameters, std::span<const float> gradient, std::span<float> first, std::span<float> second,
          const AdamStep& step);
/// One Adam update of rows rows[c] of a table, whose gradients are gradient's rows c. Rows are distinct.
void adam_rows(Index rows, ConstView gradient, View parameters, View first, View second, const AdamStep& step);
/// Brings rows rows[c] up to date with the updates skipped[c] they have missed, and copies their parameters to rows c
/// of `to`, if that has data.
void catch_up(Index rows, std::span<const SkippedTerms> skipped, float epsilon, View parameters, View first,
              View second, View to);

/// Key::fill_below, many positions at a time.
void fill_below(Key key, std::uint64_t position, std::uint64_t bound, std::span<std::int64_t> out);

/// Independent chains of fused multiply-adds, enough to fill the pipelines: `rounds` of each. Returns how many
/// floating-point operations that was; `sink` keeps them from being left out.
double multiply_adds(std::int64_t rounds, float& sink);
/// y += x, element by element.
void add(std::span<const float> x, std::span<float> y);

/// Name of the instruction set in use ("AVX3", "AVX2", …).
[[nodiscard]] const char* instruction_set();
/// Names of the instruction sets that kernels were compiled for and this machine has, best first.
[[nodiscard]] std::vector<std::string> instruction_sets();
/// Uses this one of them from now on, in every thread; "" the best. False if it is not among them.
bool use_instruction_set(std::string_view name);

}  // namespace pitot::cpu
