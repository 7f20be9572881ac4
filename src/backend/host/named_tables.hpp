// Parameters of named sides (see ProgramLayout): tables of which a step updates only the rows it uses.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <numeric>
#include <optional>
#include <span>
#include <vector>

#include "backend/backend.hpp"
#include "backend/host/layout.hpp"
#include "backend/ops/adam/adam.hpp"
#include "backend/ops/adam/skipped_updates.hpp"
#include "core/team.hpp"
#include "pitot/matrix_view.hpp"

namespace pitot::backend {

/// Copies the listed rows of `from` to rows 0, 1, … of `to`. Rows to come are fetched while one is copied.
template <typename T>
void copy_rows(MatrixView<const T> from, std::span<const std::int32_t> rows, MatrixView<T> to) {
    constexpr std::size_t ahead = 8;
    constexpr std::size_t line = 64 / sizeof(T);
    for (std::size_t c = 0; c < rows.size(); ++c) {
        if (c + ahead < rows.size()) {
            const auto later = from.row(rows[c + ahead]);
            for (std::size_t n = 0; n < std::min(later.size(), 16 * line); n += line) {
                __builtin_prefetch(later.data() + n);
            }
        }
        std::ranges::copy(from.row(rows[c]), to.row(static_cast<std::int64_t>(c)).begin());
    }
}

/// The tables of one replica (Arena::kTables) with their optimiser state. Each row lies beside its two moments, so that
/// one place in memory is fetched for all three.
///
/// Adam moves a row also in steps that do not use it, by the moments it has. Where the optimiser catches up in closed
/// form (Adam::catches_up_in_closed_form), such updates are missed and made up for when the row is used again. Where it
/// does not, every step updates every row that was ever used.
template <typename K>
class NamedTables {
    using T = typename K::Scalar;
    using View = MatrixView<T>;

public:
    NamedTables(const Program& program, const ProgramLayout& layout) : program_(program), layout_(layout) {
        state_.resize(size());
    }

    [[nodiscard]] bool empty() const { return state_.empty(); }
    /// Row i of a parameter, counted as in its buffer. It may have missed updates: see catch_up_all().
    [[nodiscard]] std::span<T> row(BufferId id, std::int64_t i) {
        const std::int64_t each = rows_each(id);
        const std::int64_t stride = layout_.home(id).stride;
        return {lane(kValues, id).data + i / each * lanes_ * each * stride + i % each * stride,
                static_cast<std::size_t>(info(id).cols)};
    }

    /// Forgets the optimiser's state.
    void reset() {
        if (lanes_ == kLanes) {
            for (const RowAxis axis : {RowAxis::kPlatform, RowAxis::kModule}) {
                for_each_table(axis, [&](BufferId id) {
                    for (const Lane moment : {kFirstMoment, kSecondMoment}) {
                        const View all = lane(moment, id);
                        for (std::int64_t i = 0; i < all.rows; ++i) {
                            std::ranges::fill(all.row(i), T{0});
                        }
                    }
                });
            }
        }
        for (std::vector<std::int64_t>& last : last_update_) {
            std::ranges::fill(last, std::int64_t{0});
        }
        skipped_.reset();
        adam_.reset();
    }

    /// Makes room for the optimiser's state, and takes the settings for updates from number `updates` + 1 on.
    void make_trainable(const Adam& adam, std::int64_t updates, core::Team& team) {
        if (empty() || adam_ == adam) {
            return;
        }
        catch_up_all(team);  // as the settings were until now
        make_room_for_moments();
        for (const RowAxis axis : {RowAxis::kPlatform, RowAxis::kModule}) {
            if (layout_.named(axis)) {
                last_update_[at(axis)].resize(static_cast<std::size_t>(program_.rows_of(axis)));
            }
        }
        adam_ = adam;
        skipped_.reset();
        if (adam.catches_up_in_closed_form()) {
            skipped_.emplace(adam, updates);
        }
    }

    /// Copies the listed rows of a side to Arena::kCompact.
    void copy(RowAxis axis, std::span<const std::int32_t> rows, T* compact_arena) const {
        for_each_table(axis, [&](BufferId id) {
            const MatrixView<const T> from = lane(kValues, id);
            const View to = compact(compact_arena, id, static_cast<std::int64_t>(rows.size()));
            copy_rows(from, rows, to);
        });
    }
    /// The same, after making up for the updates that these rows have missed. They are distinct.
    void catch_up_and_copy(RowAxis axis, std::span<const std::int32_t> rows, T* compact_arena, core::Team& team) {
        if (skipped_ && skipped_->updates() > 0) {
            catch_up(axis, rows, compact_arena, team);
        } else {
            copy(axis, rows, compact_arena);
        }
    }
    /// Makes up for the updates that any row has missed.
    void catch_up_all(core::Team& team) {
        if (!skipped_ || skipped_->updates() == 0) {
            return;
        }
        constexpr std::int64_t chunk = 4096;
        std::vector<std::int32_t> rows;
        for (const RowAxis axis : {RowAxis::kPlatform, RowAxis::kModule}) {
            const std::int64_t all = layout_.named(axis) ? program_.rows_of(axis) : 0;
            for (std::int64_t first = 0; first < all; first += chunk) {
                rows.resize(static_cast<std::size_t>(std::min(chunk, all - first)));
                std::iota(rows.begin(), rows.end(), static_cast<std::int32_t>(first));
                catch_up(axis, rows, nullptr, team);
            }
        }
    }

    /// Does update number `update` (from 1) of the rows in use on both sides; `gradients` is laid out as
    /// Arena::kCompact.
    void update(std::int64_t update, std::array<std::span<const std::int32_t>, 2> rows, T* gradients,
                const AdamStep& step, core::Team& team) {
        if (empty()) {
            return;
        }
        if (skipped_) {
            skipped_->advance();
        }
        for (const RowAxis axis : {RowAxis::kPlatform, RowAxis::kModule}) {
            const auto named = rows[at(axis)];
            for (const std::int32_t row : named) {
                last_update_[at(axis)][static_cast<std::size_t>(row)] = update;
            }
            for_each_table(axis, [&](BufferId id) {
                update_rows(id, named, compact(gradients, id, static_cast<std::int64_t>(named.size())), step, team);
            });
            if (!skipped_) {
                update_unnamed(axis, update, step, team);
            }
        }
    }

    /// A buffer of a named side as a matrix with one row for each of the side's, which may be several rows of the
    /// buffer. This one is the whole buffer at its home, given the start of its arena.
    template <typename E>
    [[nodiscard]] MatrixView<E> whole(E* arena, BufferId id) const {
        return by_side_row(arena + layout_.home(id).offset, id, program_.rows_of(info(id).axis), 1);
    }
    /// The same of `rows` compact copies, given the start of Arena::kCompact.
    template <typename E>
    [[nodiscard]] MatrixView<E> compact(E* arena, BufferId id, std::int64_t rows) const {
        return by_side_row(arena + layout_.place(id).offset, id, rows, 1);
    }

private:
    static constexpr std::int64_t kGrain = 64;  // rows worth a thread's while
    enum Lane : std::int64_t { kValues, kFirstMoment, kSecondMoment, kLanes };

    [[nodiscard]] static std::size_t at(RowAxis axis) { return static_cast<std::size_t>(axis); }
    [[nodiscard]] std::size_t size() const { return static_cast<std::size_t>(layout_.size(Arena::kTables)); }
    [[nodiscard]] const BufferInfo& info(BufferId id) const { return program_.buffers[static_cast<std::size_t>(id)]; }
    [[nodiscard]] std::int64_t rows_each(BufferId id) const { return info(id).rows / program_.rows_of(info(id).axis); }

    // A matrix with one row for each of the side's, rows `parts` times their width apart.
    template <typename E>
    [[nodiscard]] MatrixView<E> by_side_row(E* base, BufferId id, std::int64_t rows, std::int64_t parts) const {
        const std::int64_t each = rows_each(id);
        const std::int64_t width = each * layout_.home(id).stride;
        return {base, rows, each == 1 ? info(id).cols : width, parts * width};
    }
    template <typename Self>
    static auto lane_of(Self& self, Lane lane, BufferId id) {
        const auto& home = self.layout_.home(id);
        return self.by_side_row(
            self.state_.data() + self.lanes_ * home.offset + lane * self.rows_each(id) * home.stride, id,
            self.program_.rows_of(self.info(id).axis), self.lanes_);
    }
    [[nodiscard]] View lane(Lane lane, BufferId id) { return lane_of(*this, lane, id); }
    [[nodiscard]] MatrixView<const T> lane(Lane lane, BufferId id) const { return lane_of(*this, lane, id); }

    void make_room_for_moments() {
        if (lanes_ == kLanes) {
            return;
        }
        AlignedVector<T> values(state_.size() * kLanes);
        std::swap(state_, values);
        lanes_ = kLanes;
        for (const RowAxis axis : {RowAxis::kPlatform, RowAxis::kModule}) {
            for_each_table(axis, [&](BufferId id) {
                const View from = whole(values.data(), id);
                const View to = lane(kValues, id);
                for (std::int64_t i = 0; i < to.rows; ++i) {
                    std::ranges::copy(from.row(i), to.row(i).begin());
                }
            });
        }
    }

    void update_rows(BufferId id, std::span<const std::int32_t> rows, MatrixView<const T> gradient,
                     const AdamStep& step, core::Team& team) {
        team.share(gradient.rows, kGrain, [&](std::int64_t first, std::int64_t n) {
            K::adam_rows(rows.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(n)),
                         gradient.row_range(first, n), lane(kValues, id), lane(kFirstMoment, id),
                         lane(kSecondMoment, id), step);
        });
    }
    // Updates the rows that are not in use, whose gradient is 0. Rows never used have no moments to move them.
    void update_unnamed(RowAxis axis, std::int64_t update, const AdamStep& step, core::Team& team) {
        std::vector<std::int64_t>& last = last_update_[at(axis)];
        unnamed_.clear();
        for (std::size_t row = 0; row < last.size(); ++row) {
            if (last[row] != 0 && last[row] != update) {
                unnamed_.push_back(static_cast<std::int32_t>(row));
                last[row] = update;
            }
        }
        for_each_table(axis, [&](BufferId id) {
            const std::int64_t cols = lane(kValues, id).cols;
            no_gradient_.resize(std::max(no_gradient_.size(), static_cast<std::size_t>(cols)));
            const MatrixView<const T> zero{no_gradient_.data(), static_cast<std::int64_t>(unnamed_.size()), cols, 0};
            update_rows(id, unnamed_, zero, step, team);
        });
    }

    // Copies the rows to compact_arena, too, unless that is null. There has to have been an update.
    void catch_up(RowAxis axis, std::span<const std::int32_t> rows, T* compact_arena, core::Team& team) {
        std::vector<std::int64_t>& last = last_update_[at(axis)];
        terms_.resize(rows.size());
        for (std::size_t c = 0; c < rows.size(); ++c) {
            const std::int64_t update = last[static_cast<std::size_t>(rows[c])];
            terms_[c] = update == 0 ? SkippedTerms{} : skipped_->terms(update);
            last[static_cast<std::size_t>(rows[c])] = update == 0 ? 0 : skipped_->updates();
        }
        const auto epsilon = static_cast<T>(skipped_->adam().epsilon);
        const auto end = static_cast<std::int64_t>(rows.size());
        for_each_table(axis, [&](BufferId id) {
            team.share(end, kGrain, [&](std::int64_t first, std::int64_t n) {
                const auto f = static_cast<std::size_t>(first);
                const auto count = static_cast<std::size_t>(n);
                const View to = compact_arena == nullptr ? View{} : compact(compact_arena, id, end).row_range(first, n);
                K::catch_up(rows.subspan(f, count), std::span<const SkippedTerms>(terms_).subspan(f, count), epsilon,
                            lane(kValues, id), lane(kFirstMoment, id), lane(kSecondMoment, id), to);
            });
        });
    }
    template <typename Visit>
    void for_each_table(RowAxis axis, Visit visit) const {
        for (const BufferId id : layout_.copied()) {
            if (info(id).axis == axis && info(id).role == Role::kParameter) {
                visit(id);
            }
        }
    }

    const Program& program_;
    const ProgramLayout& layout_;
    AlignedVector<T> state_;
    std::int64_t lanes_ = 1;  // kLanes where something is trained
    std::array<std::vector<std::int64_t>, 2>
        last_update_;                        // of each side's rows the number of the last update, 0 = none
    std::optional<Adam> adam_;               // settings of the latest updates
    std::optional<SkippedUpdates> skipped_;  // none: no row misses an update
    std::vector<SkippedTerms> terms_;
    std::vector<std::int32_t> unnamed_;
    std::vector<T> no_gradient_;
};

}  // namespace pitot::backend
