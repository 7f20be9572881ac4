// Splittable random keys over Random123's Philox4x32-10: a draw depends on its key and its position alone, so it is
// the same on any backend and at any thread count.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

namespace pitot::core {

/// A place in the tree of random streams. `Key(seed).fold("split").fold(replicate)`.
class Key {
public:
    explicit constexpr Key(std::uint64_t seed) : value_(seed) {}

    [[nodiscard]] Key fold(std::string_view name) const;
    [[nodiscard]] Key fold(std::uint64_t index) const;
    [[nodiscard]] constexpr std::uint64_t value() const { return value_; }

    /// The `position`-th 64-bit draw of this key, in no particular order of calls.
    [[nodiscard]] std::uint64_t bits(std::uint64_t position) const;
    /// Uniform in [0, 1), 53 bits.
    [[nodiscard]] double uniform(std::uint64_t position) const;
    /// Uniform in {0, …, bound - 1} by the high half of a product (bias below bound / 2^64). bound > 0.
    [[nodiscard]] std::uint64_t below(std::uint64_t position, std::uint64_t bound) const;
    /// out[n] = below(position + n, bound), at half the cost.
    void fill_below(std::uint64_t position, std::uint64_t bound, std::span<std::int64_t> out) const;

private:
    std::uint64_t value_;
};

/// Draws one after another from a key.
class Stream {
public:
    explicit Stream(Key key) : key_(key) {}
    double uniform() { return key_.uniform(position_++); }
    std::uint64_t below(std::uint64_t bound) { return key_.below(position_++, bound); }
    /// Standard normal truncated at ±limit, by rejection.
    double truncated_normal(double limit);
    /// Standard normal (Box-Muller).
    double normal();

private:
    Key key_;
    std::uint64_t position_ = 0;
};

/// Puts values in a uniformly random order, in place (Fisher-Yates).
template <typename T>
void shuffle(Key key, std::span<T> values) {
    std::array<std::size_t, 64> other;  // drawn ahead, so that memory is on its way when its turn comes
    for (std::size_t end = values.size(); end > 1;) {
        const std::size_t first = end - std::min(other.size(), end - 1);
        for (std::size_t i = end; i-- > first;) {
            other[i - first] = key.below(i, i + 1);
            __builtin_prefetch(&values[other[i - first]], 1);
        }
        for (std::size_t i = end; i-- > first;) {
            std::swap(values[i], values[other[i - first]]);
        }
        end = first;
    }
}

}  // namespace pitot::core
