// Row numbers of a table: RowNumbers, a borrowed list that is cut without copying, and RowOrder, an owned permutation
// of all rows in 4 or 8 bytes a row.
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

namespace pitot::core {

/// A borrowed list of row numbers, stored in 32 or 64 bits each, of which one piece in the middle may be left out.
/// Passed by value; valid as long as the numbers are.
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

    /// The part of this list that begins at place `first` and has `count` numbers.
    [[nodiscard]] RowNumbers piece(std::size_t first, std::size_t count) const;
    /// This list without the `count` numbers from place `first` on. A list can leave out one piece: this one must not
    /// leave out any yet.
    [[nodiscard]] RowNumbers without(std::size_t first, std::size_t count) const;

    class Iterator;
    using iterator = Iterator;
    using const_iterator = Iterator;

    /// Iterators hold a copy of the list. They may outlive this object, but not the numbers.
    [[nodiscard]] Iterator begin() const;
    [[nodiscard]] Iterator end() const;
    /// Whether both lists have the same numbers in the same order, however they are stored.
    friend bool operator==(const RowNumbers& a, const RowNumbers& b);

private:
    const std::uint32_t* narrow_ = nullptr;
    const std::int64_t* wide_ = nullptr;
    std::size_t size_ = 0;
    std::size_t gap_at_ = SIZE_MAX;  // from this place on, numbers are stored gap_ places further on
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

/// The largest number of rows whose row numbers fit into 32 bits.
inline constexpr std::int64_t kNarrowRows = std::int64_t{1} << 32;

/// A permutation of the row numbers 0 … n-1, in 4 bytes a row up to kNarrowRows rows and in 8 bytes beyond.
class RowOrder {
public:
    /// The rows in rising order. Row numbers take 8 bytes if n > narrow_rows, which tests lower. 0 <= n,
    /// narrow_rows <= kNarrowRows.
    explicit RowOrder(std::int64_t n, std::int64_t narrow_rows = kNarrowRows);

    /// The rows sorted by group, in rising order within a group. `group` has the group of every row; `ends[g]` is the
    /// number of rows in the groups 0 … g.
    [[nodiscard]] static RowOrder grouped(std::span<const std::int32_t> group, std::span<const std::int64_t> ends);

    /// Shuffles the row numbers from place `first` to the end (see shuffle()).
    void shuffle_from(std::int64_t first, Key key);
    /// Moves those row numbers from place `first` on that may_go() allows to the front of that range, the earliest
    /// `count` of them at most, and returns how many. The others follow in the order they had. may_go(number) is called
    /// once for each place, from the last one down to `first`.
    std::int64_t bring_forward(std::int64_t first, std::int64_t count, const std::function<bool(std::int64_t)>& may_go);
    void set(std::int64_t place, std::int64_t number);
    [[nodiscard]] RowNumbers view() const;

private:
    // Aligned, so that long orders get large pages: batches look row numbers up at random places.
    std::variant<AlignedVector<std::uint32_t>, AlignedVector<std::int64_t>> numbers_;
};

}  // namespace pitot::core
