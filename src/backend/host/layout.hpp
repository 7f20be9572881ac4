// Where the buffers of a program lie in memory.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "backend/backend.hpp"

namespace pitot {

/// Blocks of memory that hold buffers, one after the other.
enum class Arena : std::uint8_t {
    kConstants,  ///< shared by all replicas
    kReplicaConstants,
    kParameters,  ///< parameters every step updates
    kTables,      ///< parameters of which a step updates the rows it names
    kTowers,
    kCompact,  ///< of a side worked on by named rows: those rows of whatever has a row for each of its rows
    kPairs,    ///< for each row of a part of a batch
};
inline constexpr std::size_t kArenas = 7;

/// Scalars between the rows of a matrix of `cols` columns that products work on: whole cache lines, and never a
/// multiple of four of them. Rows a power of two apart share few sets of the first-level cache and drive each other
/// out.
[[nodiscard]] std::int64_t product_stride(std::int64_t cols);

/// Rows start on a cache line where they are long. A side of which a step names few rows (by the plan) is "named": what
/// has rows of it is kept whole in one place, and the rows at work are copied to another, where operations find them.
class ProgramLayout {
public:
    struct Place {
        Arena arena = Arena::kConstants;
        std::int64_t offset = 0;
        std::int64_t stride = 0;
    };
    ProgramLayout(const Program& program, const ExecutionPlan& plan);

    /// Where operations find a buffer.
    [[nodiscard]] const Place& place(BufferId buffer) const { return places_[static_cast<std::size_t>(buffer)]; }
    /// Where the whole buffer is kept: the same place but for those in Arena::kCompact.
    [[nodiscard]] const Place& home(BufferId buffer) const { return homes_[static_cast<std::size_t>(buffer)]; }
    /// Scalars an arena needs (kPairs: for each row of a part).
    [[nodiscard]] std::int64_t size(Arena arena) const { return sizes_[static_cast<std::size_t>(arena)]; }

    /// Whether a step works on the rows of this side that it names only.
    [[nodiscard]] bool named(RowAxis axis) const { return axis != RowAxis::kNone && most_rows(axis) > 0; }
    /// At most how many different rows of a named side are at work at once; 0 if the side is not named.
    [[nodiscard]] std::int64_t most_rows(RowAxis axis) const { return most_rows_[static_cast<std::size_t>(axis)]; }

    /// Parameter and tower buffers whose gradients gather contributions of pairs, so must start at zero.
    [[nodiscard]] std::span<const BufferId> scattered() const { return scattered_; }
    /// Buffers with a copy of the rows at work: constants and parameters of named sides.
    [[nodiscard]] std::span<const BufferId> copied() const { return copied_; }
    /// Largest weight matrix, for transposing.
    [[nodiscard]] std::int64_t largest_weight() const { return largest_weight_; }

private:
    void put(const BufferInfo& buffer, const Program& program);

    std::vector<Place> places_, homes_;
    std::array<std::int64_t, kArenas> sizes_{};
    std::array<std::int64_t, 2> most_rows_{};
    std::vector<BufferId> scattered_, copied_;
    std::int64_t largest_weight_ = 0;
};

}  // namespace pitot
