#include "backend/host/layout.hpp"

#include <algorithm>
#include <set>

namespace pitot {
namespace {

// 16 floats are a cache line. Long rows start on one; short ones (a learned input, a bias of one) are packed.
constexpr std::int64_t kLine = 16;

std::int64_t round_up(std::int64_t n) { return (n + kLine - 1) / kLine * kLine; }

std::vector<BufferId> scattered_by(const PairOp& op) {
    if (const auto* dot = std::get_if<PairDot>(&op)) {
        return {dot->left, dot->right};
    }
    if (const auto* interference = std::get_if<PairInterference>(&op)) {
        return {interference->left, interference->right};
    }
    if (const auto* sum = std::get_if<PairSumTanh>(&op)) {
        return {sum->left, sum->right};
    }
    if (const auto* dense = std::get_if<Dense>(&op)) {
        return {dense->weight, dense->bias};
    }
    if (const auto* dense = std::get_if<PlatformDense>(&op)) {
        return {dense->weight, dense->bias};
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

ProgramLayout::ProgramLayout(const Program& program) {
    for (const BufferInfo& b : program.buffers) {
        std::int64_t& size = sizes_[static_cast<std::size_t>(b.role)];
        const std::int64_t stride = b.cols >= kLine ? round_up(b.cols) : b.cols;
        places_.push_back({size, stride});
        size += b.role == Role::kPair ? round_up(stride) : round_up(b.rows * stride);
    }
    std::set<BufferId> scattered;
    for (const PairOp& op : program.pair) {
        for (const BufferId id : scattered_by(op)) {
            if (id >= 0) {
                scattered.insert(id);
            }
        }
    }
    scattered_.assign(scattered.begin(), scattered.end());
    const auto cols = [&](BufferId id) { return program.buffers[static_cast<std::size_t>(id)].cols; };
    const auto weigh = [&](BufferId x, BufferId out) {
        largest_weight_ = std::max(largest_weight_, round_up(cols(x)) * round_up(cols(out)));
    };
    for (const TowerOp& op : program.tower) {
        if (const auto* d = std::get_if<Dense>(&op)) {
            weigh(d->x, d->out);
        }
    }
    for (const PairOp& op : program.pair) {
        if (const auto* d = std::get_if<Dense>(&op)) {
            weigh(d->x, d->out);
        } else if (const auto* p = std::get_if<PlatformDense>(&op)) {
            weigh(p->x, p->out);
        }
    }
}

}  // namespace pitot
