// Which terms of a sum count where a matrix never changes and many of its elements are 0.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "pitot/matrix_view.hpp"

namespace pitot {

/// The rows of a matrix in blocks of at most six, each with the columns in which one of its rows is not 0. Sums over
/// columns, block by block, may leave out the others: their terms are 0, so the rest add up to the same bits. Rows are
/// put in the order in which blocks have the fewest columns.
class NonzeroBlocks {
public:
    static constexpr std::size_t kRows = 6;

    struct Block {
        std::span<const std::int32_t> rows;   ///< 6, or at the end 4, 2 or 1 of them
        std::span<const std::int32_t> terms;  ///< columns, rising
    };

    /// Of a matrix whose elements are 0 where `zero` says so. `zero`: rows × columns, row-major.
    NonzeroBlocks(const std::vector<bool>& zero, std::int64_t columns);
    NonzeroBlocks() = default;

    [[nodiscard]] std::size_t size() const { return first_row_.empty() ? 0 : first_row_.size() - 1; }
    [[nodiscard]] Block operator[](std::size_t block) const;
    /// Share of all elements that blocks keep.
    [[nodiscard]] double density() const { return density_; }

private:
    std::vector<std::int32_t> rows_, terms_;
    std::vector<std::size_t> first_row_, first_term_;  // of each block and, one more, the end
    double density_ = 1.0;
};

}  // namespace pitot
