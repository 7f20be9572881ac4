// A layer: a product, a bias and an activation.
#pragma once

#include <cstdint>

#include "backend/buffer.hpp"
#include "backend/ops/operation.hpp"

namespace pitot::backend {

/// out = activation(x * weight + bias), weight: x's columns × out's, bias: one row, or -1 for none. x and out have the
/// rows of one side, out being a tower, or both are pair buffers. The gradient of x is wanted for its columns from
/// `x_gradient_from` on (x's width: for none, as for a constant x).
struct Dense {
    BufferId x, weight, bias, out;
    Activation activation;
    std::int64_t x_gradient_from;
};

[[nodiscard]] constexpr const char* name_of(const Dense& /*op*/) { return "dense"; }
[[nodiscard]] Operands operands(const Dense& op, const Program& program);
[[nodiscard]] Result<void> check(const Dense& op, const Program& program);
[[nodiscard]] Cost cost(const Dense& op, const Program& program, const BatchShape& batch);
template <typename T>
void forward(const Dense& op, const HostStep<T>& step);
template <typename T>
void backward(const Dense& op, const HostStep<T>& step);

}  // namespace pitot::backend
