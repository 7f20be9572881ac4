// Interference on the host; of batches without co-runners there is none.
#pragma once

#include "backend/host/step.hpp"
#include "backend/ops/pair_interference/pair_interference.hpp"

namespace pitot::backend {

/// The kernels of a backend, by its scalar type: see pair_interference_reference.hpp and pair_interference_cpu.hpp.
template <typename T>
struct PairInterferenceKernels;

template <typename T>
void forward(const PairInterference& op, const HostStep<T>& step) {
    if (step.part().width > 0) {
        step.share_pairs([&](const Part<T>& p) {
            PairInterferenceKernels<T>::interference(op, p.platform, p.module, p.co_runner, p.width,
                                                     step.value(op.left), step.value(op.right), p.prediction);
        });
    }
}

template <typename T>
void backward(const PairInterference& op, const HostStep<T>& step) {
    const Part<T>& part = step.part();
    if (part.width > 0) {
        PairInterferenceKernels<T>::interference_backward(op, part.platform, part.module, part.co_runner, part.width,
                                                          step.value(op.left), step.value(op.right), part.slope,
                                                          step.gradient(op.left), step.gradient(op.right));
    }
}

}  // namespace pitot::backend
