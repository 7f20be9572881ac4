// The rows of named sides (see ProgramLayout) that batches use, and the order of the pairs in a batch.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <utility>

#include "backend/backend.hpp"
#include "backend/host/batch.hpp"
#include "backend/host/layout.hpp"
#include "core/check.hpp"

namespace pitot::backend {

/// The rows in use of platforms and of modules; empty for a side that is not named.
using NamedSides = std::array<NamedRows, 2>;

/// Lists the rows of named sides that batches use, and turns row numbers in the batches into places in that list.
template <typename T>
class BatchRows {
public:
    BatchRows(const Program& program, const ProgramLayout& layout) : program_(program), layout_(layout) {}

    /// Checks that no step of these objectives uses more rows of a named side than there is room for.
    void check(const HostObjectives& objectives) const {
        for (std::size_t g = 0; g < objectives.replicas(); ++g) {
            std::array<std::int64_t, 2> names{};
            for (const ReplicaObjective& objective : objectives.training(g)) {
                names[0] += objective.batch;
                names[1] += objective.batch * (1 + objective.data.width);
            }
            for (const RowAxis axis : {RowAxis::kPlatform, RowAxis::kModule}) {
                PITOT_CHECK(!layout_.named(axis) || std::min(names[static_cast<std::size_t>(axis)],
                                                             program_.rows_of(axis)) <= layout_.most_rows(axis));
            }
        }
    }
    /// Replaces row numbers of named sides in the batches by places in `named`, which it fills.
    void name(NamedSides& named, std::span<Batch<T>> batches) const {
        name_platforms(named, batches);
        name_modules(named, batches);
    }
    /// The same for batches that have just been drawn, which it completes and sorts by platform.
    void name_and_sort(NamedSides& named, std::span<Batch<T>> batches) const {
        name_platforms(named, batches);
        for (Batch<T>& batch : batches) {
            batch.sort(end_of(named, RowAxis::kPlatform));
        }
        name_modules(named, batches);
        for (Batch<T>& batch : batches) {
            order_modules(named, batch);
        }
    }
    /// Lets the gradients of module rows be added up row by row.
    void order_modules(const NamedSides& named, Batch<T>& batch) const {
        batch.order_modules(end_of(named, RowAxis::kModule));
    }
    /// The number of pairs at a time whose rows surely have room among the rows in use.
    [[nodiscard]] std::int64_t that_fit(const PairColumns& data) const {
        std::int64_t most = std::max<std::int64_t>(data.size(), 1);
        for (const auto& [axis, rows_a_pair] : {std::pair(RowAxis::kPlatform, 1), {RowAxis::kModule, 1 + data.width}}) {
            const std::int64_t room = layout_.most_rows(axis);
            if (layout_.named(axis) && room < program_.rows_of(axis)) {
                most = std::min(most, room / rows_a_pair);
            }
        }
        PITOT_CHECK(most > 0);
        return most;
    }

private:
    void name_platforms(NamedSides& named, std::span<Batch<T>> batches) const {
        named[0].clear();
        for (Batch<T>& batch : batches) {
            if (layout_.named(RowAxis::kPlatform)) {
                batch.name_platforms(named[0]);
            }
        }
    }
    void name_modules(NamedSides& named, std::span<Batch<T>> batches) const {
        named[1].clear();
        for (Batch<T>& batch : batches) {
            if (layout_.named(RowAxis::kModule)) {
                batch.name_modules(named[1]);
            }
        }
    }
    /// One more than the largest row number that the batches may have on this side.
    [[nodiscard]] std::int64_t end_of(const NamedSides& named, RowAxis axis) const {
        return layout_.named(axis) ? static_cast<std::int64_t>(named[static_cast<std::size_t>(axis)].rows().size())
                                   : program_.rows_of(axis);
    }

    const Program& program_;
    const ProgramLayout& layout_;
};

}  // namespace pitot::backend
