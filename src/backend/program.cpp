#include "backend/program.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace pitot::backend {
namespace {

Result<void> check_buffer(const BufferInfo& b, const Program& program) {
    const auto wrong = [&](const char* what) {
        return fail(ErrorCode::kBug, fmt::format("buffer '{}' {}", b.name, what));
    };
    if (b.rows < 0 || b.cols < 1) {
        return wrong("has no columns");
    }
    if ((b.role == Role::kPair) != (b.rows == 0)) {
        return wrong("has rows of its own and of the batch, or neither");
    }
    if (b.role == Role::kTower && b.axis == RowAxis::kNone) {
        return wrong("is a tower of no side");
    }
    if (b.axis != RowAxis::kNone && (b.role == Role::kPair || b.rows % program.rows_of(b.axis) != 0)) {
        return wrong("has not as many rows for each of its side's");
    }
    if (b.role == Role::kConstant && static_cast<std::int64_t>(b.values.size()) != b.rows * b.cols) {
        return wrong("has not as many values as elements");
    }
    return {};
}

// What the operations looked at so far do to each buffer.
class Uses {
public:
    explicit Uses(const Program& program) : program_(program), uses_(program.buffers.size()) {}

    // `role`: of what such operations may compute.
    Result<void> add(const Operands& operands, Role role) {
        for (const Operand& input : operands.inputs) {
            if (is_computed(input.buffer) && !use(input.buffer).computed) {
                return wrong(input.buffer, "is read before it is computed");
            }
            const bool alone = input.gradient == Gradient::kSet || input.gradient == Gradient::kSetTimesSlope;
            Use& of = use(input.buffer);
            of.gradients += input.gradient == Gradient::kNone ? 0 : 1;
            of.alone = of.alone || alone;
            if (of.alone && of.gradients > 1) {
                return wrong(input.buffer, "has a gradient that one operation sets and another has a share in");
            }
        }
        if (operands.output < 0) {
            return {};
        }
        if (program_.buffer(operands.output).role != role) {
            return wrong(operands.output, "is computed by an operation on the wrong kind of rows");
        }
        if (std::exchange(use(operands.output).computed, true)) {
            return wrong(operands.output, "is computed twice");
        }
        return {};
    }

private:
    struct Use {
        bool computed = false;
        int gradients = 0;   // operations that make some of its gradient
        bool alone = false;  // whether one of them sets it
    };
    [[nodiscard]] bool is_computed(BufferId id) const {
        return program_.buffer(id).role == Role::kTower || program_.buffer(id).role == Role::kPair;
    }
    Use& use(BufferId id) { return uses_[static_cast<std::size_t>(id)]; }
    [[nodiscard]] Failure wrong(BufferId id, const char* what) const {
        return fail(ErrorCode::kBug, fmt::format("buffer '{}' {}", program_.buffer(id).name, what));
    }

    const Program& program_;
    std::vector<Use> uses_;
};

template <typename Op>
Result<void> check_all(const std::vector<Op>& ops, const char* where, Role role, const Program& program, Uses& uses) {
    for (std::size_t n = 0; n < ops.size(); ++n) {
        auto ok = std::visit([&](const auto& op) { return check(op, program); }, ops[n]);
        if (ok) {
            ok = uses.add(std::visit([&](const auto& op) { return operands(op, program); }, ops[n]), role);
        }
        if (!ok) {
            const char* name = std::visit([](const auto& op) { return name_of(op); }, ops[n]);
            return fail(ok.error(), fmt::format("operation {} on {}, {}", n, where, name));
        }
    }
    return {};
}

}  // namespace

std::int64_t Program::parameter_count() const {
    std::int64_t n = 0;
    for (const BufferInfo& b : buffers) {
        n += b.role == Role::kParameter ? b.rows * b.cols : 0;
    }
    return n;
}

Result<void> Program::check() const {
    if (platforms < 1 || modules < 1) {
        return fail(ErrorCode::kBug, "a side has no rows");
    }
    for (const BufferInfo& b : buffers) {
        if (auto ok = check_buffer(b, *this); !ok) {
            return ok;
        }
    }
    Uses uses(*this);
    return check_all(tower, "towers", Role::kTower, *this, uses).and_then([&] {
        return check_all(pair, "pairs", Role::kPair, *this, uses);
    });
}

std::vector<bool> slopes_done(const Program& program) {
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

}  // namespace pitot::backend
