// The pairs of rows that operations work on at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "pitot/matrix_view.hpp"

namespace pitot::backend {

/// Memory for products of all rows of one side with all of the other.
template <typename T>
struct PairGrid {
    AlignedVector<T> pairs, transposed;
};

/// Some rows of a batch, one after the other.
template <typename T>
struct Part {
    std::span<const std::int32_t> platform, module, co_runner;
    std::int32_t width = 0;
    std::span<T> prediction;
    std::span<const T> slope;                 ///< d loss / d prediction
    std::int64_t first = 0;                   ///< where its first row lies in pair buffers
    std::span<const std::int32_t> by_module;  ///< numbers of all its rows, those of one module together if known
    PairGrid<T>* grid = nullptr;  ///< of a batch with so many of all pairs that their grid is cheaper; or null

    [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(platform.size()); }
    [[nodiscard]] Part rows(std::int64_t from, std::int64_t count) const {
        const auto f = static_cast<std::size_t>(from);
        const auto n = static_cast<std::size_t>(count);
        const auto w = static_cast<std::size_t>(width);
        return {platform.subspan(f, n),
                module.subspan(f, n),
                co_runner.subspan(f * w, n * w),
                width,
                prediction.subspan(f, n),
                slope.subspan(f, n),
                first + from,
                {},
                nullptr};
    }
};

}  // namespace pitot::backend
