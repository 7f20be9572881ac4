#include "backend/ops/pair_interference/pair_interference.hpp"

#include <algorithm>

#include "backend/ops/operand_check.hpp"
#include "backend/program.hpp"

namespace pitot::backend {

Operands operands(const PairInterference& op, const Program& /*program*/) {
    return {{{op.left, Gradient::kAdded}, {op.right, Gradient::kAdded}}};
}

Result<void> check(const PairInterference& op, const Program& program) {
    return OperandCheck(program)
        .that(op.rank > 0 && op.types > 0 && op.susceptibility_column >= 0 && op.magnitude_column >= 0,
              "it has no columns")
        .role("left", op.left, {Role::kParameter, Role::kTower})
        .role("right", op.right, {Role::kParameter, Role::kTower})
        .side("left", op.left, RowAxis::kPlatform)
        .side("right", op.right, RowAxis::kModule)
        .least_cols("left", op.left, std::max(op.susceptibility_column, op.magnitude_column) + op.types * op.rank)
        .least_cols("right", op.right, op.rank)
        .result();
}

// Of s types, rank r and c co-runners: s (1 + c) products of r numbers, each with two gradients.
Cost cost(const PairInterference& op, const Program& /*program*/, const BatchShape& batch) {
    const std::int64_t products = batch.co_runners > 0 ? op.types * (1 + batch.co_runners) : 0;
    return {static_cast<double>(3 * products * op.rank * batch.rows)};
}

}  // namespace pitot::backend
