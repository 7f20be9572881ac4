// Numbers of rows: a view of them that costs nothing to cut, and an order of all of them in as few bytes as they need.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <span>
#include <variant>
#include <vector>

#include "core/key.hpp"
#include "pitot/matrix_view.hpp"

namespace pitot {

/// Borrowed row numbers, stored in 32 or 64 bits, perhaps with a piece left out. Passed by value.
class RowNumbers {
public:
    RowNumbers() = default;
    // NOLINTBEGIN(google-explicit-constructor): views of what they are made of
    RowNumbers(std::span<const std::uint32_t> numbers) : narrow_(numbers.data()), size_(numbers.size()) {}
    RowNumbers(std::span<const std::int64_t> numbers) : wide_(numbers.data()), size_(numbers.size()) {}
    RowNumbers(const std::vector<std::int64_t>& numbers) : RowNumbers(std::span(numbers)) {}
    // NOLINTEND(google-explicit-constructor)

    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] bool empty() const { return size_ == 0; }
    [[nodiscard]] std::int64_t operator[](std::size_t d) const {
        const std::size_t at = d < gap_at_ ? d : d + gap_;
        return narrow_ != nullptr ? static_cast<std::int64_t>(narrow_[at]) : wide_[at];
    }

    /// Numbers first … first + count of these.
    [[nodiscard]] RowNumbers piece(std::size_t first, std::size_t count) const;
    /// All but numbers first … first + count. A view has room for one such gap: not of a view that has one already.
    [[nodiscard]] RowNumbers without(std::size_t first, std::size_t count) const;

    class Iterator;
    using iterator = Iterator;
    using const_iterator = Iterator;

    /// Iterators hold the view: they may outlive it, though not the numbers.
    [[nodiscard]] Iterator begin() const;
    [[nodiscard]] Iterator end() const;
    /// Whether both have the same numbers in the same order.
    friend bool operator==(const RowNumbers& a, const RowNumbers& b);

private:
    const std::uint32_t* narrow_ = nullptr;
    const std::int64_t* wide_ = nullptr;
    std::size_t size_ = 0;
    std::size_t gap_at_ = SIZE_MAX;  // numbers from here on stand gap_ places further
    std::size_t gap_ = 0;
};

class RowNumbers::Iterator {
public:
    using value_type = std::int64_t;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::input_iterator_tag;
    using iterator_concept = std::random_access_iterator_tag;

    Iterator() = default;
    Iterator(const RowNumbers& rows, std::size_t at) : rows_(rows), at_(static_cast<difference_type>(at)) {}

    std::int64_t operator*() const { return rows_[static_cast<std::size_t>(at_)]; }
    std::int64_t operator[](difference_type n) const { return rows_[static_cast<std::size_t>(at_ + n)]; }
    Iterator& operator+=(difference_type n) {
        at_ += n;
        return *this;
    }
    Iterator& operator-=(difference_type n) { return *this += -n; }
    Iterator& operator++() { return *this += 1; }
    Iterator& operator--() { return *this -= 1; }
    Iterator operator++(int) { return {rows_, static_cast<std::size_t>(at_++)}; }
    Iterator operator--(int) { return {rows_, static_cast<std::size_t>(at_--)}; }
    friend Iterator operator+(Iterator i, difference_type n) { return i += n; }
    friend Iterator operator+(difference_type n, Iterator i) { return i += n; }
    friend Iterator operator-(Iterator i, difference_type n) { return i -= n; }
    friend difference_type operator-(const Iterator& a, const Iterator& b) { return a.at_ - b.at_; }
    friend bool operator==(const Iterator& a, const Iterator& b) { return a.at_ == b.at_; }
    friend std::strong_ordering operator<=>(const Iterator& a, const Iterator& b) { return a.at_ <=> b.at_; }

private:
    RowNumbers rows_;
    difference_type at_ = 0;
};

inline RowNumbers::Iterator RowNumbers::begin() const { return {*this, 0}; }
inline RowNumbers::Iterator RowNumbers::end() const { return {*this, size_}; }

/// Rows up to which their numbers fit into 32 bits.
inline constexpr std::int64_t kNarrowRows = std::int64_t{1} << 32;

/// The numbers 0 … n-1 in an order of their own: 4 bytes a row where they suffice, else 8.
class RowOrder {
public:
    /// In rising order. Numbers take 8 bytes where n > narrow_rows. 0 <= n, narrow_rows <= kNarrowRows.
    explicit RowOrder(std::int64_t n, std::int64_t narrow_rows = kNarrowRows);

    /// Rows by group, in rising order within a group. `ends`: for every group the rows of it and of those before it.
    [[nodiscard]] static RowOrder grouped(std::span<const std::int32_t> group, std::span<const std::int64_t> ends);

    /// Shuffles the numbers from place `first` to the end, in place (see shuffle()).
    void shuffle_from(std::int64_t first, Key key);
    /// Moves up to `count` numbers to place `first` and the places behind it: the earliest from there on that may go.
    /// may_go(number) is asked from the last place to `first`. All others keep their order. Returns how many went.
    std::int64_t bring_forward(std::int64_t first, std::int64_t count, const std::function<bool(std::int64_t)>& may_go);
    void set(std::int64_t place, std::int64_t number);
    [[nodiscard]] RowNumbers view() const;

private:
    // In large pages where they are many: batches look numbers up at random.
    std::variant<AlignedVector<std::uint32_t>, AlignedVector<std::int64_t>> numbers_;
};

}  // namespace pitot
