#include "backend/arithmetic.hpp"

#include <variant>

namespace pitot::backend {

Cost cost_of_step(const Program& program, std::span<const BatchShape> batches) {
    constexpr double scalar = 4.0;  // bytes
    Cost sum{0.0, 7.0 * scalar * static_cast<double>(program.parameter_count())};
    const auto add = [&](const auto& operation, const BatchShape& batch) {
        const Cost one = std::visit([&](const auto& op) { return cost(op, program, batch); }, operation);
        sum.multiply_adds += one.multiply_adds;
        sum.bytes += one.bytes;
    };
    for (const TowerOp& op : program.tower) {
        add(op, {});
    }
    for (const BatchShape& batch : batches) {
        for (const PairOp& op : program.pair) {
            add(op, batch);
        }
    }
    return sum;
}

}  // namespace pitot::backend
