// The first layer of a network on both sides.
#pragma once

#include "backend/buffer.hpp"
#include "backend/ops/operation.hpp"

namespace pitot::backend {

/// out[b] = tanh(left[i] + right[j]): the first layer of a network on [x_i; x_j], its product split by side so that it
/// costs platforms + modules rows instead of a batch. left: platform rows, right: module rows, towers or parameters;
/// out: a pair buffer; all as wide.
struct PairSumTanh {
    BufferId left, right, out;
};

[[nodiscard]] constexpr const char* name_of(const PairSumTanh& /*op*/) { return "pair sum tanh"; }
[[nodiscard]] Operands operands(const PairSumTanh& op, const Program& program);
[[nodiscard]] Result<void> check(const PairSumTanh& op, const Program& program);
[[nodiscard]] Cost cost(const PairSumTanh& op, const Program& program, const BatchShape& batch);
template <typename T>
void forward(const PairSumTanh& op, const HostStep<T>& step);
template <typename T>
void backward(const PairSumTanh& op, const HostStep<T>& step);

}  // namespace pitot::backend
