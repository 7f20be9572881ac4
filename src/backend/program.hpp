// A model's training step as a short program over a backend's operations.
//
// A program says what is computed, not how: a backend runs it for one model (a CPU thread) or for a group of replicas
// at once (a GPU). Gradients are not written down: each operation has its backward twin, run in reverse order.
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "backend/buffer.hpp"
#include "backend/ops/concat/concat.hpp"
#include "backend/ops/dense/dense.hpp"
#include "backend/ops/pair_baseline/pair_baseline.hpp"
#include "backend/ops/pair_dot/pair_dot.hpp"
#include "backend/ops/pair_gather/pair_gather.hpp"
#include "backend/ops/pair_interference/pair_interference.hpp"
#include "backend/ops/pair_output/pair_output.hpp"
#include "backend/ops/pair_sum_tanh/pair_sum_tanh.hpp"
#include "backend/ops/platform_dense/platform_dense.hpp"
#include "pitot/config.hpp"
#include "pitot/result.hpp"

namespace pitot::backend {

/// Operations on towers, and those on the pairs of a batch: all that there are.
using TowerOp = std::variant<Concat, Dense>;
using PairOp =
    std::variant<PairBaseline, PairDot, PairInterference, PairSumTanh, PairGather, PlatformDense, Dense, PairOutput>;

struct Program {
    std::int64_t platforms = 0;
    std::int64_t modules = 0;
    std::vector<BufferInfo> buffers;
    std::vector<TowerOp> tower;  ///< once a step
    std::vector<PairOp> pair;    ///< for each batch, towers ready; prediction starts at 0
    Loss loss = Loss::kSquared;
    double huber_delta = 0.0;  ///< of Loss::kHuber

    [[nodiscard]] const BufferInfo& buffer(BufferId id) const { return buffers[static_cast<std::size_t>(id)]; }
    /// Rows of a side.
    [[nodiscard]] std::int64_t rows_of(RowAxis axis) const { return axis == RowAxis::kPlatform ? platforms : modules; }
    /// Number of scalars in all kParameter buffers, which follow one another in the flat parameter array.
    [[nodiscard]] std::int64_t parameter_count() const;
    /// Whether a backend can run it: buffers have the shapes that their roles want, those of each operation fit it,
    /// what is read has been computed before, and every gradient is made by those who may share in it. kBug, naming the
    /// operation and the buffer.
    [[nodiscard]] Result<void> check() const;
};

/// Of each buffer that tanh gave, whether the one operation that makes its gradient multiplies by tanh' on the way.
[[nodiscard]] std::vector<bool> slopes_done(const Program& program);

}  // namespace pitot::backend
