#include "backend/host/sparse_layers.hpp"

#include <algorithm>
#include <utility>
#include <variant>
#include <vector>

namespace pitot::backend {
namespace {

constexpr double kWorthwhile = 0.85;      // of all products, what may be left of them
constexpr std::int64_t kMostRows = 4096;  // the search for similar rows takes their square

// Which elements of a layer's input are 0 for good, row by row; empty if the input is too large.
std::vector<bool> zeros_of(const Program& program, BufferId x) {
    const auto info = [&](BufferId id) -> const BufferInfo& { return program.buffers[static_cast<std::size_t>(id)]; };
    if (info(x).rows > kMostRows) {
        return {};
    }
    BufferId constant = x;
    for (const TowerOp& op : program.tower) {
        const auto* c = std::get_if<Concat>(&op);
        constant = c != nullptr && c->out == x ? c->left : constant;
    }
    const auto width = static_cast<std::size_t>(info(x).cols);
    const auto known = static_cast<std::size_t>(info(constant).cols);
    std::vector<bool> zero(static_cast<std::size_t>(info(x).rows) * width);
    if (info(constant).role == Role::kConstant) {
        const auto& values = info(constant).values;
        for (std::size_t n = 0; n < values.size(); ++n) {
            zero[n / known * width + n % known] = values[n] == 0.0F;
        }
    }
    return zero;
}

std::vector<bool> transposed(const std::vector<bool>& matrix, std::size_t columns) {
    const std::size_t rows = matrix.size() / columns;
    std::vector<bool> out(matrix.size());
    for (std::size_t n = 0; n < matrix.size(); ++n) {
        out[n % columns * rows + n / columns] = matrix[n];
    }
    return out;
}

}  // namespace

SparseLayers find_sparse_layers(const Program& program, const ProgramLayout& layout, std::int64_t columns) {
    SparseLayers layers;
    for (const TowerOp& op : program.tower) {
        const auto* dense = std::get_if<Dense>(&op);
        if (dense == nullptr) {
            continue;
        }
        const BufferInfo& out = program.buffers[static_cast<std::size_t>(dense->out)];
        const BufferInfo& in = program.buffers[static_cast<std::size_t>(dense->x)];
        if (out.cols % columns != 0 || layout.named(out.axis)) {
            continue;
        }
        const std::vector<bool> zero = zeros_of(program, dense->x);
        const auto zeros = static_cast<double>(std::ranges::count(zero, true));
        if (zeros < (1.0 - kWorthwhile) * static_cast<double>(zero.size()) || zeros == 0.0) {
            continue;
        }
        SparseInput found{{zero, in.cols}, {transposed(zero, static_cast<std::size_t>(in.cols)), in.rows}};
        if (std::max(found.rows.density(), found.columns.density()) < kWorthwhile) {
            layers.emplace(dense->out, std::move(found));
        }
    }
    return layers;
}

}  // namespace pitot::backend
