#include "backend/ops/dense/dense.hpp"

#include "backend/ops/operand_check.hpp"
#include "backend/program.hpp"

namespace pitot::backend {

Operands operands(const Dense& op, const Program& program) {
    const Gradient of_x = op.x_gradient_from == 0                          ? Gradient::kSetTimesSlope
                          : op.x_gradient_from < program.buffer(op.x).cols ? Gradient::kSet
                                                                           : Gradient::kNone;
    // Of a tower all rows come at once, of a batch part by part.
    const Gradient of_layer = program.buffer(op.out).role == Role::kPair ? Gradient::kAdded : Gradient::kSet;
    Operands out{{{op.x, of_x}, {op.weight, of_layer}}, op.out, op.activation == Activation::kTanh};
    if (op.bias >= 0) {
        out.inputs.push_back({op.bias, of_layer});
    }
    return out;
}

Result<void> check(const Dense& op, const Program& program) {
    OperandCheck check(program);
    check.role("x", op.x, {Role::kConstant, Role::kParameter, Role::kTower, Role::kPair})
        .role("weight", op.weight, {Role::kParameter})
        .role("out", op.out, {Role::kTower, Role::kPair})
        .that(check.has_role(op.x, Role::kPair) == check.has_role(op.out, Role::kPair),
              "x and out are not both of pairs or both of a side")
        .rows("x", op.x, check.rows_of(op.out))
        .that(check.axis_of(op.x) == check.axis_of(op.out), "x and out have rows of different sides")
        .side("weight", op.weight, RowAxis::kNone)
        .rows("weight", op.weight, check.cols_of(op.x))
        .cols("weight", op.weight, check.cols_of(op.out))
        .that(op.x_gradient_from >= 0 && op.x_gradient_from <= check.cols_of(op.x),
              "x_gradient_from is none of x's columns")
        .that(!check.has_role(op.x, Role::kConstant) || op.x_gradient_from == check.cols_of(op.x),
              "a gradient of the constant x is wanted");
    if (op.bias >= 0) {
        check.role("bias", op.bias, {Role::kParameter})
            .side("bias", op.bias, RowAxis::kNone)
            .rows("bias", op.bias, 1)
            .cols("bias", op.bias, check.cols_of(op.out));
    }
    return check.result();
}

// A layer of n rows, k inputs and m outputs takes n k m forward, as many for the weight's gradient and n k' m for that
// of the k' inputs that want one. Activations and sums of biases are not counted.
Cost cost(const Dense& op, const Program& program, const BatchShape& batch) {
    const BufferInfo& out = program.buffer(op.out);
    const std::int64_t in = program.buffer(op.x).cols;
    const std::int64_t rows = out.role == Role::kPair ? batch.rows : out.rows;
    return {static_cast<double>((3 * in - op.x_gradient_from) * out.cols * rows)};
}

}  // namespace pitot::backend
