#include "backend/cuda/layout.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "backend/cuda/launch.hpp"
#include "pitot/remedy.hpp"

namespace pitot::backend::cuda {
namespace {

Failure no_kernels(const std::string& what) {
    return fail(ErrorCode::kUsage, fmt::format("the backend 'cuda' has no kernels for {}; use the backend 'cpu'", what),
                Remedy::kUseCpuBackend);
}

std::int64_t round_up(std::int64_t n) { return (n + 31) / 32 * 32; }

}  // namespace

DeviceProgram::DeviceProgram(const Program& program) : program_(&program), slopes_done_(slopes_done(program)) {
    std::set<BufferId> inputs;
    std::set<BufferId> learned;
    for (const TowerOp& op : program.tower) {
        if (const auto* concat = std::get_if<Concat>(&op)) {
            inputs.insert(concat->out);
            learned.insert(concat->right);
        }
    }
    for (const TowerOp& op : program.tower) {
        if (const auto* dense = std::get_if<Dense>(&op)) {
            learned.erase(dense->x);
        }
    }
    for (std::size_t b = 0; b < program.buffers.size(); ++b) {
        const BufferInfo& info = program.buffers[b];
        const Arena arena = info.role == Role::kConstant                ? Arena::kConstants
                            : info.role == Role::kReplicaConstant       ? Arena::kReplicaConstants
                            : info.role == Role::kParameter             ? Arena::kParameters
                            : info.role == Role::kPair                  ? Arena::kPairs
                            : inputs.contains(static_cast<BufferId>(b)) ? Arena::kInputs
                                                                        : Arena::kTowers;
        std::int64_t& size = sizes_[static_cast<std::size_t>(arena)];
        // Few columns that no product reads stay close to one another; eight rounded numbers are a vector.
        const bool close =
            arena == Arena::kReplicaConstants || arena == Arena::kPairs || learned.contains(static_cast<BufferId>(b));
        const std::int64_t ld = row_stride(info.cols, close ? 4 : kVector);
        places_.push_back({arena, size, ld});
        size += arena == Arena::kPairs ? ld : round_up(info.rows * ld);
    }
}

Result<DeviceProgram> DeviceProgram::make(const Program& program) {
    DeviceProgram made(program);
    return made.sort_operations().map([&] { return std::move(made); });
}

std::optional<DeviceProgram::Columns> DeviceProgram::input_gradient(const Dense& op) const {
    if (op.x_gradient_from >= program_->buffer(op.x).cols) {
        return std::nullopt;
    }
    for (const Concat& concat : concats) {
        if (concat.out == op.x) {
            return Columns{concat.right, program_->buffer(concat.left).cols};
        }
    }
    return Columns{op.x, 0};
}

std::optional<Concat> DeviceProgram::learned_with_weight(const Dense& op) const {
    const auto readers = std::ranges::count_if(program_->tower, [&](const TowerOp& other) {
        const auto* dense = std::get_if<Dense>(&other);
        return dense != nullptr && dense->x == op.x;
    });
    const auto concat = std::ranges::find_if(concats, [&](const Concat& c) { return c.out == op.x; });
    if (readers != 1 || concat == concats.end() || program_->buffer(op.out).cols > kTileN) {
        return std::nullopt;
    }
    const std::int64_t first = program_->buffer(concat->left).cols;
    const std::int64_t last = first + program_->buffer(concat->right).cols - 1;
    return first / kTileM == last / kTileM ? std::optional(*concat) : std::nullopt;
}

bool DeviceProgram::can_round() const {
    if (!has_factors() || !network.empty() || levels.empty()) {
        return false;
    }
    return std::ranges::all_of(levels, [&](const std::vector<Dense>& ops) {
        return std::ranges::all_of(ops, [&](const Dense& op) {
            const auto to = input_gradient(op);
            const bool few = to && program_->buffer(op.x).cols - to->first <= kNarrow;
            const bool learned = to && program_->buffer(to->buffer).role == Role::kParameter;
            return few == learned && (op.activation != Activation::kTanh || slope_done(op.out));
        });
    });
}

std::optional<DeviceProgram::Joined> DeviceProgram::find_joined() const {
    if (network.size() != 3 || !output || has_factors()) {
        return std::nullopt;
    }
    const auto* first = std::get_if<PairSumTanh>(network.data());
    const auto* second = std::get_if<Dense>(&network[1]);
    const auto* top = std::get_if<Dense>(&network[2]);
    if (first == nullptr || second == nullptr || top == nullptr || second->x != first->out || top->x != second->out ||
        output->in != top->out) {
        return std::nullopt;
    }
    const auto cols = [&](BufferId buffer) { return program_->buffer(buffer).cols; };
    const auto learned = [&](BufferId buffer) { return program_->buffer(buffer).role == Role::kParameter; };
    const bool fits = cols(first->out) <= kPairColumns && cols(second->out) <= kPairColumns && cols(top->out) == 1;
    const bool layers = second->activation == Activation::kTanh && second->x_gradient_from == 0 &&
                        top->activation == Activation::kNone && top->x_gradient_from == 0 && learned(second->weight) &&
                        learned(top->weight);
    return fits && layers ? std::optional(Joined{*first, *second, *top}) : std::nullopt;
}

std::optional<DeviceProgram::Layered> DeviceProgram::find_layers(BufferId rows) const {
    const auto maker = [&](std::size_t level, BufferId out) {
        const auto found = std::ranges::find(levels[level], out, &Dense::out);
        return found == levels[level].end() ? nullptr : &*found;
    };
    const Dense* const second = maker(1, rows);
    const Dense* const first = second == nullptr ? nullptr : maker(0, second->x);
    if (first == nullptr || first->activation != Activation::kTanh || !slope_done(first->out) ||
        second->activation != Activation::kNone || second->x_gradient_from != 0) {
        return std::nullopt;
    }
    const auto to = input_gradient(*first);
    const bool learned = !to || to->buffer != first->x;
    return learned ? std::optional(Layered{*first, *second}) : std::nullopt;
}

Result<void> DeviceProgram::sort_operations() {
    const Program& program = *program_;
    std::map<BufferId, std::size_t> level;
    std::set<BufferId> learned;
    for (const TowerOp& op : program.tower) {
        if (const auto* concat = std::get_if<Concat>(&op)) {
            if (!learned.insert(concat->right).second) {
                return no_kernels("learned columns in two places");
            }
            concats.push_back(*concat);
            continue;
        }
        const Dense& dense = std::get<Dense>(op);
        const std::size_t at = level.contains(dense.x) ? level[dense.x] + 1 : 0;
        level[dense.out] = at;
        levels.resize(std::max(levels.size(), at + 1));
        levels[at].push_back(dense);
    }
    for (const PairOp& op : program.pair) {
        const auto once = [&](auto& slot, const auto& value) -> Result<void> {
            if (slot) {
                return no_kernels(fmt::format("two operations '{}'", name_of(value)));
            }
            slot = value;
            return {};
        };
        Result<void> ok;
        if (const auto* given = std::get_if<PairBaseline>(&op)) {
            ok = once(baseline, *given);
        } else if (const auto* pair_dot = std::get_if<PairDot>(&op)) {
            ok = once(dot, *pair_dot);
        } else if (const auto* co_runners = std::get_if<PairInterference>(&op)) {
            ok = once(interference, *co_runners);
        } else if (const auto* pair_output = std::get_if<PairOutput>(&op)) {
            ok = once(output, *pair_output);
        } else {
            network.push_back(op);
        }
        if (!ok) {
            return ok;
        }
    }
    joined = find_joined();
    if (has_factors() && output) {
        return no_kernels("factors beside a network on pairs");
    }
    if (dot && interference &&
        (dot->left != interference->left || dot->right != interference->right || dot->width != interference->rank)) {
        return no_kernels("interference by other rows than those of the dot product");
    }
    const auto is_input = [&](BufferId buffer) {
        return std::ranges::any_of(concats, [&](const Concat& concat) { return concat.out == buffer; });
    };
    bool pairs_inputs = has_factors() && (is_input(left()) || is_input(right()));
    for (const PairOp& op : network) {
        const auto* sum = std::get_if<PairSumTanh>(&op);
        pairs_inputs = pairs_inputs || (sum != nullptr && (is_input(sum->left) || is_input(sum->right)));
    }
    if (pairs_inputs) {
        return no_kernels("learned columns that no layer takes");
    }
    // Who multiplies rows makes the gradient of all their columns.
    if (has_factors() && (program.buffer(left()).cols != rank() * groups() || program.buffer(right()).cols != rank())) {
        return no_kernels("rows of which only some columns are multiplied");
    }
    if (dot && !interference && levels.size() == 2 && levels[0].size() == 2 && levels[1].size() == 2) {
        const auto of_left = find_layers(left());
        const auto of_right = find_layers(right());
        if (of_left && of_right && of_left->first.out != of_right->first.out) {
            layered = {*of_left, *of_right};
        }
    }
    const auto store = [&](BufferId buffer, std::optional<Concat> concat) {
        const auto is_it = [&](const auto& entry) { return entry.first == buffer; };
        if (program.buffer(buffer).role == Role::kParameter && std::ranges::none_of(stored, is_it)) {
            stored.emplace_back(buffer, concat);
        }
    };
    for (const Concat& concat : concats) {
        store(concat.right, concat);
    }
    if (has_factors()) {
        store(left(), std::nullopt);
        store(right(), std::nullopt);
    }
    for (const PairOp& op : network) {
        if (const auto* sum = std::get_if<PairSumTanh>(&op)) {
            store(sum->left, std::nullopt);
            store(sum->right, std::nullopt);
        }
    }
    for (const std::vector<Dense>& ops : levels) {
        for (const Dense& op : ops) {
            if (const auto to = input_gradient(op)) {
                store(to->buffer, std::nullopt);
            }
        }
    }
    for (const std::vector<Dense>& ops : levels) {
        for (const Dense& op : ops) {
            if (const auto concat = learned_with_weight(op)) {
                std::erase_if(stored, [&](const auto& entry) { return entry.first == concat->right; });
            }
        }
    }
    return {};
}

}  // namespace pitot::backend::cuda
