#include "backend/host/nonzero_blocks.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <numeric>

namespace pitot::backend {
namespace {

// Of each row, a bit for every column that is not 0.
class Bits {
public:
    Bits(const std::vector<bool>& zero, std::size_t columns) : words_((columns + 63) / 64) {
        bits_.resize(zero.size() / columns * words_);
        for (std::size_t n = 0; n < zero.size(); ++n) {
            if (!zero[n]) {
                bits_[n / columns * words_ + n % columns / 64] |= std::uint64_t{1} << (n % columns % 64);
            }
        }
    }
    [[nodiscard]] std::span<const std::uint64_t> row(std::size_t i) const {
        return std::span(bits_).subspan(i * words_, words_);
    }
    [[nodiscard]] std::size_t words() const { return words_; }

private:
    std::size_t words_;
    std::vector<std::uint64_t> bits_;
};

// How many bits there are in either.
std::int64_t count_union(std::span<const std::uint64_t> a, std::span<const std::uint64_t> b) {
    std::int64_t sum = 0;
    for (std::size_t w = 0; w < a.size(); ++w) {
        sum += std::popcount(a[w] | b[w]);
    }
    return sum;
}

// Blocks begin with the row of fewest columns that is left, and take the rows that add the fewest to it.
std::vector<std::int32_t> order_of(const Bits& bits, std::size_t rows) {
    std::vector<std::int32_t> left(rows);
    std::iota(left.begin(), left.end(), 0);
    std::vector<std::int32_t> order;
    std::vector<std::uint64_t> block(bits.words());
    while (!left.empty()) {
        if (order.size() % NonzeroBlocks::kRows == 0) {
            std::ranges::fill(block, std::uint64_t{0});
        }
        auto best = left.begin();
        auto fewest = std::numeric_limits<std::int64_t>::max();
        for (auto row = left.begin(); row != left.end(); ++row) {
            const auto n = count_union(block, bits.row(static_cast<std::size_t>(*row)));
            if (n < fewest) {
                fewest = n;
                best = row;
            }
        }
        const auto taken = bits.row(static_cast<std::size_t>(*best));
        std::ranges::transform(block, taken, block.begin(), [](std::uint64_t a, std::uint64_t b) { return a | b; });
        order.push_back(*best);
        left.erase(best);
    }
    return order;
}

}  // namespace

NonzeroBlocks::NonzeroBlocks(const std::vector<bool>& zero, std::int64_t columns) {
    if (zero.empty()) {
        return;
    }
    const auto width = static_cast<std::size_t>(columns);
    const Bits bits(zero, width);
    rows_ = order_of(bits, zero.size() / width);
    std::int64_t kept = 0;
    for (std::size_t first = 0; first < rows_.size();) {
        const std::size_t most = std::min(kRows, rows_.size() - first);
        const std::size_t n = most == kRows ? kRows : std::bit_floor(most);
        first_row_.push_back(first);
        first_term_.push_back(terms_.size());
        for (std::size_t c = 0; c < width; ++c) {
            if (std::any_of(rows_.begin() + static_cast<std::ptrdiff_t>(first),
                            rows_.begin() + static_cast<std::ptrdiff_t>(first + n), [&](std::int32_t row) {
                                return (bits.row(static_cast<std::size_t>(row))[c / 64] >> (c % 64) & 1U) != 0;
                            })) {
                terms_.push_back(static_cast<std::int32_t>(c));
            }
        }
        kept += static_cast<std::int64_t>((terms_.size() - first_term_.back()) * n);
        first += n;
    }
    first_row_.push_back(rows_.size());
    first_term_.push_back(terms_.size());
    density_ = static_cast<double>(kept) / static_cast<double>(zero.size());
}

NonzeroBlocks::Block NonzeroBlocks::operator[](std::size_t block) const {
    return {std::span(rows_).subspan(first_row_[block], first_row_[block + 1] - first_row_[block]),
            std::span(terms_).subspan(first_term_[block], first_term_[block + 1] - first_term_[block])};
}

}  // namespace pitot::backend
