// The dot product of a row of the platform with one of the module.
#pragma once

#include <cstdint>

#include "backend/buffer.hpp"
#include "backend/ops/operation.hpp"

namespace pitot::backend {

/// prediction += scale * left[i][0 … width) . right[j][0 … width). left: platform rows, right: module rows, towers or
/// parameters.
struct PairDot {
    BufferId left, right;
    std::int64_t width;
    double scale;
};

[[nodiscard]] constexpr const char* name_of(const PairDot& /*op*/) { return "pair dot"; }
[[nodiscard]] Operands operands(const PairDot& op, const Program& program);
[[nodiscard]] Result<void> check(const PairDot& op, const Program& program);
[[nodiscard]] Cost cost(const PairDot& op, const Program& program, const BatchShape& batch);
template <typename T>
void forward(const PairDot& op, const HostStep<T>& step);
template <typename T>
void backward(const PairDot& op, const HostStep<T>& step);

}  // namespace pitot::backend
