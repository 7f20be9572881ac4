// A column of observations: numbers in memory, or where they lie in a file that is mapped.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace pitot {

/// Owns its values, or shares values that something else keeps alive: a mapped file, which must not be changed while
/// the column is in use, or another column. Shared values are never written to; what changes a column copies them
/// first. Move-only. Converts to std::span<const T>, which is what long loops should read.
template <typename T>
class Column {
public:
    using value_type = T;
    using const_iterator = const T*;
    using iterator = const T*;

    Column() = default;
    // NOLINTBEGIN(google-explicit-constructor): a column is what it is given
    Column(std::vector<T> values) : own_(std::move(values)) {}
    Column(std::initializer_list<T> values) : own_(values) {}
    // NOLINTEND(google-explicit-constructor)
    Column(std::span<const T> values, std::shared_ptr<const void> keeper)
        : keeper_(std::move(keeper)), shared_(values) {}
    Column(Column&& other) noexcept
        : own_(std::exchange(other.own_, {})),
          keeper_(std::exchange(other.keeper_, nullptr)),
          shared_(std::exchange(other.shared_, {})) {}
    Column& operator=(Column&& other) noexcept {
        own_ = std::exchange(other.own_, {});
        keeper_ = std::exchange(other.keeper_, nullptr);
        shared_ = std::exchange(other.shared_, {});
        return *this;
    }
    Column(const Column&) = delete;
    Column& operator=(const Column&) = delete;
    ~Column() = default;

    [[nodiscard]] std::span<const T> values() const { return keeper_ ? shared_ : std::span<const T>(own_); }
    [[nodiscard]] std::size_t size() const { return values().size(); }
    [[nodiscard]] bool empty() const { return values().empty(); }
    [[nodiscard]] const T* data() const { return values().data(); }
    [[nodiscard]] const T* begin() const { return data(); }
    [[nodiscard]] const T* end() const { return data() + size(); }
    [[nodiscard]] const T& operator[](std::size_t i) const { return data()[i]; }
    [[nodiscard]] const T& front() const { return data()[0]; }
    [[nodiscard]] const T& back() const { return end()[-1]; }

    /// Whether the values are kept alive by something else.
    [[nodiscard]] bool shared() const { return keeper_ != nullptr; }

    /// The column's own values, to be changed; shared ones are copied into memory first.
    [[nodiscard]] std::vector<T>& edit() {
        if (keeper_) {
            own_.assign(shared_.begin(), shared_.end());
            shared_ = {};
            keeper_.reset();
        }
        return own_;
    }
    void push_back(T value) { edit().push_back(value); }

    /// Values first … first + count of this column as one of its own, without a copy. Ends the column's owning of
    /// values: from here on it shares them with its pieces.
    [[nodiscard]] Column piece(std::size_t first, std::size_t count) {
        if (!keeper_) {
            auto kept = std::make_shared<const std::vector<T>>(std::exchange(own_, {}));
            shared_ = *kept;
            keeper_ = std::move(kept);
        }
        return Column(shared_.subspan(first, count), keeper_);
    }

    friend bool operator==(const Column& a, const Column& b) {
        const auto x = a.values();
        const auto y = b.values();
        if (x.size() != y.size()) {
            return false;
        }
        for (std::size_t i = 0; i < x.size(); ++i) {
            if (x[i] != y[i]) {
                return false;
            }
        }
        return true;
    }

private:
    std::vector<T> own_;
    std::shared_ptr<const void> keeper_;
    std::span<const T> shared_;
};

}  // namespace pitot
