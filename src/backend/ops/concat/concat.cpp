#include "backend/ops/concat/concat.hpp"

#include "backend/ops/operand_check.hpp"
#include "backend/program.hpp"

namespace pitot::backend {

Operands operands(const Concat& op, const Program& /*program*/) {
    return {{{op.left, Gradient::kNone}, {op.right, Gradient::kSet}}, op.out};
}

Result<void> check(const Concat& op, const Program& program) {
    OperandCheck check(program);
    const RowAxis axis = check.axis_of(op.out);
    return check.role("left", op.left, {Role::kConstant})
        .role("right", op.right, {Role::kParameter})
        .role("out", op.out, {Role::kTower})
        .side("out", op.out, axis)
        .side("left", op.left, axis)
        .side("right", op.right, axis)
        .cols("out", op.out, check.cols_of(op.left) + check.cols_of(op.right))
        .result();
}

Cost cost(const Concat& /*op*/, const Program& /*program*/, const BatchShape& /*batch*/) { return {}; }

}  // namespace pitot::backend
