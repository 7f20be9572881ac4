// The operations of a program, forward and backward, on the host.
#pragma once

#include <algorithm>
#include <variant>

#include "backend/host/layout.hpp"
#include "backend/host/part.hpp"
#include "backend/host/step.hpp"
#include "backend/program.hpp"

namespace pitot::backend {

/// Runs them in their order, or backward. What each does is in its folder (backend/ops), for `T` = double as the
/// reference backend has it and for float as the cpu backend has it.
template <typename T>
class HostOperations {
public:
    HostOperations(const Program& program, const ProgramLayout& layout, std::int64_t sparse_columns)
        : program_(program, layout, sparse_columns) {}

    void towers_forward(const Workplace<T>& place) const {
        const HostStep<T> step(program_, place);
        for (const TowerOp& op : program_.program.tower) {
            std::visit([&](const auto& o) { forward(o, step); }, op);
        }
    }
    void towers_backward(const Workplace<T>& place) {
        const HostStep<T> step(program_, place, &scratch_);
        for (auto op = program_.program.tower.rbegin(); op != program_.program.tower.rend(); ++op) {
            std::visit([&](const auto& o) { backward(o, step); }, *op);
        }
    }
    void pairs_forward(const Workplace<T>& place, const Part<T>& part) const {
        const HostStep<T> step(program_, place, part);
        std::ranges::fill(part.prediction, T{0});
        for (const PairOp& op : program_.program.pair) {
            std::visit([&](const auto& o) { forward(o, step); }, op);
        }
    }
    void pairs_backward(const Workplace<T>& place, const Part<T>& part) {
        const HostStep<T> step(program_, place, part, &scratch_);
        for (auto op = program_.program.pair.rbegin(); op != program_.program.pair.rend(); ++op) {
            std::visit([&](const auto& o) { backward(o, step); }, *op);
        }
    }

    /// The rows in use of a buffer.
    [[nodiscard]] MatrixView<const T> value(const Workplace<T>& place, BufferId id) const {
        return HostStep<T>(program_, place).value(id);
    }
    [[nodiscard]] MatrixView<T> gradient(const Workplace<T>& place, BufferId id) const {
        return HostStep<T>(program_, place).gradient(id);
    }

private:
    HostProgram program_;
    AlignedVector<T> scratch_;
};

}  // namespace pitot::backend
