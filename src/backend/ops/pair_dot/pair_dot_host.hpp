// Dot products on the host. Pairs are cut by rows forward and by columns backward, where rows of several may be the
// same.
#pragma once

#include "backend/host/step.hpp"
#include "backend/ops/pair_dot/pair_dot.hpp"

namespace pitot::backend {

/// The kernels of a backend, by its scalar type: see pair_dot_reference.hpp and pair_dot_cpu.hpp.
template <typename T>
struct PairDotKernels;

template <typename T>
void forward(const PairDot& op, const HostStep<T>& step) {
    const MatrixView<const T> left = step.value(op.left).columns(0, op.width);
    const MatrixView<const T> right = step.value(op.right).columns(0, op.width);
    step.share_pairs([&](const Part<T>& p) {
        PairDotKernels<T>::pair_dot(p.platform, p.module, left, right, static_cast<T>(op.scale), p.prediction);
    });
}

template <typename T>
void backward(const PairDot& op, const HostStep<T>& step) {
    const Part<T>& part = step.part();
    step.team().share(op.width, HostStep<T>::kRowGrain, [&](std::int64_t first, std::int64_t n) {
        PairDotKernels<T>::pair_dot_backward(
            part.platform, part.module, part.by_module, step.value(op.left).columns(first, n),
            step.value(op.right).columns(first, n), static_cast<T>(op.scale), part.slope,
            step.gradient(op.left).columns(first, n), step.gradient(op.right).columns(first, n));
    });
}

}  // namespace pitot::backend
