// Runs a program on the host, one replica after another, with the kernels of `K`. Shared by the reference and the cpu
// backend, which differ in their kernels and their scalar type alone.
//
// A step: towers forward; for every objective draw a batch, predict, differentiate back into the tower rows; towers
// backward; optimiser. Nothing is allocated inside a step once the workspace has grown to the batch.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>
#include <variant>
#include <vector>

#include "backend/backend.hpp"
#include "backend/host/batch.hpp"
#include "backend/host/layout.hpp"
#include "core/check.hpp"

namespace pitot {

template <typename K>
class HostExecutor final : public Executor {
    using T = typename K::Scalar;
    using View = MatrixView<T>;
    using ConstView = MatrixView<const T>;

    struct Replica {
        AlignedVector<T> parameters, gradient, first_moment, second_moment;
        AlignedVector<T> towers, tower_gradient;
        AlignedVector<T> constants;
        std::int64_t updates = 0;
    };

public:
    HostExecutor(const Program& program, std::int64_t group) : program_(program), layout_(program) {
        shared_constants_.resize(static_cast<std::size_t>(layout_.size(Role::kConstant)));
        for (BufferId id = 0; id < count(); ++id) {
            if (info(id).role == Role::kConstant) {
                write(view_of(shared_constants_, id), std::span<const float>(info(id).values));
            }
        }
        replicas_.resize(static_cast<std::size_t>(group));
        for (Replica& r : replicas_) {
            r.parameters.resize(static_cast<std::size_t>(layout_.size(Role::kParameter)));
            r.towers.resize(static_cast<std::size_t>(layout_.size(Role::kTower)));
            r.constants.resize(static_cast<std::size_t>(layout_.size(Role::kReplicaConstant)));
        }
        transposed_.resize(static_cast<std::size_t>(layout_.largest_weight()));
    }

    void set_parameters(std::int64_t replica, std::span<const double> values) override {
        PITOT_CHECK(static_cast<std::int64_t>(values.size()) == program_.parameter_count());
        Replica& r = at(replica);
        for (BufferId id = 0; id < count(); ++id) {
            if (info(id).role == Role::kParameter) {
                const auto n = static_cast<std::size_t>(info(id).rows * info(id).cols);
                write(view_of(r.parameters, id), values.first(n));
                values = values.subspan(n);
            }
        }
        std::ranges::fill(r.first_moment, T{0});
        std::ranges::fill(r.second_moment, T{0});
        r.updates = 0;
    }

    [[nodiscard]] std::vector<double> parameters(std::int64_t replica) const override {
        std::vector<double> out(static_cast<std::size_t>(program_.parameter_count()));
        flatten(at(replica).parameters, out);
        return out;
    }

    void set_constant(std::int64_t replica, BufferId buffer, std::span<const double> values) override {
        PITOT_CHECK(info(buffer).role == Role::kReplicaConstant);
        write(view_of(at(replica).constants, buffer), values);
    }

    void train(std::span<const Objective> objectives, const Adam& adam, std::span<const Key> keys,
               std::int64_t first_step, std::int64_t steps, std::span<double> mean_loss) override {
        for (std::size_t g = 0; g < replicas_.size(); ++g) {
            make_trainable(replicas_[g]);
            double total = 0.0;
            for (std::int64_t step = first_step; step < first_step + steps; ++step) {
                total += train_step(g, objectives, adam, keys[g], step);
            }
            mean_loss[g] = total / static_cast<double>(steps);
        }
    }

    double gradient(std::int64_t replica, const PairColumns& rows, double weight, std::span<double> out) override {
        Replica& r = at(replica);
        make_trainable(r);
        towers_forward(r);
        zero_scattered(r);
        batch_.number(0, rows.size());
        const double loss = learn_from_batch(r, rows, weight);
        towers_backward(r);
        flatten(r.gradient, out);
        return loss;
    }

    void forward_towers() override {
        for (Replica& r : replicas_) {
            towers_forward(r);
        }
    }

    void predict(std::int64_t replica, const PairColumns& rows, std::span<double> out) const override {
        std::unique_ptr<Scratch> scratch;
        predict(replica, rows, out, scratch);
    }

    void predict(std::int64_t replica, const PairColumns& rows, std::span<double> out,
                 std::unique_ptr<Scratch>& scratch) const override {
        if (dynamic_cast<HostScratch*>(scratch.get()) == nullptr) {
            scratch = std::make_unique<HostScratch>();
        }
        Batch<T>& work = static_cast<HostScratch&>(*scratch).batch;
        work.number(0, rows.size());
        auto to = out.begin();
        work.for_each_part(rows, layout_.size(Role::kPair), [&] {
            pair_forward(at(replica), work);
            to = std::ranges::copy(work.prediction, to).out;
        });
    }

    [[nodiscard]] Matrix<float> values(std::int64_t replica, BufferId buffer) const override {
        const ConstView from = value(at(replica), buffer);
        Matrix<float> out(from.rows, from.cols);
        for (std::int64_t i = 0; i < from.rows; ++i) {
            std::ranges::transform(from.row(i), out.view().row(i).begin(), [](T x) { return static_cast<float>(x); });
        }
        return out;
    }

private:
    struct HostScratch final : Scratch {
        Batch<T> batch;
    };

    [[nodiscard]] BufferId count() const { return static_cast<BufferId>(program_.buffers.size()); }
    [[nodiscard]] const BufferInfo& info(BufferId id) const { return program_.buffers[static_cast<std::size_t>(id)]; }
    [[nodiscard]] Replica& at(std::int64_t replica) { return replicas_[static_cast<std::size_t>(replica)]; }
    [[nodiscard]] const Replica& at(std::int64_t replica) const { return replicas_[static_cast<std::size_t>(replica)]; }

    // The buffer's place in an arena of its role; `rows` for batch buffers.
    template <typename Arena>
    [[nodiscard]] auto view_of(Arena& arena, BufferId id, std::int64_t rows = 0) const {
        using E = std::conditional_t<std::is_const_v<Arena>, const T, T>;
        const auto& place = layout_.place(id);
        const bool pair = info(id).role == Role::kPair;
        return MatrixView<E>{arena.data() + place.offset * (pair ? rows : 1), pair ? rows : info(id).rows,
                             info(id).cols, place.stride};
    }
    [[nodiscard]] ConstView value(const Replica& r, BufferId id) const {
        switch (info(id).role) {
            case Role::kConstant:
                return view_of(shared_constants_, id);
            case Role::kReplicaConstant:
                return view_of(r.constants, id);
            case Role::kParameter:
                return view_of(r.parameters, id);
            case Role::kTower:
                return view_of(r.towers, id);
            case Role::kPair:
                break;
        }
        PITOT_CHECK(false);
    }
    [[nodiscard]] View gradient_of(Replica& r, BufferId id) const {
        return info(id).role == Role::kParameter ? view_of(r.gradient, id) : view_of(r.tower_gradient, id);
    }
    [[nodiscard]] View value(Batch<T>& w, BufferId id) const { return view_of(w.values, id, w.rows); }
    [[nodiscard]] View gradient_of(Batch<T>& w, BufferId id) const { return view_of(w.gradient, id, w.rows); }

    [[nodiscard]] const T* bias_of(const Replica& r, BufferId id) const { return id < 0 ? nullptr : value(r, id).data; }
    [[nodiscard]] T* bias_gradient_of(Replica& r, BufferId id) const {
        return id < 0 ? nullptr : gradient_of(r, id).data;
    }

    template <typename V>
    static void write(View to, std::span<const V> values) {
        for (std::int64_t i = 0; i < to.rows; ++i) {
            for (std::int64_t j = 0; j < to.cols; ++j) {
                to(i, j) = static_cast<T>(values[static_cast<std::size_t>(i * to.cols + j)]);
            }
        }
    }
    void flatten(const AlignedVector<T>& arena, std::span<double> out) const {
        std::size_t n = 0;
        for (BufferId id = 0; id < count(); ++id) {
            if (info(id).role == Role::kParameter) {
                const ConstView from = view_of(arena, id);
                for (std::int64_t i = 0; i < from.rows; ++i) {
                    for (const T x : from.row(i)) {
                        out[n++] = static_cast<double>(x);
                    }
                }
            }
        }
    }

    // Gradients and moments exist only where something is trained.
    void make_trainable(Replica& r) const {
        if (r.gradient.empty()) {
            for (auto* arena : {&r.gradient, &r.first_moment, &r.second_moment}) {
                arena->resize(r.parameters.size());
            }
            r.tower_gradient.resize(r.towers.size());
        }
    }

    double train_step(std::size_t g, std::span<const Objective> objectives, const Adam& adam, Key key,
                      std::int64_t step) {
        Replica& r = replicas_[g];
        towers_forward(r);
        zero_scattered(r);
        double loss = 0.0;
        for (std::size_t o = 0; o < objectives.size(); ++o) {
            if (objectives[o].weight != 0.0) {
                batch_.draw(objectives[o], g, key.fold(o), step, program_.sort_by_platform);
                loss += learn_from_batch(r, objectives[o].data, objectives[o].weight);
            }
        }
        towers_backward(r);
        ++r.updates;
        K::adam(r.parameters, r.gradient, r.first_moment, r.second_moment, adam, r.updates);
        return loss;
    }

    // Predicts the batch's rows and sends the loss's gradient back into the tower rows. Returns the loss.
    double learn_from_batch(Replica& r, const PairColumns& data, double weight) {
        double loss = 0.0;
        batch_.for_each_part(data, layout_.size(Role::kPair), [&] {
            pair_forward(r, batch_);
            loss += batch_.slope_of_loss(program_.loss, weight);
            pair_backward(r, batch_);
        });
        return loss;
    }

    void towers_forward(Replica& r) const {
        for (const TowerOp& op : program_.tower) {
            if (const auto* concat = std::get_if<Concat>(&op)) {
                const View out = view_of(r.towers, concat->out);
                const ConstView left = value(r, concat->left);
                const ConstView right = value(r, concat->right);
                for (std::int64_t i = 0; i < out.rows; ++i) {
                    const auto row = out.row(i);
                    std::ranges::copy(right.row(i), std::ranges::copy(left.row(i), row.begin()).out);
                }
            } else {
                const auto& dense = std::get<Dense>(op);
                K::dense_forward(value(r, dense.x), value(r, dense.weight), bias_of(r, dense.bias), dense.activation,
                                 view_of(r.towers, dense.out));
            }
        }
    }

    void zero_scattered(Replica& r) const {
        for (const BufferId id : layout_.scattered()) {
            const View view = gradient_of(r, id);
            std::fill_n(view.data, view.rows * view.stride, T{0});
        }
    }

    void towers_backward(Replica& r) {
        for (auto op = program_.tower.rbegin(); op != program_.tower.rend(); ++op) {
            if (const auto* concat = std::get_if<Concat>(&*op)) {
                const View to = gradient_of(r, concat->right);
                const View from = gradient_of(r, concat->out).columns(info(concat->left).cols, to.cols);
                for (std::int64_t i = 0; i < to.rows; ++i) {
                    std::ranges::copy(from.row(i), to.row(i).begin());
                }
            } else {
                const auto& dense = std::get<Dense>(*op);
                const bool constant = info(dense.x).role == Role::kConstant;
                dense_backward(dense, value(r, dense.x), value(r, dense.weight), value(r, dense.out),
                               gradient_of(r, dense.out), false, gradient_of(r, dense.weight),
                               bias_gradient_of(r, dense.bias), constant ? View{} : gradient_of(r, dense.x));
            }
        }
    }

    // `dx` is the gradient of the whole of x; only the columns wanted are written.
    template <typename Op>
    void dense_backward(const Op& op, ConstView x, ConstView weight, ConstView out, View dout, bool accumulate,
                        View dweight, T* dbias, View dx) {
        const std::int64_t wanted = info(op.x).cols - op.x_gradient_from;
        const View part = wanted > 0 ? dx.columns(op.x_gradient_from, wanted) : View{};
        K::dense_backward(x, weight, out, op.activation, dout, accumulate, dweight, dbias, part, transposed_);
    }

    void pair_forward(const Replica& r, Batch<T>& w) const {
        std::ranges::fill(w.prediction, T{0});
        for (const PairOp& op : program_.pair) {
            std::visit([&](const auto& o) { forward(o, r, w); }, op);
        }
    }
    void pair_backward(Replica& r, Batch<T>& w) {
        for (auto op = program_.pair.rbegin(); op != program_.pair.rend(); ++op) {
            std::visit([&](const auto& o) { backward(o, r, w); }, *op);
        }
    }

    void forward(const PairBaseline& op, const Replica& r, Batch<T>& w) const {
        const T* a = value(r, op.platform_term).data;
        const T* b = value(r, op.module_term).data;
        for (std::size_t n = 0; n < w.prediction.size(); ++n) {
            w.prediction[n] += a[w.platform[n]] + b[w.module[n]];
        }
    }
    void backward(const PairBaseline& /*op*/, Replica& /*r*/, Batch<T>& /*w*/) {}

    void forward(const PairDot& op, const Replica& r, Batch<T>& w) const {
        K::pair_dot(w.platform, w.module, value(r, op.left), value(r, op.right), op.width, static_cast<T>(op.scale),
                    w.prediction);
    }
    void backward(const PairDot& op, Replica& r, Batch<T>& w) {
        K::pair_dot_backward(w.platform, w.module, value(r, op.left), value(r, op.right), op.width,
                             static_cast<T>(op.scale), w.slope, gradient_of(r, op.left), gradient_of(r, op.right));
    }

    void forward(const PairInterference& op, const Replica& r, Batch<T>& w) const {
        if (w.width > 0) {
            K::interference(op, w.platform, w.module, w.co_runner, w.width, value(r, op.left), value(r, op.right),
                            w.prediction);
        }
    }
    void backward(const PairInterference& op, Replica& r, Batch<T>& w) {
        if (w.width > 0) {
            K::interference_backward(op, w.platform, w.module, w.co_runner, w.width, value(r, op.left),
                                     value(r, op.right), w.slope, gradient_of(r, op.left), gradient_of(r, op.right));
        }
    }

    void forward(const PairSumTanh& op, const Replica& r, Batch<T>& w) const {
        K::sum_tanh(w.platform, w.module, value(r, op.left), value(r, op.right), value(w, op.out));
    }
    void backward(const PairSumTanh& op, Replica& r, Batch<T>& w) {
        K::sum_tanh_backward(w.platform, w.module, value(w, op.out), gradient_of(w, op.out), gradient_of(r, op.left),
                             gradient_of(r, op.right));
    }

    void forward(const PairGather& op, const Replica& r, Batch<T>& w) const {
        const ConstView from = value(r, op.rows);
        const View to = value(w, op.out);
        for (std::int64_t b = 0; b < w.rows; ++b) {
            std::ranges::copy(from.row(w.module[static_cast<std::size_t>(b)]), to.row(b).begin());
        }
    }
    void backward(const PairGather& /*op*/, Replica& /*r*/, Batch<T>& /*w*/) {}

    void forward(const Dense& op, const Replica& r, Batch<T>& w) const {
        K::dense_forward(value(w, op.x), value(r, op.weight), bias_of(r, op.bias), op.activation, value(w, op.out));
    }
    void backward(const Dense& op, Replica& r, Batch<T>& w) {
        dense_backward(op, value(w, op.x), value(r, op.weight), value(w, op.out), gradient_of(w, op.out), true,
                       gradient_of(r, op.weight), bias_gradient_of(r, op.bias), gradient_of(w, op.x));
    }

    // Calls `visit(platform, first, rows)` for every run of equal platforms in the batch.
    template <typename Visit>
    static void for_each_run(const Batch<T>& w, Visit visit) {
        for (std::size_t first = 0; first < w.platform.size();) {
            std::size_t last = first + 1;
            while (last < w.platform.size() && w.platform[last] == w.platform[first]) {
                ++last;
            }
            visit(static_cast<std::int64_t>(w.platform[first]), static_cast<std::int64_t>(first),
                  static_cast<std::int64_t>(last - first));
            first = last;
        }
    }
    void forward(const PlatformDense& op, const Replica& r, Batch<T>& w) const {
        const std::int64_t k = info(op.x).cols;
        for_each_run(w, [&](std::int64_t platform, std::int64_t first, std::int64_t n) {
            K::dense_forward(value(w, op.x).row_range(first, n), value(r, op.weight).row_range(platform * k, k),
                             value(r, op.bias).row(platform).data(), op.activation,
                             value(w, op.out).row_range(first, n));
        });
    }
    void backward(const PlatformDense& op, Replica& r, Batch<T>& w) {
        const std::int64_t k = info(op.x).cols;
        for_each_run(w, [&](std::int64_t platform, std::int64_t first, std::int64_t n) {
            dense_backward(op, value(w, op.x).row_range(first, n), value(r, op.weight).row_range(platform * k, k),
                           value(w, op.out).row_range(first, n), gradient_of(w, op.out).row_range(first, n), true,
                           gradient_of(r, op.weight).row_range(platform * k, k),
                           gradient_of(r, op.bias).row(platform).data(), gradient_of(w, op.x).row_range(first, n));
        });
    }

    void forward(const PairOutput& op, const Replica& /*r*/, Batch<T>& w) const {
        const View in = value(w, op.in);
        for (std::int64_t b = 0; b < w.rows; ++b) {
            w.prediction[static_cast<std::size_t>(b)] += static_cast<T>(op.scale) * in(b, 0);
        }
    }
    void backward(const PairOutput& op, Replica& /*r*/, Batch<T>& w) {
        const View din = gradient_of(w, op.in);
        for (std::int64_t b = 0; b < w.rows; ++b) {
            din(b, 0) = static_cast<T>(op.scale) * w.slope[static_cast<std::size_t>(b)];
        }
    }

    const Program& program_;
    ProgramLayout layout_;
    AlignedVector<T> shared_constants_;
    std::vector<Replica> replicas_;
    Batch<T> batch_;
    AlignedVector<T> transposed_;  // of a weight matrix
};

}  // namespace pitot
