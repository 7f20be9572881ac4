#include "core/row_numbers.hpp"

#include <algorithm>
#include <numeric>

#include "core/check.hpp"

namespace pitot::core {

RowNumbers RowNumbers::piece(std::size_t first, std::size_t count) const {
    PITOT_CHECK(first <= size_ && count <= size_ - first);
    RowNumbers part = *this;
    const std::size_t from = first < gap_at_ ? first : first + gap_;
    if (narrow_ != nullptr) {
        part.narrow_ += from;
    } else if (wide_ != nullptr) {
        part.wide_ += from;
    }
    part.size_ = count;
    if (first < gap_at_ && gap_at_ - first < count) {
        part.gap_at_ = gap_at_ - first;
    } else {
        part.gap_at_ = SIZE_MAX;
        part.gap_ = 0;
    }
    return part;
}

RowNumbers RowNumbers::without(std::size_t first, std::size_t count) const {
    PITOT_CHECK(gap_ == 0 && first <= size_ && count <= size_ - first);
    RowNumbers part = *this;
    part.size_ -= count;
    part.gap_at_ = first;
    part.gap_ = count;
    return part;
}

bool operator==(const RowNumbers& a, const RowNumbers& b) { return std::ranges::equal(a, b); }

RowOrder::RowOrder(std::int64_t n, std::int64_t narrow_rows) {
    PITOT_CHECK(n >= 0 && narrow_rows <= kNarrowRows);
    const auto size = static_cast<std::size_t>(n);
    if (n <= narrow_rows) {
        auto& numbers = numbers_.emplace<0>(size);
        std::iota(numbers.begin(), numbers.end(), std::uint32_t{0});
    } else {
        auto& numbers = numbers_.emplace<1>(size);
        std::iota(numbers.begin(), numbers.end(), std::int64_t{0});
    }
}

RowOrder RowOrder::grouped(std::span<const std::int32_t> group, std::span<const std::int64_t> ends) {
    RowOrder order(static_cast<std::int64_t>(group.size()));
    std::vector<std::int64_t> free(ends.begin(), ends.end());  // beyond the last free place of each group
    std::visit(
        [&](auto& numbers) {
            for (std::size_t row = group.size(); row-- > 0;) {
                const auto place = --free[static_cast<std::size_t>(group[row])];
                numbers[static_cast<std::size_t>(place)] = static_cast<std::decay_t<decltype(numbers[0])>>(row);
            }
        },
        order.numbers_);
    return order;
}

void RowOrder::shuffle_from(std::int64_t first, Key key) {
    std::visit([&](auto& numbers) { shuffle(key, std::span(numbers).subspan(static_cast<std::size_t>(first))); },
               numbers_);
}

std::int64_t RowOrder::bring_forward(std::int64_t first, std::int64_t count,
                                     const std::function<bool(std::int64_t)>& may_go) {
    return std::visit(
        [&](auto& numbers) {
            const auto from = numbers.begin() + static_cast<std::ptrdiff_t>(first);
            std::vector<bool> goes(static_cast<std::size_t>(numbers.end() - from));
            for (std::size_t n = goes.size(); n-- > 0;) {
                goes[n] = may_go(static_cast<std::int64_t>(from[static_cast<std::ptrdiff_t>(n)]));
            }
            std::int64_t left = count;
            auto place = from;
            std::decay_t<decltype(numbers)> others;
            for (std::size_t n = 0; n < goes.size(); ++n) {
                const auto number = from[static_cast<std::ptrdiff_t>(n)];
                if (goes[n] && left > 0) {
                    *place++ = number;
                    --left;
                } else {
                    others.push_back(number);
                }
            }
            std::ranges::copy(others, place);
            return count - left;
        },
        numbers_);
}

void RowOrder::set(std::int64_t place, std::int64_t number) {
    std::visit(
        [&](auto& numbers) {
            numbers[static_cast<std::size_t>(place)] = static_cast<std::decay_t<decltype(numbers[0])>>(number);
        },
        numbers_);
}

RowNumbers RowOrder::view() const {
    return std::visit([](const auto& numbers) { return RowNumbers(std::span(numbers)); }, numbers_);
}

}  // namespace pitot::core
