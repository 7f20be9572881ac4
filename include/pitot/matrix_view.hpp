// Two-dimensional arrays: a view passed by value and an owner. Row-major.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <stdexcept>
#include <type_traits>
#include <vector>

#include "pitot/export.hpp"

namespace pitot {

/// A borrowed row-major matrix: element (i, j) is data[i * stride + j].
template <typename T>
struct MatrixView {
    T* data = nullptr;
    std::int64_t rows = 0;
    std::int64_t cols = 0;
    std::int64_t stride = 0;

    [[nodiscard]] T& operator()(std::int64_t i, std::int64_t j) const { return data[i * stride + j]; }
    [[nodiscard]] std::span<T> row(std::int64_t i) const { return {data + i * stride, static_cast<std::size_t>(cols)}; }
    [[nodiscard]] MatrixView columns(std::int64_t first, std::int64_t count) const {
        return {data + first, rows, count, stride};
    }
    [[nodiscard]] MatrixView row_range(std::int64_t first, std::int64_t count) const {
        return {data + first * stride, count, cols, stride};
    }
    /// A view of const elements of the same matrix.
    operator MatrixView<const T>() const  // NOLINT(google-explicit-constructor): as span<T> to span<const T>
        requires(!std::is_const_v<T>) {
        return {data, rows, cols, stride};
    }
};

/// Memory on a 64-byte boundary (a cache line and the widest vector); large blocks on the boundary of the system's
/// large pages and, where it has them on request, in these: rows touched at random then miss the page tables less
/// often. Throws std::bad_alloc.
[[nodiscard]] PITOT_API void* allocate_aligned(std::size_t bytes);
PITOT_API void free_aligned(void* block, std::size_t bytes);

/// Allocates by allocate_aligned().
template <typename T>
struct AlignedAllocator {
    using value_type = T;
    AlignedAllocator() = default;
    template <typename U>
    explicit AlignedAllocator(const AlignedAllocator<U>& /*other*/) {}

    [[nodiscard]] T* allocate(std::size_t n) { return static_cast<T*>(allocate_aligned(n * sizeof(T))); }
    void deallocate(T* p, std::size_t n) { free_aligned(p, n * sizeof(T)); }
    bool operator==(const AlignedAllocator& /*other*/) const { return true; }
};

template <typename T>
using AlignedVector = std::vector<T, AlignedAllocator<T>>;

/// An owned row-major matrix, 64-byte aligned, zero-initialised, move-only. `clone()` copies on purpose.
template <typename T>
class Matrix {
public:
    Matrix() = default;
    /// Throws std::length_error if an extent is negative or no memory could hold so many elements.
    Matrix(std::int64_t rows, std::int64_t cols) : rows_(rows), cols_(cols), data_(elements(rows, cols)) {}
    Matrix(Matrix&&) noexcept = default;
    Matrix& operator=(Matrix&&) noexcept = default;
    Matrix(const Matrix&) = delete;
    Matrix& operator=(const Matrix&) = delete;
    ~Matrix() = default;

    [[nodiscard]] Matrix clone() const {
        Matrix copy(rows_, cols_);
        copy.data_ = data_;
        return copy;
    }
    [[nodiscard]] std::int64_t rows() const { return rows_; }
    [[nodiscard]] std::int64_t cols() const { return cols_; }
    [[nodiscard]] T& operator()(std::int64_t i, std::int64_t j) {
        return data_[static_cast<std::size_t>(i * cols_ + j)];
    }
    [[nodiscard]] const T& operator()(std::int64_t i, std::int64_t j) const {
        return data_[static_cast<std::size_t>(i * cols_ + j)];
    }
    [[nodiscard]] MatrixView<T> view() { return {data_.data(), rows_, cols_, cols_}; }
    [[nodiscard]] MatrixView<const T> view() const { return {data_.data(), rows_, cols_, cols_}; }
    [[nodiscard]] std::span<T> flat() { return data_; }
    [[nodiscard]] std::span<const T> flat() const { return data_; }

private:
    [[nodiscard]] static std::size_t elements(std::int64_t rows, std::int64_t cols) {
        constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max() / sizeof(T);
        if (rows < 0 || cols < 0 || (cols > 0 && rows > most / cols)) {
            throw std::length_error("a matrix of such extents fits into no memory");
        }
        return static_cast<std::size_t>(rows * cols);
    }

    std::int64_t rows_ = 0;
    std::int64_t cols_ = 0;
    AlignedVector<T> data_;
};

}  // namespace pitot
