// The row of a pair's module.
#pragma once

#include "backend/buffer.hpp"
#include "backend/ops/operation.hpp"

namespace pitot::backend {

/// out[b] = rows[j]. rows is a constant over modules, so nothing flows back; out is a pair buffer as wide.
struct PairGather {
    BufferId rows, out;
};

[[nodiscard]] constexpr const char* name_of(const PairGather& /*op*/) { return "pair gather"; }
[[nodiscard]] Operands operands(const PairGather& op, const Program& program);
[[nodiscard]] Result<void> check(const PairGather& op, const Program& program);
[[nodiscard]] Cost cost(const PairGather& op, const Program& program, const BatchShape& batch);
template <typename T>
void forward(const PairGather& op, const HostStep<T>& step);
template <typename T>
void backward(const PairGather& op, const HostStep<T>& step);

}  // namespace pitot::backend
