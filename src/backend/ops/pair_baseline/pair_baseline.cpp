#include "backend/ops/pair_baseline/pair_baseline.hpp"

#include "backend/ops/operand_check.hpp"
#include "backend/program.hpp"

namespace pitot::backend {

Operands operands(const PairBaseline& op, const Program& /*program*/) {
    return {{{op.platform_term, Gradient::kNone}, {op.module_term, Gradient::kNone}}};
}

Result<void> check(const PairBaseline& op, const Program& program) {
    return OperandCheck(program)
        .role("platform_term", op.platform_term, {Role::kConstant, Role::kReplicaConstant})
        .role("module_term", op.module_term, {Role::kConstant, Role::kReplicaConstant})
        .side("platform_term", op.platform_term, RowAxis::kPlatform)
        .side("module_term", op.module_term, RowAxis::kModule)
        .cols("platform_term", op.platform_term, 1)
        .cols("module_term", op.module_term, 1)
        .result();
}

Cost cost(const PairBaseline& /*op*/, const Program& /*program*/, const BatchShape& /*batch*/) { return {}; }

}  // namespace pitot::backend
