// Where the buffers of a program lie in memory.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "backend/backend.hpp"

namespace pitot::backend {

/// Blocks of memory that hold buffers, one after the other.
enum class Arena : std::uint8_t {
    kConstants,         ///< constants that all replicas share
    kReplicaConstants,  ///< constants of one replica
    kParameters,        ///< parameters that every step updates as a whole
    kTables,            ///< parameters of which a step updates only the rows its batches use
    kTowers,            ///< towers, a row for each of their side's
    kCompact,           ///< compact copies of the rows that the batches of a step use, of named sides
    kPairs,             ///< pair buffers, for the rows of one part of a batch
};
inline constexpr std::size_t kArenas = 7;

/// Scalars between the rows of a matrix of `cols` columns that products work on: whole cache lines, and never a
/// multiple of four of them. Rows a power of two apart share few sets of the first-level cache and drive each other
/// out.
[[nodiscard]] std::int64_t product_stride(std::int64_t cols);

/// The place of each buffer in an arena. Long rows start on a cache line.
///
/// A side is "named" when, by the plan, the batches of a step use few of its rows. Buffers with rows of a named side
/// are kept whole at their home; before each step the rows in use are copied to Arena::kCompact, and operations work on
/// those copies. Towers of a named side exist as copies alone. All other buffers have one place for both.
class ProgramLayout {
public:
    struct Place {
        Arena arena = Arena::kConstants;
        std::int64_t offset = 0;  ///< scalars from the start of the arena; of a pair buffer, for each row of the part
        std::int64_t stride = 0;  ///< scalars between its rows
    };
    ProgramLayout(const Program& program, const ExecutionPlan& plan);

    /// The place at which operations work on a buffer.
    [[nodiscard]] const Place& place(BufferId buffer) const { return places_[static_cast<std::size_t>(buffer)]; }
    /// The place at which the whole buffer is kept.
    [[nodiscard]] const Place& home(BufferId buffer) const { return homes_[static_cast<std::size_t>(buffer)]; }
    /// The size of an arena in scalars; of kPairs, for each row of a part.
    [[nodiscard]] std::int64_t size(Arena arena) const { return sizes_[static_cast<std::size_t>(arena)]; }

    [[nodiscard]] bool named(RowAxis axis) const { return axis != RowAxis::kNone && most_rows(axis) > 0; }
    /// The most rows of a named side that may be in use at once; 0 for a side that is not named.
    [[nodiscard]] std::int64_t most_rows(RowAxis axis) const { return most_rows_[static_cast<std::size_t>(axis)]; }

    /// Parameters and towers to whose gradients operations on pairs add, so that they have to start at zero.
    [[nodiscard]] std::span<const BufferId> scattered() const { return scattered_; }
    /// Constants and parameters of named sides: buffers of which rows are copied to Arena::kCompact.
    [[nodiscard]] std::span<const BufferId> copied() const { return copied_; }

private:
    void put(const BufferInfo& buffer, const Program& program);

    std::vector<Place> places_, homes_;
    std::array<std::int64_t, kArenas> sizes_{};
    std::array<std::int64_t, 2> most_rows_{};
    std::vector<BufferId> scattered_, copied_;
};

}  // namespace pitot::backend
