// The operations of a program, forward and backward, on the host: what each reads and writes, and how its work is cut
// up among a team's threads. The arithmetic is in the kernels `K`.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <variant>
#include <vector>

#include "backend/host/batch.hpp"
#include "backend/host/layout.hpp"
#include "backend/host/sparse_layers.hpp"
#include "core/check.hpp"
#include "core/team.hpp"

namespace pitot {

/// Where the buffers at work are: arenas to read, to write (null: not now) and of gradients, and their row counts.
template <typename T>
struct Workplace {
    std::array<const T*, kArenas> values{};
    std::array<T*, kArenas> writable{};
    std::array<T*, kArenas> gradients{};
    std::array<std::int64_t, 2> rows{};  ///< of each side, at work
    std::int64_t part_rows = 0;
    Team* team = nullptr;  ///< who does the work
    bool primed = false;   ///< constant columns of towers stand where they belong already
};

template <typename K>
class Operations {
    using T = typename K::Scalar;
    using View = MatrixView<T>;
    using ConstView = MatrixView<const T>;
    using Place = Workplace<T>;

public:
    Operations(const Program& program, const ProgramLayout& layout)
        : program_(program), layout_(layout), transposed_(sized(layout.largest_weight())) {
        find_premultiplied();
        if constexpr (K::kSparseColumns > 0) {
            sparse_ = find_sparse_layers(program_, layout_, K::kSparseColumns);
        }
    }

    void towers_forward(const Place& w) const {
        for (const TowerOp& op : program_.tower) {
            std::visit([&](const auto& o) { forward(o, w); }, op);
        }
    }
    void towers_backward(const Place& w) {
        for (auto op = program_.tower.rbegin(); op != program_.tower.rend(); ++op) {
            std::visit([&](const auto& o) { backward(o, w, false); }, *op);
        }
    }
    void pairs_forward(const Place& w, const Part<T>& part) const {
        std::ranges::fill(part.prediction, T{0});
        for (const PairOp& op : program_.pair) {
            std::visit([&](const auto& o) { forward(o, w, part); }, op);
        }
    }
    void pairs_backward(const Place& w, const Part<T>& part) {
        for (auto op = program_.pair.rbegin(); op != program_.pair.rend(); ++op) {
            std::visit([&](const auto& o) { backward(o, w, part); }, *op);
        }
    }

    /// A buffer's rows at work.
    [[nodiscard]] ConstView value(const Place& w, BufferId id) const { return view<const T>(w.values, w, id); }
    [[nodiscard]] View writable(const Place& w, BufferId id) const { return view<T>(w.writable, w, id); }
    [[nodiscard]] View gradient(const Place& w, BufferId id) const { return view<T>(w.gradients, w, id); }

private:
    static constexpr std::int64_t kRowGrain = 16;  // rows or columns worth a thread's while, and a cache line

    [[nodiscard]] static std::size_t sized(std::int64_t n) { return static_cast<std::size_t>(n); }
    [[nodiscard]] const BufferInfo& info(BufferId id) const { return program_.buffers[sized(id)]; }

    template <typename E>
    [[nodiscard]] MatrixView<E> view(const std::array<E*, kArenas>& arenas, const Place& w, BufferId id) const {
        const auto& place = layout_.place(id);
        const BufferInfo& b = info(id);
        E* base = arenas[static_cast<std::size_t>(place.arena)];
        if (place.arena == Arena::kPairs) {
            return {base + place.offset * w.part_rows, w.part_rows, b.cols, place.stride};
        }
        std::int64_t rows = b.rows;
        if (place.arena == Arena::kCompact) {
            rows = rows / program_.rows_of(b.axis) * w.rows[static_cast<std::size_t>(b.axis)];
        }
        return {base + place.offset, rows, b.cols, place.stride};
    }
    [[nodiscard]] const T* bias_of(const Place& w, BufferId id) const { return id < 0 ? nullptr : value(w, id).data; }

    // Buffers that tanh gave and whose gradient one operation alone makes: it multiplies by tanh' on the way.
    void find_premultiplied() {
        std::vector<int> readers(program_.buffers.size());
        std::vector<bool> by_dense(program_.buffers.size());
        std::vector<bool> tanh(program_.buffers.size());
        const auto reads = [&](BufferId id, bool dense) {
            ++readers[sized(id)];
            by_dense[sized(id)] = dense;
        };
        const auto dense = [&](const auto& op) {
            reads(op.x, op.x_gradient_from == 0);
            tanh[sized(op.out)] = op.activation == Activation::kTanh;
        };
        for (const TowerOp& op : program_.tower) {
            if (const auto* d = std::get_if<Dense>(&op)) {
                dense(*d);
            }
        }
        for (const PairOp& op : program_.pair) {
            if (const auto* d = std::get_if<Dense>(&op)) {
                dense(*d);
            } else if (const auto* p = std::get_if<PlatformDense>(&op)) {
                dense(*p);
            } else if (const auto* s = std::get_if<PairSumTanh>(&op)) {
                tanh[sized(s->out)] = true;
            } else if (const auto* o = std::get_if<PairOutput>(&op)) {
                reads(o->in, false);
            } else if (const auto* d2 = std::get_if<PairDot>(&op)) {
                reads(d2->left, false);
                reads(d2->right, false);
            } else if (const auto* i = std::get_if<PairInterference>(&op)) {
                reads(i->left, false);
                reads(i->right, false);
            }
        }
        for (std::size_t b = 0; b < tanh.size(); ++b) {
            premultiplied_.push_back(tanh[b] && readers[b] == 1 && by_dense[b]);
        }
    }

    void forward(const Concat& op, const Place& w) const {
        const View out = writable(w, op.out);
        const ConstView left = value(w, op.left);
        const ConstView right = value(w, op.right);
        for (std::int64_t i = 0; i < out.rows; ++i) {
            const auto row = out.row(i);
            if (!(w.primed && layout_.place(op.out).arena == Arena::kTowers)) {
                std::ranges::copy(left.row(i), row.begin());
            }
            std::ranges::copy(right.row(i), row.begin() + left.cols);
        }
    }
    void backward(const Concat& op, const Place& w, bool /*accumulate*/) const {
        const View to = gradient(w, op.right);
        const View from = gradient(w, op.out).columns(info(op.left).cols, to.cols);
        for (std::int64_t i = 0; i < to.rows; ++i) {
            std::ranges::copy(from.row(i), to.row(i).begin());
        }
    }

    void forward(const Dense& op, const Place& w) const {
        const ConstView x = value(w, op.x);
        const View out = writable(w, op.out);
        if constexpr (K::kSparseColumns > 0) {
            if (const auto sparse = sparse_.find(op.out); sparse != sparse_.end()) {
                const NonzeroBlocks& blocks = sparse->second.rows;
                w.team->share(static_cast<std::int64_t>(blocks.size()), 1, [&](std::int64_t first, std::int64_t n) {
                    K::sparse_forward(blocks, first, n, x, value(w, op.weight), bias_of(w, op.bias), op.activation,
                                      out);
                });
                return;
            }
        }
        w.team->share(out.rows, kRowGrain, [&](std::int64_t first, std::int64_t n) {
            K::dense_forward(x.row_range(first, n), value(w, op.weight), bias_of(w, op.bias), op.activation,
                             out.row_range(first, n));
        });
    }
    void backward(const Dense& op, const Place& w, bool accumulate) {
        T* dbias = op.bias < 0 ? nullptr : gradient(w, op.bias).data;
        dense_backward(op, *w.team,
                       {value(w, op.x), value(w, op.weight), value(w, op.out), gradient(w, op.out),
                        gradient(w, op.weight), dbias, input_gradient(op, w)},
                       accumulate);
    }
    // The gradient of all of x; without data where nobody wants it.
    template <typename Op>
    [[nodiscard]] View input_gradient(const Op& op, const Place& w) const {
        return op.x_gradient_from < info(op.x).cols ? gradient(w, op.x) : View{};
    }

    struct DenseViews {
        ConstView x, weight, out;
        View dout, dweight;
        T* dbias;
        View dx;
    };
    template <typename Op>
    void dense_backward(const Op& op, Team& team, const DenseViews& v, bool accumulate) {
        const std::int64_t wanted = info(op.x).cols - op.x_gradient_from;
        View dx = v.dx;
        ConstView tanh_out;
        View transposed;
        if (wanted > 0) {
            dx = v.dx.columns(op.x_gradient_from, wanted);
            if (premultiplied_[sized(op.x)]) {
                tanh_out = v.x.columns(op.x_gradient_from, wanted);
            }
            transposed = View{transposed_.data(), v.weight.cols, wanted, product_stride(wanted)};
        }
        if (op.activation == Activation::kTanh && !premultiplied_[sized(op.out)]) {
            K::tanh_slope(v.out, v.dout);
        }
        if (wanted > 0 && K::wants_transposed(v.weight, wanted)) {
            K::transpose(v.weight.row_range(op.x_gradient_from, wanted), transposed);
        }
        // One piece of rows of dx and one of rows of dweight for each thread.
        const std::int64_t pieces = team.size();
        team.share(pieces, 1, [&](std::int64_t first, std::int64_t n) {
            for (std::int64_t piece = first; piece < first + n; ++piece) {
                const auto [row, rows] = cut(wanted > 0 ? dx.rows : 0, piece, pieces);
                if (rows > 0) {
                    const ConstView y = tanh_out.data == nullptr ? tanh_out : tanh_out.row_range(row, rows);
                    K::input_gradient(ConstView(v.dout).row_range(row, rows), v.weight, transposed, y,
                                      dx.row_range(row, rows));
                }
                weight_gradient(op, v, accumulate, piece, pieces);
                if (piece == 0 && v.dbias != nullptr) {
                    K::column_sums(v.dout, accumulate, v.dbias);
                }
            }
        });
    }
    template <typename Op>
    void weight_gradient(const Op& op, const DenseViews& v, bool accumulate, std::int64_t piece,
                         std::int64_t pieces) const {
        if constexpr (K::kSparseColumns > 0) {
            if (const auto sparse = sparse_.find(op.out); sparse != sparse_.end()) {
                PITOT_CHECK(!accumulate);
                const auto blocks = static_cast<std::int64_t>(sparse->second.columns.size());
                const std::int64_t first = blocks * piece / pieces;
                K::sparse_weight_gradient(sparse->second.columns, first, blocks * (piece + 1) / pieces - first, v.x,
                                          v.dout, v.dweight);
                return;
            }
        }
        const auto [column, columns] = cut(v.x.cols, piece, pieces);
        if (columns > 0) {
            K::weight_gradient(v.x.columns(column, columns), v.dout, accumulate, v.dweight.row_range(column, columns));
        }
    }
    // The piece-th of `pieces` nearly equal ranges of 0 … n, on multiples of the grain.
    static std::pair<std::int64_t, std::int64_t> cut(std::int64_t n, std::int64_t piece, std::int64_t pieces) {
        const std::int64_t grains = (n + kRowGrain - 1) / kRowGrain;
        const std::int64_t first = std::min(n, grains * piece / pieces * kRowGrain);
        return {first, std::min(n, grains * (piece + 1) / pieces * kRowGrain) - first};
    }

    void forward(const PairBaseline& op, const Place& w, const Part<T>& part) const {
        const T* a = value(w, op.platform_term).data;
        const T* b = value(w, op.module_term).data;
        for (std::size_t n = 0; n < part.prediction.size(); ++n) {
            part.prediction[n] += a[part.platform[n]] + b[part.module[n]];
        }
    }
    void backward(const PairBaseline& /*op*/, const Place& /*w*/, const Part<T>& /*part*/) const {}

    // Pairs forward are cut by rows, backward by columns: rows of several pairs may be the same.
    template <typename Work>
    static void share_rows(const Place& w, const Part<T>& part, const Work& work) {
        w.team->share(part.size(), kRowGrain, [&](std::int64_t first, std::int64_t n) { work(part.rows(first, n)); });
    }
    void forward(const PairDot& op, const Place& w, const Part<T>& part) const {
        const ConstView left = value(w, op.left).columns(0, op.width);
        const ConstView right = value(w, op.right).columns(0, op.width);
        share_rows(w, part, [&](const Part<T>& p) {
            K::pair_dot(p.platform, p.module, left, right, static_cast<T>(op.scale), p.prediction);
        });
    }
    void backward(const PairDot& op, const Place& w, const Part<T>& part) const {
        w.team->share(op.width, kRowGrain, [&](std::int64_t first, std::int64_t n) {
            K::pair_dot_backward(part.platform, part.module, part.by_module, value(w, op.left).columns(first, n),
                                 value(w, op.right).columns(first, n), static_cast<T>(op.scale), part.slope,
                                 gradient(w, op.left).columns(first, n), gradient(w, op.right).columns(first, n));
        });
    }

    void forward(const PairInterference& op, const Place& w, const Part<T>& part) const {
        if (part.width > 0) {
            share_rows(w, part, [&](const Part<T>& p) {
                K::interference(op, p.platform, p.module, p.co_runner, p.width, value(w, op.left), value(w, op.right),
                                p.prediction);
            });
        }
    }
    void backward(const PairInterference& op, const Place& w, const Part<T>& part) const {
        if (part.width > 0) {
            K::interference_backward(op, part.platform, part.module, part.co_runner, part.width, value(w, op.left),
                                     value(w, op.right), part.slope, gradient(w, op.left), gradient(w, op.right));
        }
    }

    void forward(const PairSumTanh& op, const Place& w, const Part<T>& part) const {
        share_rows(w, part, [&](const Part<T>& p) {
            K::sum_tanh(p.platform, p.module, value(w, op.left), value(w, op.right),
                        writable(w, op.out).row_range(p.first, p.size()));
        });
    }
    void backward(const PairSumTanh& op, const Place& w, const Part<T>& part) const {
        const View dout = gradient(w, op.out);
        if (!premultiplied_[sized(op.out)]) {
            K::tanh_slope(value(w, op.out), dout);
        }
        w.team->share(dout.cols, kRowGrain, [&](std::int64_t first, std::int64_t n) {
            K::sum_tanh_backward(part.platform, part.module, ConstView(dout).columns(first, n),
                                 gradient(w, op.left).columns(first, n), gradient(w, op.right).columns(first, n));
        });
    }

    void forward(const PairGather& op, const Place& w, const Part<T>& part) const {
        const ConstView from = value(w, op.rows);
        const View to = writable(w, op.out);
        for (std::int64_t b = 0; b < part.size(); ++b) {
            std::ranges::copy(from.row(part.module[sized(b)]), to.row(b).begin());
        }
    }
    void backward(const PairGather& /*op*/, const Place& /*w*/, const Part<T>& /*part*/) const {}

    void forward(const Dense& op, const Place& w, const Part<T>& /*part*/) const { forward(op, w); }
    void backward(const Dense& op, const Place& w, const Part<T>& /*part*/) { backward(op, w, true); }

    // Calls `visit(platform, first, rows)` for every run of equal platforms.
    template <typename Visit>
    static void for_each_run(const Part<T>& part, Visit visit) {
        for (std::size_t first = 0; first < part.platform.size();) {
            std::size_t last = first + 1;
            while (last < part.platform.size() && part.platform[last] == part.platform[first]) {
                ++last;
            }
            visit(static_cast<std::int64_t>(part.platform[first]), static_cast<std::int64_t>(first),
                  static_cast<std::int64_t>(last - first));
            first = last;
        }
    }
    void forward(const PlatformDense& op, const Place& w, const Part<T>& part) const {
        const std::int64_t k = info(op.x).cols;
        for_each_run(part, [&](std::int64_t platform, std::int64_t first, std::int64_t n) {
            K::dense_forward(value(w, op.x).row_range(first, n), value(w, op.weight).row_range(platform * k, k),
                             value(w, op.bias).row(platform).data(), op.activation,
                             writable(w, op.out).row_range(first, n));
        });
    }
    void backward(const PlatformDense& op, const Place& w, const Part<T>& part) {
        const std::int64_t k = info(op.x).cols;
        const View dx = input_gradient(op, w);
        for_each_run(part, [&](std::int64_t platform, std::int64_t first, std::int64_t n) {
            dense_backward(
                op, *w.team,
                {value(w, op.x).row_range(first, n), value(w, op.weight).row_range(platform * k, k),
                 value(w, op.out).row_range(first, n), gradient(w, op.out).row_range(first, n),
                 gradient(w, op.weight).row_range(platform * k, k), gradient(w, op.bias).row(platform).data(),
                 dx.data == nullptr ? dx : dx.row_range(first, n)},
                true);
        });
    }

    void forward(const PairOutput& op, const Place& w, const Part<T>& part) const {
        const ConstView in = value(w, op.in);
        for (std::int64_t b = 0; b < part.size(); ++b) {
            part.prediction[sized(b)] += static_cast<T>(op.scale) * in(b, 0);
        }
    }
    void backward(const PairOutput& op, const Place& w, const Part<T>& part) const {
        const View din = gradient(w, op.in);
        for (std::int64_t b = 0; b < part.size(); ++b) {
            din(b, 0) = static_cast<T>(op.scale) * part.slope[sized(b)];
        }
    }

    const Program& program_;
    const ProgramLayout& layout_;
    AlignedVector<T> transposed_;  // of a weight matrix
    std::vector<bool> premultiplied_;
    SparseLayers sparse_;
};

}  // namespace pitot
