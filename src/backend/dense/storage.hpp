// Memory for packed panels, and the arithmetic of their extents.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "pitot/matrix_view.hpp"

namespace pitot::backend::dense {

[[nodiscard]] constexpr std::int64_t pieces_of(std::int64_t n, std::int64_t piece) { return (n + piece - 1) / piece; }
[[nodiscard]] constexpr std::int64_t rounded_up(std::int64_t n, std::int64_t piece) {
    return pieces_of(n, piece) * piece;
}

/// Aligned memory that is not initialised.
template <typename T>
class Storage {
public:
    Storage() = default;
    explicit Storage(std::int64_t size) { grow(size); }
    ~Storage() { release(); }
    Storage(const Storage&) = delete;
    Storage& operator=(const Storage&) = delete;

    /// Room for `size` elements at least; what was there is lost where there was not.
    T* grow(std::int64_t size) {
        if (size > size_) {
            release();
            data_ = static_cast<T*>(allocate_aligned(static_cast<std::size_t>(size) * sizeof(T)));
            size_ = size;
        }
        return data_;
    }
    [[nodiscard]] T* data() const { return data_; }

private:
    void release() {
        if (data_ != nullptr) {
            free_aligned(data_, static_cast<std::size_t>(size_) * sizeof(T));
        }
        data_ = nullptr;
        size_ = 0;
    }

    T* data_ = nullptr;
    std::int64_t size_ = 0;
};

}  // namespace pitot::backend::dense
