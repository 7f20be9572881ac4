// Runs a program on the host, one replica after another, with the kernels of `K`. Shared by the reference and the cpu
// backend, which differ in their kernels and their scalar type alone.
//
// A step draws a batch for every objective, or takes all its rows; brings the rows that these use of named sides up to
// date and copies them; computes the towers; predicts the pairs of each batch and differentiates back to the towers;
// differentiates the towers; and updates the parameters. Nothing is allocated in a step once the memory has grown to
// its batches.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "backend/backend.hpp"
#include "backend/host/batch.hpp"
#include "backend/host/batch_rows.hpp"
#include "backend/host/layout.hpp"
#include "backend/host/objectives.hpp"
#include "backend/host/operations.hpp"
#include "backend/host/replica.hpp"
#include "backend/ops/adam/adam.hpp"
#include "core/check.hpp"
#include "core/team.hpp"

namespace pitot::backend {

template <typename K>
class HostExecutor final : public Executor {
    using T = typename K::Scalar;
    using View = MatrixView<T>;
    using ConstView = MatrixView<const T>;

    using Replica = HostReplica<K>;
    using Work = HostWork<T>;
    using Memory = HostScratch<T>;

public:
    HostExecutor(const Program& program, std::int64_t group, const ExecutionPlan& plan)
        : program_(program),
          layout_(program, plan),
          operations_(program_, layout_, K::kSparseColumns),
          batch_rows_(program_, layout_),
          data_(plan.data),
          team_(plan.threads) {
        grow(shared_constants_, Arena::kConstants);
        for (BufferId id = 0; id < count(); ++id) {
            if (info(id).role == Role::kConstant) {
                write(home(shared_constants_.data(), id), std::span<const float>(info(id).values));
            }
        }
        for (std::int64_t g = 0; g < group; ++g) {
            Replica& r = replicas_.emplace_back(program_, layout_);
            grow(r.constants, Arena::kReplicaConstants);
            grow(r.parameters, Arena::kParameters);
            grow(r.towers, Arena::kTowers);
        }
        prepare(work_, 1);
    }

    void set_parameters(std::int64_t replica, std::span<const double> values) override {
        PITOT_CHECK(static_cast<std::int64_t>(values.size()) == program_.parameter_count());
        Replica& r = at(replica);
        for_each_parameter_row(r, [&](std::span<T> row) {
            std::ranges::transform(values.first(row.size()), row.begin(), [](double x) { return static_cast<T>(x); });
            values = values.subspan(row.size());
        });
        std::ranges::fill(r.first_moment, T{0});
        std::ranges::fill(r.second_moment, T{0});
        r.tables.reset();
        r.updates = 0;
    }

    [[nodiscard]] std::vector<double> parameters(std::int64_t replica) override {
        Replica& r = at(replica);
        r.tables.catch_up_all(team_);
        std::vector<double> out;
        out.reserve(static_cast<std::size_t>(program_.parameter_count()));
        for_each_parameter_row(r, [&](std::span<const T> row) { std::ranges::copy(row, std::back_inserter(out)); });
        return out;
    }

    void set_constant(std::int64_t replica, BufferId buffer, std::span<const double> values) override {
        PITOT_CHECK(info(buffer).role == Role::kReplicaConstant);
        write(home(at(replica).constants.data(), buffer), values);
    }

    void set_objectives(std::vector<Objective> objectives) override {
        objectives_ = HostObjectives(objectives, data_, replicas_.size());
        batch_rows_.check(objectives_);
        work_.batches.clear();  // some may hold rows of objectives that are no more
        prepare(work_, objectives_.most());
    }

    void train(const Adam& adam, std::span<const core::Key> keys, std::int64_t first_step, std::int64_t steps,
               std::span<double> mean_loss) override {
        for (std::size_t g = 0; g < replicas_.size(); ++g) {
            make_trainable(replicas_[g]);
            replicas_[g].tables.make_trainable(adam, replicas_[g].updates, team_);
            double total = 0.0;
            for (std::int64_t step = first_step; step < first_step + steps; ++step) {
                total += train_step(g, adam, keys[g], step);
            }
            mean_loss[g] = total / static_cast<double>(steps);
        }
    }

    void validation_losses(std::span<double> losses) override {
        forward_towers();
        std::unique_ptr<Scratch> scratch;
        for (std::size_t g = 0; g < replicas_.size(); ++g) {
            losses[g] = objectives_.validation_loss(g, program_, [&](const PairColumns& rows, std::span<double> out) {
                predict(static_cast<std::int64_t>(g), rows, out, scratch);
            });
        }
    }

    double gradient(std::int64_t replica, const PairColumns& rows, double weight, std::span<double> out) override {
        Replica& r = at(replica);
        make_trainable(r);
        r.tables.catch_up_all(team_);
        Batch<T>& batch = work_.batches.front();
        batch.load(rows, 0, rows.size());
        batch_rows_.name(work_.named, std::span(&batch, 1));
        batch_rows_.order_modules(work_.named, batch);
        copy_named_rows(r, work_);
        const Workplace<T> place = training_place(r);
        operations_.towers_forward(place);
        zero_scattered(place);
        const double loss = learn_from(batch, place, weight);
        operations_.towers_backward(place);
        copy_gradient(place, out);
        return loss;
    }

    void forward_towers() override {
        for (Replica& r : replicas_) {
            r.tables.catch_up_all(team_);
            if (!names_rows()) {  // predict() computes the towers of named rows
                Workplace<T> place = predicting_place(r, work_, team_);
                place.writable[index(Arena::kTowers)] = r.towers.data();
                operations_.towers_forward(place);
            }
        }
    }

    void predict(std::int64_t replica, const PairColumns& rows, std::span<double> out) const override {
        std::unique_ptr<Scratch> scratch;
        predict(replica, rows, out, scratch);
    }

    void predict(std::int64_t replica, const PairColumns& rows, std::span<double> out,
                 std::unique_ptr<Scratch>& scratch) const override {
        if (dynamic_cast<Memory*>(scratch.get()) == nullptr) {
            scratch = std::make_unique<Memory>();
        }
        const Replica& r = at(replica);
        Work& work = static_cast<Memory&>(*scratch).work;
        AlignedVector<T>& towers = static_cast<Memory&>(*scratch).towers;
        prepare(work, 1);
        core::Team alone(1);
        if (names_rows()) {
            grow(towers, Arena::kTowers);
        }
        Batch<T>& batch = work.batches.front();
        auto to = out.begin();
        const std::int64_t most = batch_rows_.that_fit(rows);
        for (std::int64_t first = 0; first < rows.size(); first += most) {
            batch.load(rows, first, std::min(most, rows.size() - first));
            batch_rows_.name(work.named, std::span(work.batches));
            copy_named_rows(r, work);
            Workplace<T> place = predicting_place(r, work, alone);
            if (names_rows()) {
                place.values[index(Arena::kTowers)] = place.writable[index(Arena::kTowers)] = towers.data();
                operations_.towers_forward(place);
            }
            batch.for_each_part(kPartRows, [&](const Part<T>& part) {
                place.part_rows = part.size();
                operations_.pairs_forward(place, part);
            });
            to = std::ranges::copy(batch.prediction(), to).out;
        }
    }

    [[nodiscard]] Matrix<float> values(std::int64_t replica, BufferId buffer) const override {
        PITOT_CHECK(!names_rows());
        Work none;
        core::Team alone(1);
        const Workplace<T> place = predicting_place(at(replica), none, alone);
        const ConstView from = operations_.value(place, buffer);
        Matrix<float> out(from.rows, from.cols);
        for (std::int64_t i = 0; i < from.rows; ++i) {
            std::ranges::transform(from.row(i), out.view().row(i).begin(), [](T x) { return static_cast<float>(x); });
        }
        return out;
    }

private:
    // Rows of a part, so that what is computed for them stays in the second-level cache.
    static constexpr std::int64_t kPartRows = 256;

    [[nodiscard]] static std::size_t index(Arena arena) { return static_cast<std::size_t>(arena); }

    [[nodiscard]] BufferId count() const { return static_cast<BufferId>(program_.buffers.size()); }
    [[nodiscard]] const BufferInfo& info(BufferId id) const { return program_.buffers[static_cast<std::size_t>(id)]; }
    [[nodiscard]] Replica& at(std::int64_t replica) { return replicas_[static_cast<std::size_t>(replica)]; }
    [[nodiscard]] const Replica& at(std::int64_t replica) const { return replicas_[static_cast<std::size_t>(replica)]; }
    [[nodiscard]] bool names_rows() const {
        return layout_.named(RowAxis::kPlatform) || layout_.named(RowAxis::kModule);
    }

    void grow(AlignedVector<T>& vector, Arena arena) const {
        vector.resize(static_cast<std::size_t>(layout_.size(arena) * (arena == Arena::kPairs ? kPartRows : 1)));
    }
    void prepare(Work& work, std::size_t batches) const {
        work.batches.resize(std::max(work.batches.size(), batches));
        grow(work.compact, Arena::kCompact);
        grow(work.pairs, Arena::kPairs);
        for (const RowAxis axis : {RowAxis::kPlatform, RowAxis::kModule}) {
            if (layout_.named(axis)) {
                work.named[static_cast<std::size_t>(axis)].resize(program_.rows_of(axis));
            }
        }
    }
    void make_trainable(Replica& r) {
        grow(work_.compact_gradient, Arena::kCompact);
        grow(work_.pair_gradient, Arena::kPairs);
        grow(r.tower_gradient, Arena::kTowers);
        for (auto* arena : {&r.gradient, &r.first_moment, &r.second_moment}) {
            grow(*arena, Arena::kParameters);
        }
    }

    // A buffer at its home, given the start of its arena.
    template <typename E>
    [[nodiscard]] MatrixView<E> home(E* arena, BufferId id) const {
        const auto& place = layout_.home(id);
        return {arena + place.offset, info(id).rows, info(id).cols, place.stride};
    }
    template <typename Visit>
    void for_each_parameter_row(Replica& r, Visit visit) const {
        for (BufferId id = 0; id < count(); ++id) {
            if (info(id).role != Role::kParameter) {
                continue;
            }
            const bool table = layout_.home(id).arena == Arena::kTables;
            for (std::int64_t i = 0; i < info(id).rows; ++i) {
                visit(table ? r.tables.row(id, i) : home(r.parameters.data(), id).row(i));
            }
        }
    }
    template <typename V>
    static void write(View to, std::span<const V> values) {
        auto from = values.begin();
        for (std::int64_t i = 0; i < to.rows; ++i) {
            for (T& x : to.row(i)) {
                x = static_cast<T>(*from++);
            }
        }
    }

    [[nodiscard]] Workplace<T> predicting_place(const Replica& r, Work& work, core::Team& team) const {
        Workplace<T> place;
        place.values = {shared_constants_.data(), r.constants.data(),  r.parameters.data(), nullptr,
                        r.towers.data(),          work.compact.data(), work.pairs.data()};
        place.writable[index(Arena::kCompact)] = work.compact.data();
        place.writable[index(Arena::kPairs)] = work.pairs.data();
        for (std::size_t axis = 0; axis < 2; ++axis) {
            place.rows[axis] = static_cast<std::int64_t>(work.named[axis].rows().size());
        }
        place.team = &team;
        return place;
    }
    [[nodiscard]] Workplace<T> training_place(Replica& r) {
        Workplace<T> place = predicting_place(r, work_, team_);
        place.writable[index(Arena::kTowers)] = r.towers.data();
        place.gradients[index(Arena::kParameters)] = r.gradient.data();
        place.gradients[index(Arena::kTowers)] = r.tower_gradient.data();
        place.gradients[index(Arena::kCompact)] = work_.compact_gradient.data();
        place.gradients[index(Arena::kPairs)] = work_.pair_gradient.data();
        place.primed = std::exchange(r.primed, true);
        return place;
    }

    // Copies the rows in use of every constant and parameter of named sides.
    void copy_named_rows(const Replica& r, Work& work) const {
        for (const RowAxis axis : {RowAxis::kPlatform, RowAxis::kModule}) {
            r.tables.copy(axis, work.named[static_cast<std::size_t>(axis)].rows(), work.compact.data());
        }
        copy_named_constants(r, work);
    }
    void copy_named_constants(const Replica& r, Work& work) const {
        for (const BufferId id : layout_.copied()) {
            if (info(id).role == Role::kParameter) {
                continue;
            }
            const auto rows = work.named[static_cast<std::size_t>(info(id).axis)].rows();
            const T* arena = info(id).role == Role::kConstant ? shared_constants_.data() : r.constants.data();
            const ConstView from = r.tables.whole(arena, id);
            const View to = r.tables.compact(work.compact.data(), id, static_cast<std::int64_t>(rows.size()));
            copy_rows(from, rows, to);
        }
    }

    void zero_scattered(const Workplace<T>& place) const {
        for (const BufferId id : layout_.scattered()) {
            const View view = operations_.gradient(place, id);
            std::fill_n(view.data, view.rows * view.stride, T{0});
        }
    }

    double train_step(std::size_t g, const Adam& adam, core::Key key, std::int64_t step) {
        Replica& r = replicas_[g];
        const auto objectives = objectives_.training(g);
        const auto batches = std::span(work_.batches).first(objectives.size());
        for (std::size_t n = 0; n < objectives.size(); ++n) {
            if (objectives[n].all) {
                batches[n].take_all(objectives[n], !names_rows());
            } else {
                batches[n].template draw<K>(objectives[n], key.fold(objectives[n].number), step);
            }
        }
        batch_rows_.name_and_sort(work_.named, batches);
        for (const RowAxis axis : {RowAxis::kPlatform, RowAxis::kModule}) {
            r.tables.catch_up_and_copy(axis, work_.named[static_cast<std::size_t>(axis)].rows(), work_.compact.data(),
                                       team_);
        }
        copy_named_constants(r, work_);
        const Workplace<T> place = training_place(r);
        operations_.towers_forward(place);
        zero_scattered(place);
        double loss = 0.0;
        for (std::size_t n = 0; n < objectives.size(); ++n) {
            loss += learn_from(batches[n], place, objectives[n].weight);
        }
        operations_.towers_backward(place);
        ++r.updates;
        update(r, adam_step(adam, r.updates, step));
        return loss;
    }

    void update(Replica& r, const AdamStep& step) {
        constexpr std::int64_t grain = 1024;
        team_.share(layout_.size(Arena::kParameters), grain, [&](std::int64_t first, std::int64_t n) {
            const auto piece = [&](AlignedVector<T>& arena) {
                return std::span(arena).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(n));
            };
            K::adam(piece(r.parameters), piece(r.gradient), piece(r.first_moment), piece(r.second_moment), step);
        });
        r.tables.update(r.updates, {work_.named[0].rows(), work_.named[1].rows()}, work_.compact_gradient.data(), step,
                        team_);
    }

    // Predicts the batch's pairs and differentiates back to the towers. Returns the loss.
    double learn_from(Batch<T>& batch, Workplace<T> place, double weight) {
        double loss = 0.0;
        batch.for_each_part(layout_.size(Arena::kPairs) == 0 ? batch.size() : kPartRows, [&](const Part<T>& part) {
            place.part_rows = part.size();
            operations_.pairs_forward(place, part);
            loss += batch.slope_of_loss(part, program_, weight);
            operations_.pairs_backward(place, part);
        });
        return loss;
    }

    // Copies the gradient to the flat array, where rows that are not in use have 0.
    void copy_gradient(const Workplace<T>& place, std::span<double> out) const {
        std::ranges::fill(out, 0.0);
        for (BufferId id = 0; id < count(); ++id) {
            if (info(id).role != Role::kParameter) {
                continue;
            }
            const auto cols = static_cast<std::size_t>(info(id).cols);
            const bool table = layout_.home(id).arena == Arena::kTables;
            const View from = operations_.gradient(place, id);
            const std::int64_t each = table ? info(id).rows / program_.rows_of(info(id).axis) : 1;
            for (std::int64_t i = 0; i < from.rows; ++i) {
                const auto rows = work_.named[table ? static_cast<std::size_t>(info(id).axis) : 0].rows();
                const std::int64_t row = table ? rows[static_cast<std::size_t>(i / each)] * each + i % each : i;
                std::ranges::copy(from.row(i), out.begin() + row * info(id).cols);
            }
            out = out.subspan(static_cast<std::size_t>(info(id).rows) * cols);
        }
    }

    const Program& program_;
    ProgramLayout layout_;
    HostOperations<T> operations_;
    BatchRows<T> batch_rows_;
    std::shared_ptr<const ResidentTables> data_;
    HostObjectives objectives_;
    core::Team team_;
    AlignedVector<T> shared_constants_;
    std::vector<Replica> replicas_;
    Work work_;
};

}  // namespace pitot::backend
