// Dot products on the host. Pairs are cut by rows forward and by columns backward, where rows of several may be the
// same. A batch with a grid takes the products of all pairs at once, and those of its gradient, with 0 for pairs it has
// not, as matrix products.
#pragma once

#include <algorithm>

#include "backend/host/step.hpp"
#include "backend/ops/dense/dense_host.hpp"
#include "backend/ops/pair_dot/pair_dot.hpp"

namespace pitot::backend {

/// The kernels of a backend, by its scalar type: see pair_dot_reference.hpp and pair_dot_cpu.hpp.
template <typename T>
struct PairDotKernels;

/// rows × cols in `memory`, which grows to it.
template <typename T>
[[nodiscard]] MatrixView<T> matrix_in(AlignedVector<T>& memory, std::int64_t rows, std::int64_t cols) {
    const std::int64_t stride = product_stride(cols);
    memory.resize(std::max(memory.size(), static_cast<std::size_t>(rows * stride)));
    return {memory.data(), rows, cols, stride};
}

/// to = from^T.
template <typename T>
void transpose_shared(const HostStep<T>& step, MatrixView<const T> from, MatrixView<T> to) {
    step.team().share(from.rows, HostStep<T>::kRowGrain, [&](std::int64_t first, std::int64_t n) {
        DenseKernels<T>::transpose(from.row_range(first, n), to.columns(first, n));
    });
}

/// Predictions from left * right^T.
template <typename T>
void grid_forward(const PairDot& op, const HostStep<T>& step, MatrixView<const T> left, MatrixView<const T> right) {
    PairGrid<T>& memory = *step.part().grid;
    const MatrixView<T> transposed = matrix_in(memory.transposed, right.cols, right.rows);
    transpose_shared(step, right, transposed);
    const MatrixView<T> products = matrix_in(memory.pairs, left.rows, right.rows);
    step.team().share(left.rows, HostStep<T>::kRowGrain, [&](std::int64_t first, std::int64_t n) {
        DenseKernels<T>::dense_forward(left.row_range(first, n), transposed, nullptr, Activation::kNone,
                                       products.row_range(first, n));
    });
    step.share_pairs([&](const Part<T>& p) {
        for (std::size_t b = 0; b < p.prediction.size(); ++b) {
            p.prediction[b] += static_cast<T>(op.scale) * products(p.platform[b], p.module[b]);
        }
    });
}

/// With S the grid of slopes, dleft += scale S right and dright += scale S^T left.
template <typename T>
void grid_backward(const PairDot& op, const HostStep<T>& step, MatrixView<const T> left, MatrixView<const T> right) {
    const Part<T>& part = step.part();
    const MatrixView<T> slopes = matrix_in(part.grid->pairs, left.rows, right.rows);
    std::fill_n(slopes.data, slopes.rows * slopes.stride, T{0});
    for (std::size_t b = 0; b < part.slope.size(); ++b) {  // a pair may be there more than once
        slopes(part.platform[b], part.module[b]) += static_cast<T>(op.scale) * part.slope[b];
    }
    const MatrixView<T> transposed = matrix_in(part.grid->transposed, right.rows, left.rows);
    transpose_shared<T>(step, slopes, transposed);
    const auto share = [&](MatrixView<const T> x, MatrixView<const T> rows, MatrixView<T> gradient) {
        step.team().share(x.cols, HostStep<T>::kRowGrain, [&](std::int64_t first, std::int64_t n) {
            DenseKernels<T>::weight_gradient(x.columns(first, n), rows, true, gradient.row_range(first, n));
        });
    };
    share(transposed, right, step.gradient(op.left).columns(0, op.width));
    share(slopes, left, step.gradient(op.right).columns(0, op.width));
}

template <typename T>
void forward(const PairDot& op, const HostStep<T>& step) {
    const MatrixView<const T> left = step.value(op.left).columns(0, op.width);
    const MatrixView<const T> right = step.value(op.right).columns(0, op.width);
    if (step.part().grid != nullptr) {
        grid_forward(op, step, left, right);
        return;
    }
    step.share_pairs([&](const Part<T>& p) {
        PairDotKernels<T>::pair_dot(p.platform, p.module, left, right, static_cast<T>(op.scale), p.prediction);
    });
}

template <typename T>
void backward(const PairDot& op, const HostStep<T>& step) {
    const Part<T>& part = step.part();
    if (part.grid != nullptr) {
        grid_backward(op, step, step.value(op.left).columns(0, op.width), step.value(op.right).columns(0, op.width));
        return;
    }
    step.team().share(op.width, HostStep<T>::kRowGrain, [&](std::int64_t first, std::int64_t n) {
        PairDotKernels<T>::pair_dot_backward(
            part.platform, part.module, part.by_module, step.value(op.left).columns(first, n),
            step.value(op.right).columns(first, n), static_cast<T>(op.scale), part.slope,
            step.gradient(op.left).columns(first, n), step.gradient(op.right).columns(first, n));
    });
}

}  // namespace pitot::backend
