// Parameters with a row for each row of a side of which a step names few: kept whole, updated by the rows named.
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
#include "backend/host/skipped_updates.hpp"
#include "core/team.hpp"
#include "pitot/matrix_view.hpp"

namespace pitot {

/// One replica's Arena::kTables with its optimiser state. A row not named by a step still moves on as Adam moves it
/// when its gradient is 0; that is made up for when it is named again (see SkippedUpdates).
template <typename K>
class NamedTables {
    using T = typename K::Scalar;
    using View = MatrixView<T>;

public:
    NamedTables(const Program& program, const ProgramLayout& layout) : program_(program), layout_(layout) {
        values_.resize(size());
    }

    [[nodiscard]] T* values() { return values_.data(); }
    [[nodiscard]] const T* values() const { return values_.data(); }
    [[nodiscard]] bool empty() const { return values_.empty(); }

    /// Forgets the optimiser's state.
    void reset() {
        std::ranges::fill(first_moment_, T{0});
        std::ranges::fill(second_moment_, T{0});
        for (std::vector<std::int64_t>& last : last_update_) {
            std::ranges::fill(last, std::int64_t{0});
        }
        skipped_.reset();
    }

    /// Makes room for the optimiser's state. Needs SkippedUpdates::possible(adam).
    void make_trainable(const Adam& adam) {
        if (empty() || skipped_) {
            return;
        }
        first_moment_.resize(size());
        second_moment_.resize(size());
        for (const Axis axis : {Axis::kPlatform, Axis::kModule}) {
            if (layout_.named(axis)) {
                last_update_[at(axis)].resize(static_cast<std::size_t>(program_.rows_of(axis)));
            }
        }
        skipped_.emplace(adam);
    }

    /// Makes up for the updates that distinct rows of a side have missed.
    void catch_up(Axis axis, std::span<const std::int32_t> rows, Team& team) {
        if (!skipped_ || skipped_->updates() == 0) {
            return;
        }
        std::vector<std::int64_t>& last = last_update_[at(axis)];
        terms_.resize(rows.size());
        for (std::size_t c = 0; c < rows.size(); ++c) {
            const std::int64_t update = last[static_cast<std::size_t>(rows[c])];
            terms_[c] = update == 0 ? SkippedTerms{} : skipped_->terms(update);
            last[static_cast<std::size_t>(rows[c])] = update == 0 ? 0 : skipped_->updates();
        }
        const auto epsilon = static_cast<T>(skipped_->epsilon());
        for_each_table(axis, [&](BufferId id) {
            team.share(static_cast<std::int64_t>(rows.size()), kGrain, [&](std::int64_t first, std::int64_t n) {
                const auto f = static_cast<std::size_t>(first);
                const auto count = static_cast<std::size_t>(n);
                K::catch_up(rows.subspan(f, count), std::span<const SkippedTerms>(terms_).subspan(f, count), epsilon,
                            table(values_, id), table(first_moment_, id), table(second_moment_, id));
            });
        });
    }
    void catch_up_all(Team& team) {
        constexpr std::int64_t chunk = 4096;
        std::vector<std::int32_t> rows;
        for (const Axis axis : {Axis::kPlatform, Axis::kModule}) {
            const std::int64_t all = layout_.named(axis) ? program_.rows_of(axis) : 0;
            for (std::int64_t first = 0; first < all; first += chunk) {
                rows.resize(static_cast<std::size_t>(std::min(chunk, all - first)));
                std::iota(rows.begin(), rows.end(), static_cast<std::int32_t>(first));
                catch_up(axis, rows, team);
            }
        }
    }

    /// The optimiser's step for the rows at work, `gradients` being Arena::kCompact's. Once for both sides.
    void update(std::array<std::span<const std::int32_t>, 2> rows, T* gradients, const AdamStep& step, Team& team) {
        if (empty()) {
            return;
        }
        skipped_->advance();
        for (const Axis axis : {Axis::kPlatform, Axis::kModule}) {
            const auto named = rows[at(axis)];
            for (const std::int32_t row : named) {
                last_update_[at(axis)][static_cast<std::size_t>(row)] = skipped_->updates();
            }
            for_each_table(axis, [&](BufferId id) {
                const MatrixView<const T> gradient = compact(gradients, id, static_cast<std::int64_t>(named.size()));
                team.share(gradient.rows, kGrain, [&](std::int64_t first, std::int64_t n) {
                    K::adam_rows(named.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(n)),
                                 gradient.row_range(first, n), table(values_, id), table(first_moment_, id),
                                 table(second_moment_, id), step);
                });
            });
        }
    }

    /// A buffer of a named side seen with one row for each of the side's, however many of its own that is: at home …
    template <typename E>
    [[nodiscard]] MatrixView<E> whole(E* arena, BufferId id) const {
        return by_side_row(arena + layout_.home(id).offset, id, program_.rows_of(info(id).axis));
    }
    /// … and where the rows at work are.
    template <typename E>
    [[nodiscard]] MatrixView<E> compact(E* arena, BufferId id, std::int64_t rows) const {
        return by_side_row(arena + layout_.place(id).offset, id, rows);
    }

private:
    static constexpr std::int64_t kGrain = 64;  // rows worth a thread's while

    [[nodiscard]] static std::size_t at(Axis axis) { return static_cast<std::size_t>(axis); }
    [[nodiscard]] std::size_t size() const { return static_cast<std::size_t>(layout_.size(Arena::kTables)); }
    [[nodiscard]] const BufferInfo& info(BufferId id) const { return program_.buffers[static_cast<std::size_t>(id)]; }
    [[nodiscard]] View table(AlignedVector<T>& arena, BufferId id) const { return whole(arena.data(), id); }

    template <typename E>
    [[nodiscard]] MatrixView<E> by_side_row(E* base, BufferId id, std::int64_t rows) const {
        const std::int64_t each = info(id).rows / program_.rows_of(info(id).axis);
        const std::int64_t stride = layout_.home(id).stride;
        return {base, rows, each == 1 ? info(id).cols : each * stride, each * stride};
    }
    template <typename Visit>
    void for_each_table(Axis axis, Visit visit) const {
        for (const BufferId id : layout_.copied()) {
            if (info(id).axis == axis && info(id).role == Role::kParameter) {
                visit(id);
            }
        }
    }

    const Program& program_;
    const ProgramLayout& layout_;
    AlignedVector<T> values_, first_moment_, second_moment_;
    std::array<std::vector<std::int64_t>, 2> last_update_;  // of each row: number of its last update, 0 = never
    std::optional<SkippedUpdates> skipped_;
    std::vector<SkippedTerms> terms_;
};

}  // namespace pitot
