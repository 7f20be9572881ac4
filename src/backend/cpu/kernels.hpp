// The cpu backend's single-precision kernels, compiled for several instruction sets and chosen at run time.
//
// Matrices are row-major with strides; no alignment is asked for. The same call gives the same bits on one
// instruction set.
#pragma once

#include <cstdint>
#include <span>

#include "backend/backend.hpp"
#include "pitot/matrix_view.hpp"

namespace pitot::cpu {

using View = MatrixView<float>;
using ConstView = MatrixView<const float>;
using Index = std::span<const std::int32_t>;

/// out = x * weight + bias, then the activation. A null bias (or dbias below) stands for none.
void dense_forward(ConstView x, ConstView weight, const float* bias, Activation activation, View out);

/// dout *= activation'(out); dweight (+)= x^T dout; dbias (+)= column sums of dout; dx = dout * weight^T for the last
/// dx.cols rows of weight. `scratch` holds at least weight.rows × weight.cols floats, both rounded up to 16.
void dense_backward(ConstView x, ConstView weight, ConstView out, Activation activation, View dout, bool accumulate,
                    View dweight, float* dbias, View dx, std::span<float> scratch);

/// prediction[b] += scale * left[platform[b]] . right[module[b]] over the first `width` columns.
void pair_dot(Index platform, Index module, ConstView left, ConstView right, std::int64_t width, float scale,
              std::span<float> prediction);
void pair_dot_backward(Index platform, Index module, ConstView left, ConstView right, std::int64_t width, float scale,
                       std::span<const float> slope, View dleft, View dright);

/// See PairInterference.
void interference(const PairInterference& op, Index platform, Index module, Index co_runner, std::int32_t width,
                  ConstView left, ConstView right, std::span<float> prediction);
void interference_backward(const PairInterference& op, Index platform, Index module, Index co_runner,
                           std::int32_t width, ConstView left, ConstView right, std::span<const float> slope,
                           View dleft, View dright);

/// out[b] = tanh(left[platform[b]] + right[module[b]]), and its gradient added to dleft and dright.
void sum_tanh(Index platform, Index module, ConstView left, ConstView right, View out);
void sum_tanh_backward(Index platform, Index module, ConstView out, View dout, View dleft, View dright);

/// One Adam update, number `update` from 1, moments corrected for their bias.
void adam(std::span<float> parameters, std::span<const float> gradient, std::span<float> first, std::span<float> second,
          const Adam& adam, std::int64_t update);

/// Name of the instruction set in use ("AVX3", "AVX2", …).
[[nodiscard]] const char* instruction_set();

}  // namespace pitot::cpu
