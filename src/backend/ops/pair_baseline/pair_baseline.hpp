// The sum of a constant of the platform and one of the module.
#pragma once

#include "backend/buffer.hpp"
#include "backend/ops/operation.hpp"

namespace pitot::backend {

/// prediction += platform_term[i] + module_term[j]. The terms are constants of one column.
struct PairBaseline {
    BufferId platform_term, module_term;
};

[[nodiscard]] constexpr const char* name_of(const PairBaseline& /*op*/) { return "pair baseline"; }
[[nodiscard]] Operands operands(const PairBaseline& op, const Program& program);
[[nodiscard]] Result<void> check(const PairBaseline& op, const Program& program);
[[nodiscard]] Cost cost(const PairBaseline& op, const Program& program, const BatchShape& batch);
template <typename T>
void forward(const PairBaseline& op, const HostStep<T>& step);
template <typename T>
void backward(const PairBaseline& op, const HostStep<T>& step);

}  // namespace pitot::backend
