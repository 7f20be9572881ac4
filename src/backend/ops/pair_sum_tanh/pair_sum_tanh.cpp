#include "backend/ops/pair_sum_tanh/pair_sum_tanh.hpp"

#include "backend/ops/operand_check.hpp"
#include "backend/program.hpp"

namespace pitot::backend {

Operands operands(const PairSumTanh& op, const Program& /*program*/) {
    return {{{op.left, Gradient::kAdded}, {op.right, Gradient::kAdded}}, op.out, true};
}

Result<void> check(const PairSumTanh& op, const Program& program) {
    OperandCheck check(program);
    return check.role("left", op.left, {Role::kParameter, Role::kTower})
        .role("right", op.right, {Role::kParameter, Role::kTower})
        .role("out", op.out, {Role::kPair})
        .side("left", op.left, RowAxis::kPlatform)
        .side("right", op.right, RowAxis::kModule)
        .cols("left", op.left, check.cols_of(op.out))
        .cols("right", op.right, check.cols_of(op.out))
        .result();
}

Cost cost(const PairSumTanh& /*op*/, const Program& /*program*/, const BatchShape& /*batch*/) { return {}; }

}  // namespace pitot::backend
