#include "backend/host/layout.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "core/check.hpp"

namespace pitot::backend {
namespace {

// 16 floats are a cache line. Long rows start on one; short ones (a learned input, a bias of one) are packed.
constexpr std::int64_t kLine = 16;

std::int64_t round_up(std::int64_t n) { return (n + kLine - 1) / kLine * kLine; }

// Tables that pairs name rows of are walked row by row; everything else is an operand of products.
std::int64_t stride_of(const BufferInfo& b) {
    if (b.cols < kLine) {
        return b.cols;
    }
    return b.role == Role::kParameter && b.axis != RowAxis::kNone ? round_up(b.cols) : product_stride(b.cols);
}

}  // namespace

std::int64_t product_stride(std::int64_t cols) {
    constexpr std::int64_t too_even = 4 * kLine;
    const std::int64_t stride = round_up(cols);
    return stride % too_even == 0 ? stride + kLine : stride;
}

namespace {

// The most rows of a side that may be in use at once, when batches name `names` of its `rows` rows at random; 0 where a
// step over all rows costs less. A row in use costs a quarter more than one of all: it is looked up, copied to and fro,
// and brought up to date.
std::int64_t rows_at_work(std::int64_t names, std::int64_t rows) {
    if (names <= 0 || rows <= 0) {
        return 0;
    }
    const auto all = static_cast<double>(rows);
    const double expected = all * -std::expm1(static_cast<double>(names) * std::log1p(-1.0 / all));
    return 1.25 * expected < all ? std::min(names, rows) : 0;
}

Arena arena_of(Role role) {
    switch (role) {
        case Role::kConstant:
            return Arena::kConstants;
        case Role::kReplicaConstant:
            return Arena::kReplicaConstants;
        case Role::kParameter:
            return Arena::kParameters;
        case Role::kTower:
            return Arena::kTowers;
        case Role::kPair:
            return Arena::kPairs;
    }
    PITOT_CHECK(false);
}

}  // namespace

// Adds a buffer at the ends of its arenas.
void ProgramLayout::put(const BufferInfo& b, const Program& program) {
    PITOT_CHECK(b.role != Role::kTower || b.axis != RowAxis::kNone);
    const std::int64_t stride = stride_of(b);
    const auto append = [&](Arena arena, std::int64_t scalars) {
        std::int64_t& size = sizes_[static_cast<std::size_t>(arena)];
        const Place place{arena, size, stride};
        size += round_up(scalars);
        return place;
    };
    if (!named(b.axis)) {
        places_.push_back(append(arena_of(b.role), b.role == Role::kPair ? stride : b.rows * stride));
        homes_.push_back(places_.back());
        return;
    }
    const std::int64_t rows_each = b.rows / program.rows_of(b.axis);
    const Place compact = append(Arena::kCompact, most_rows(b.axis) * rows_each * stride);
    const auto id = static_cast<BufferId>(places_.size());
    places_.push_back(compact);
    if (b.role == Role::kTower) {
        homes_.push_back(compact);
        return;
    }
    homes_.push_back(append(b.role == Role::kParameter ? Arena::kTables : arena_of(b.role), b.rows * stride));
    copied_.push_back(id);
}

ProgramLayout::ProgramLayout(const Program& program, const ExecutionPlan& plan)
    : most_rows_{rows_at_work(plan.platform_rows, program.platforms), rows_at_work(plan.module_rows, program.modules)} {
    for (const BufferInfo& b : program.buffers) {
        put(b, program);
    }
    std::set<BufferId> scattered;
    for (const PairOp& op : program.pair) {
        for (const Operand& input : std::visit([&](const auto& o) { return operands(o, program); }, op).inputs) {
            const Role role = program.buffer(input.buffer).role;
            if (input.gradient == Gradient::kAdded && (role == Role::kParameter || role == Role::kTower)) {
                scattered.insert(input.buffer);
            }
        }
    }
    scattered_.assign(scattered.begin(), scattered.end());
}

}  // namespace pitot::backend
