#include "backend/host/step.hpp"

#include <variant>

namespace pitot::backend {
namespace {

std::vector<bool> find_slopes_done(const Program& program) {
    const std::size_t count = program.buffers.size();
    std::vector<int> makers(count);  // operations that have a share in the gradient
    std::vector<bool> multiplies(count);
    std::vector<bool> tanh(count);
    const auto look = [&](const auto& operation) {
        const Operands all = std::visit([&](const auto& op) { return operands(op, program); }, operation);
        for (const Operand& input : all.inputs) {
            const auto id = static_cast<std::size_t>(input.buffer);
            makers[id] += input.gradient == Gradient::kNone ? 0 : 1;
            multiplies[id] = multiplies[id] || input.gradient == Gradient::kSetTimesSlope;
        }
        if (all.output >= 0) {
            tanh[static_cast<std::size_t>(all.output)] = all.tanh;
        }
    };
    for (const TowerOp& op : program.tower) {
        look(op);
    }
    for (const PairOp& op : program.pair) {
        look(op);
    }
    std::vector<bool> done(count);
    for (std::size_t b = 0; b < count; ++b) {
        done[b] = tanh[b] && makers[b] == 1 && multiplies[b];
    }
    return done;
}

}  // namespace

HostProgram::HostProgram(const Program& described, const ProgramLayout& laid_out, std::int64_t sparse_columns)
    : program(described), layout(laid_out), slope_done(find_slopes_done(described)) {
    if (sparse_columns > 0) {
        sparse = find_sparse_layers(program, layout, sparse_columns);
    }
}

}  // namespace pitot::backend
