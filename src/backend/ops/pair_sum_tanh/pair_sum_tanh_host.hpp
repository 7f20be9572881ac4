// Sums under tanh on the host.
#pragma once

#include "backend/host/step.hpp"
#include "backend/ops/pair_sum_tanh/pair_sum_tanh.hpp"

namespace pitot::backend {

/// The kernels of a backend, by its scalar type: see pair_sum_tanh_reference.hpp and pair_sum_tanh_cpu.hpp.
template <typename T>
struct PairSumTanhKernels;

template <typename T>
void forward(const PairSumTanh& op, const HostStep<T>& step) {
    step.share_pairs([&](const Part<T>& p) {
        PairSumTanhKernels<T>::sum_tanh(p.platform, p.module, step.value(op.left), step.value(op.right),
                                        step.writable(op.out).row_range(p.first, p.size()));
    });
}

template <typename T>
void backward(const PairSumTanh& op, const HostStep<T>& step) {
    const Part<T>& part = step.part();
    const MatrixView<T> dout = step.gradient(op.out);
    if (!step.slope_done(op.out)) {
        PairSumTanhKernels<T>::tanh_slope(step.value(op.out), dout);
    }
    step.team().share(dout.cols, HostStep<T>::kRowGrain, [&](std::int64_t first, std::int64_t n) {
        PairSumTanhKernels<T>::sum_tanh_backward(
            part.platform, part.module, MatrixView<const T>(dout).columns(first, n),
            step.gradient(op.left).columns(first, n), step.gradient(op.right).columns(first, n));
    });
}

}  // namespace pitot::backend
