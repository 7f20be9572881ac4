// Where the buffers of a program lie in memory.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "backend/program.hpp"

namespace pitot {

/// Where a program's buffers lie: one arena a role, rows padded to whole cache lines where they are long.
class ProgramLayout {
public:
    struct Place {
        std::int64_t offset = 0;
        std::int64_t stride = 0;
    };
    explicit ProgramLayout(const Program& program);

    [[nodiscard]] const Place& place(BufferId buffer) const { return places_[static_cast<std::size_t>(buffer)]; }
    /// Scalars an arena needs (kPair: for each row of a batch).
    [[nodiscard]] std::int64_t size(Role role) const { return sizes_[static_cast<std::size_t>(role)]; }
    /// Tower and parameter buffers whose gradients gather contributions of batches, so must start at zero.
    [[nodiscard]] std::span<const BufferId> scattered() const { return scattered_; }
    /// Largest weight matrix, for transposing.
    [[nodiscard]] std::int64_t largest_weight() const { return largest_weight_; }

private:
    std::vector<Place> places_;
    std::vector<std::int64_t> sizes_ = std::vector<std::int64_t>(5, 0);
    std::vector<BufferId> scattered_;
    std::int64_t largest_weight_ = 0;
};

}  // namespace pitot
