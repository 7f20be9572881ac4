// Layers on the host: how their work is shared among a team. The arithmetic is in the kernels of a backend.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "backend/host/step.hpp"
#include "backend/ops/dense/dense.hpp"
#include "core/check.hpp"

namespace pitot::backend {

/// The kernels of a backend, by its scalar type: double of the reference backend (dense_reference.hpp), float of the
/// cpu backend (dense_cpu.hpp, which has their contracts).
template <typename T>
struct DenseKernels;

/// The operands of a layer's backward pass. Without data: dbias where there is no bias, dx where its gradient is not
/// wanted.
template <typename T>
struct DenseViews {
    MatrixView<const T> x, weight, out;
    MatrixView<T> dout, dweight;
    T* dbias;
    MatrixView<T> dx;
};

/// The gradient of all of x; without data where nobody wants it.
template <typename T, typename Layer>
[[nodiscard]] MatrixView<T> input_gradient(const Layer& op, const HostStep<T>& step) {
    return op.x_gradient_from < step.info(op.x).cols ? step.gradient(op.x) : MatrixView<T>{};
}

/// The piece-th of `pieces` nearly equal ranges of 0 … n, on multiples of the grain: first and count.
[[nodiscard]] inline std::pair<std::int64_t, std::int64_t> cut(std::int64_t n, std::int64_t grain, std::int64_t piece,
                                                               std::int64_t pieces) {
    const std::int64_t grains = (n + grain - 1) / grain;
    const std::int64_t first = std::min(n, grains * piece / pieces * grain);
    return {first, std::min(n, grains * (piece + 1) / pieces * grain) - first};
}

/// A piece of the weight's gradient.
template <typename T, typename Layer>
void weight_gradient(const Layer& op, const HostStep<T>& step, const DenseViews<T>& v, std::int64_t piece,
                     std::int64_t pieces) {
    using K = DenseKernels<T>;
    if constexpr (K::kSparseColumns > 0) {
        if (const SparseInput* sparse = step.sparse(op.out); sparse != nullptr) {
            PITOT_CHECK(!step.on_pairs());
            const auto blocks = static_cast<std::int64_t>(sparse->columns.size());
            const std::int64_t first = blocks * piece / pieces;
            K::sparse_weight_gradient(sparse->columns, first, blocks * (piece + 1) / pieces - first, v.x, v.dout,
                                      v.dweight);
            return;
        }
    }
    const auto [column, columns] = cut(v.x.cols, HostStep<T>::kRowGrain, piece, pieces);
    if (columns > 0) {
        K::weight_gradient(v.x.columns(column, columns), v.dout, step.on_pairs(), v.dweight.row_range(column, columns));
    }
}

/// The backward pass of a layer: one piece of rows of dx and one of rows of dweight for each thread.
template <typename T, typename Layer>
void layer_backward(const Layer& op, const HostStep<T>& step, const DenseViews<T>& v) {
    using K = DenseKernels<T>;
    const std::int64_t wanted = step.info(op.x).cols - op.x_gradient_from;
    MatrixView<T> dx = v.dx;
    MatrixView<const T> tanh_out;
    MatrixView<T> transposed;
    if (op.activation == Activation::kTanh && !step.slope_done(op.out)) {
        K::tanh_slope(v.out, v.dout);
    }
    if (wanted > 0) {
        dx = v.dx.columns(op.x_gradient_from, wanted);
        if (step.slope_done(op.x)) {
            tanh_out = v.x.columns(op.x_gradient_from, wanted);
        }
        if (K::wants_transposed(v.weight, wanted)) {
            const std::int64_t stride = product_stride(wanted);
            transposed = {step.scratch(v.weight.cols * stride), v.weight.cols, wanted, stride};
            K::transpose(v.weight.row_range(op.x_gradient_from, wanted), transposed);
        }
    }
    const std::int64_t pieces = step.team().size();
    step.team().share(pieces, 1, [&](std::int64_t first, std::int64_t n) {
        for (std::int64_t piece = first; piece < first + n; ++piece) {
            const auto [row, rows] = cut(wanted > 0 ? dx.rows : 0, HostStep<T>::kRowGrain, piece, pieces);
            if (rows > 0) {
                const MatrixView<const T> y = tanh_out.data == nullptr ? tanh_out : tanh_out.row_range(row, rows);
                K::input_gradient(MatrixView<const T>(v.dout).row_range(row, rows), v.weight, transposed, y,
                                  dx.row_range(row, rows));
            }
            weight_gradient(op, step, v, piece, pieces);
            if (piece == 0 && v.dbias != nullptr) {
                K::column_sums(v.dout, step.on_pairs(), v.dbias);
            }
        }
    });
}

template <typename T>
void forward(const Dense& op, const HostStep<T>& step) {
    using K = DenseKernels<T>;
    const MatrixView<const T> x = step.value(op.x);
    const MatrixView<const T> weight = step.value(op.weight);
    const T* bias = op.bias < 0 ? nullptr : step.value(op.bias).data;
    const MatrixView<T> out = step.writable(op.out);
    if constexpr (K::kSparseColumns > 0) {
        if (const SparseInput* sparse = step.sparse(op.out); sparse != nullptr) {
            const NonzeroBlocks& blocks = sparse->rows;
            step.team().share(static_cast<std::int64_t>(blocks.size()), 1, [&](std::int64_t first, std::int64_t n) {
                K::sparse_forward(blocks, first, n, x, weight, bias, op.activation, out);
            });
            return;
        }
    }
    step.team().share(out.rows, HostStep<T>::kRowGrain, [&](std::int64_t first, std::int64_t n) {
        K::dense_forward(x.row_range(first, n), weight, bias, op.activation, out.row_range(first, n));
    });
}

template <typename T>
void backward(const Dense& op, const HostStep<T>& step) {
    T* dbias = op.bias < 0 ? nullptr : step.gradient(op.bias).data;
    layer_backward(op, step,
                   DenseViews<T>{step.value(op.x), step.value(op.weight), step.value(op.out), step.gradient(op.out),
                                 step.gradient(op.weight), dbias, input_gradient(op, step)});
}

}  // namespace pitot::backend
