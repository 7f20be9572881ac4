// A layer with a weight matrix for each platform.
#pragma once

#include <cstdint>

#include "backend/buffer.hpp"
#include "backend/ops/operation.hpp"

namespace pitot::backend {

/// out[b] = activation(x[b] W_i + bias_i). x and out are pair buffers; weight stacks the W_i (platforms * x's columns
/// rows), bias has a row a platform. The gradient of x is wanted as in Dense.
struct PlatformDense {
    BufferId x, weight, bias, out;
    Activation activation;
    std::int64_t x_gradient_from;
};

[[nodiscard]] constexpr const char* name_of(const PlatformDense& /*op*/) { return "platform dense"; }
[[nodiscard]] Operands operands(const PlatformDense& op, const Program& program);
[[nodiscard]] Result<void> check(const PlatformDense& op, const Program& program);
[[nodiscard]] Cost cost(const PlatformDense& op, const Program& program, const BatchShape& batch);
template <typename T>
void forward(const PlatformDense& op, const HostStep<T>& step);
template <typename T>
void backward(const PlatformDense& op, const HostStep<T>& step);

}  // namespace pitot::backend
