// Two matrices side by side.
#pragma once

#include "backend/buffer.hpp"
#include "backend/ops/operation.hpp"

namespace pitot::backend {

/// out = [left | right]. left is constant, right a parameter, out a tower; all three have a row for each of one side's.
struct Concat {
    BufferId left, right, out;
};

[[nodiscard]] constexpr const char* name_of(const Concat& /*op*/) { return "concat"; }
[[nodiscard]] Operands operands(const Concat& op, const Program& program);
[[nodiscard]] Result<void> check(const Concat& op, const Program& program);
[[nodiscard]] Cost cost(const Concat& op, const Program& program, const BatchShape& batch);
template <typename T>
void forward(const Concat& op, const HostStep<T>& step);
template <typename T>
void backward(const Concat& op, const HostStep<T>& step);

}  // namespace pitot::backend
