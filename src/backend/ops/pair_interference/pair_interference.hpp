// What co-runners add: susceptibility of the pair times magnitude of those beside it.
#pragma once

#include <cstdint>

#include "backend/buffer.hpp"
#include "backend/ops/operation.hpp"

namespace pitot::backend {

/// prediction += scale * sum over t, k of (m_j . v_s,t(i)) (m_k . v_g,t(i)), t = 0 … types - 1, k over the co-runners
/// of the row, -1 skipped. v_s,t = left[i] columns [susceptibility_column + t rank, …), v_g,t = left[i] columns
/// [magnitude_column + t rank, …), m = right rows, all `rank` wide. left: platform rows, right: module rows, towers or
/// parameters.
struct PairInterference {
    BufferId left, right;
    std::int64_t rank, types, susceptibility_column, magnitude_column;
    double scale;
};

[[nodiscard]] constexpr const char* name_of(const PairInterference& /*op*/) { return "pair interference"; }
[[nodiscard]] Operands operands(const PairInterference& op, const Program& program);
[[nodiscard]] Result<void> check(const PairInterference& op, const Program& program);
[[nodiscard]] Cost cost(const PairInterference& op, const Program& program, const BatchShape& batch);
template <typename T>
void forward(const PairInterference& op, const HostStep<T>& step);
template <typename T>
void backward(const PairInterference& op, const HostStep<T>& step);

}  // namespace pitot::backend
