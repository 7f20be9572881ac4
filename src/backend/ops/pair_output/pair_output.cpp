#include "backend/ops/pair_output/pair_output.hpp"

#include "backend/ops/operand_check.hpp"
#include "backend/program.hpp"

namespace pitot::backend {

Operands operands(const PairOutput& op, const Program& /*program*/) { return {{{op.in, Gradient::kSet}}}; }

Result<void> check(const PairOutput& op, const Program& program) {
    return OperandCheck(program).role("in", op.in, {Role::kPair}).cols("in", op.in, 1).result();
}

Cost cost(const PairOutput& /*op*/, const Program& /*program*/, const BatchShape& /*batch*/) { return {}; }

}  // namespace pitot::backend
