// The elements that are not 0 of a matrix that never changes.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "pitot/matrix_view.hpp"

namespace pitot::backend {

/// The rows of a matrix in blocks of at most six. Each block lists the columns in which at least one of its rows is not
/// 0; a sum over columns may leave out the others, whose terms are 0, and has the same bits. Similar rows are put into
/// one block, so that the lists are short.
class NonzeroBlocks {
public:
    static constexpr std::size_t kRows = 6;

    struct Block {
        std::span<const std::int32_t> rows;   ///< 6, or at the end 4, 2 or 1 of them
        std::span<const std::int32_t> terms;  ///< columns, rising
    };

    /// `zero`: rows × columns, row-major; true for an element that is 0.
    NonzeroBlocks(const std::vector<bool>& zero, std::int64_t columns);
    NonzeroBlocks() = default;

    [[nodiscard]] std::size_t size() const { return first_row_.empty() ? 0 : first_row_.size() - 1; }
    [[nodiscard]] Block operator[](std::size_t block) const;
    /// The share of all elements that are in a listed column of their block.
    [[nodiscard]] double density() const { return density_; }

private:
    std::vector<std::int32_t> rows_, terms_;
    std::vector<std::size_t> first_row_, first_term_;  // of each block and, one more, the end
    double density_ = 1.0;
};

}  // namespace pitot::backend
