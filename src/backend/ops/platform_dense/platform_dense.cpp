#include "backend/ops/platform_dense/platform_dense.hpp"

#include "backend/ops/operand_check.hpp"
#include "backend/program.hpp"

namespace pitot::backend {

Operands operands(const PlatformDense& op, const Program& program) {
    const Gradient of_x = op.x_gradient_from == 0                          ? Gradient::kSetTimesSlope
                          : op.x_gradient_from < program.buffer(op.x).cols ? Gradient::kSet
                                                                           : Gradient::kNone;
    return {{{op.x, of_x}, {op.weight, Gradient::kAdded}, {op.bias, Gradient::kAdded}},
            op.out,
            op.activation == Activation::kTanh};
}

Result<void> check(const PlatformDense& op, const Program& program) {
    OperandCheck check(program);
    return check.role("x", op.x, {Role::kPair})
        .role("weight", op.weight, {Role::kParameter})
        .role("bias", op.bias, {Role::kParameter})
        .role("out", op.out, {Role::kPair})
        .side("weight", op.weight, RowAxis::kPlatform, check.cols_of(op.x))
        .cols("weight", op.weight, check.cols_of(op.out))
        .side("bias", op.bias, RowAxis::kPlatform)
        .cols("bias", op.bias, check.cols_of(op.out))
        .that(op.x_gradient_from >= 0 && op.x_gradient_from <= check.cols_of(op.x),
              "x_gradient_from is none of x's columns")
        .result();
}

// As of a dense layer over the batch.
Cost cost(const PlatformDense& op, const Program& program, const BatchShape& batch) {
    const std::int64_t in = program.buffer(op.x).cols;
    return {static_cast<double>((3 * in - op.x_gradient_from) * program.buffer(op.out).cols * batch.rows)};
}

}  // namespace pitot::backend
