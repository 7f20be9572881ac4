// What a network on pairs adds.
#pragma once

#include "backend/buffer.hpp"
#include "backend/ops/operation.hpp"

namespace pitot::backend {

/// prediction += scale * in[b][0]. in is a pair buffer of one column.
struct PairOutput {
    BufferId in;
    double scale;
};

[[nodiscard]] constexpr const char* name_of(const PairOutput& /*op*/) { return "pair output"; }
[[nodiscard]] Operands operands(const PairOutput& op, const Program& program);
[[nodiscard]] Result<void> check(const PairOutput& op, const Program& program);
[[nodiscard]] Cost cost(const PairOutput& op, const Program& program, const BatchShape& batch);
template <typename T>
void forward(const PairOutput& op, const HostStep<T>& step);
template <typename T>
void backward(const PairOutput& op, const HostStep<T>& step);

}  // namespace pitot::backend
