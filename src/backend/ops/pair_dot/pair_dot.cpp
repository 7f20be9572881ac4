#include "backend/ops/pair_dot/pair_dot.hpp"

#include "backend/ops/operand_check.hpp"
#include "backend/program.hpp"

namespace pitot::backend {

Operands operands(const PairDot& op, const Program& /*program*/) {
    return {{{op.left, Gradient::kAdded}, {op.right, Gradient::kAdded}}};
}

Result<void> check(const PairDot& op, const Program& program) {
    return OperandCheck(program)
        .that(op.width > 0, "it has no columns")
        .role("left", op.left, {Role::kParameter, Role::kTower})
        .role("right", op.right, {Role::kParameter, Role::kTower})
        .side("left", op.left, RowAxis::kPlatform)
        .side("right", op.right, RowAxis::kModule)
        .least_cols("left", op.left, op.width)
        .least_cols("right", op.right, op.width)
        .result();
}

// A product of r numbers takes 3 r multiply-adds, itself and two gradients. Both rows are read forward and backward,
// and both gradients read and written.
Cost cost(const PairDot& op, const Program& /*program*/, const BatchShape& batch) {
    constexpr double scalar = 4.0;  // bytes
    const auto scalars = static_cast<double>(batch.rows * op.width);
    return {3.0 * scalars, 8.0 * scalar * scalars};
}

}  // namespace pitot::backend
