// Layers with a weight for each platform on the host, by the kernels of dense layers.
#pragma once

#include <cstddef>
#include <cstdint>

#include "backend/ops/dense/dense_host.hpp"
#include "backend/ops/platform_dense/platform_dense.hpp"

namespace pitot::backend {

/// Calls `visit(platform, first, rows)` for every run of equal platforms.
template <typename T, typename Visit>
void for_each_platform(const Part<T>& part, const Visit& visit) {
    for (std::size_t first = 0; first < part.platform.size();) {
        std::size_t last = first + 1;
        while (last < part.platform.size() && part.platform[last] == part.platform[first]) {
            ++last;
        }
        visit(static_cast<std::int64_t>(part.platform[first]), static_cast<std::int64_t>(first),
              static_cast<std::int64_t>(last - first));
        first = last;
    }
}

template <typename T>
void forward(const PlatformDense& op, const HostStep<T>& step) {
    const std::int64_t k = step.info(op.x).cols;
    for_each_platform(step.part(), [&](std::int64_t platform, std::int64_t first, std::int64_t n) {
        DenseKernels<T>::dense_forward(
            step.value(op.x).row_range(first, n), step.value(op.weight).row_range(platform * k, k),
            step.value(op.bias).row(platform).data(), op.activation, step.writable(op.out).row_range(first, n));
    });
}

template <typename T>
void backward(const PlatformDense& op, const HostStep<T>& step) {
    const std::int64_t k = step.info(op.x).cols;
    const MatrixView<T> dx = input_gradient(op, step);
    for_each_platform(step.part(), [&](std::int64_t platform, std::int64_t first, std::int64_t n) {
        layer_backward(
            op, step,
            DenseViews<T>{step.value(op.x).row_range(first, n), step.value(op.weight).row_range(platform * k, k),
                          step.value(op.out).row_range(first, n), step.gradient(op.out).row_range(first, n),
                          step.gradient(op.weight).row_range(platform * k, k),
                          step.gradient(op.bias).row(platform).data(),
                          dx.data == nullptr ? dx : dx.row_range(first, n)});
    });
}

}  // namespace pitot::backend
