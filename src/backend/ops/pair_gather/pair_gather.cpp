#include "backend/ops/pair_gather/pair_gather.hpp"

#include "backend/ops/operand_check.hpp"
#include "backend/program.hpp"

namespace pitot::backend {

Operands operands(const PairGather& op, const Program& /*program*/) { return {{{op.rows, Gradient::kNone}}, op.out}; }

Result<void> check(const PairGather& op, const Program& program) {
    OperandCheck check(program);
    return check.role("rows", op.rows, {Role::kConstant, Role::kReplicaConstant})
        .role("out", op.out, {Role::kPair})
        .side("rows", op.rows, RowAxis::kModule)
        .cols("out", op.out, check.cols_of(op.rows))
        .result();
}

Cost cost(const PairGather& /*op*/, const Program& /*program*/, const BatchShape& /*batch*/) { return {}; }

}  // namespace pitot::backend
