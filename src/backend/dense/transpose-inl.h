// Rows of matrices into packed panels and back, for each instruction set in turn.
// NOLINT(llvm-header-guard): included once a target.

#if defined(PITOT_BACKEND_DENSE_TRANSPOSE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PITOT_BACKEND_DENSE_TRANSPOSE_INL_H_
#undef PITOT_BACKEND_DENSE_TRANSPOSE_INL_H_
#else
#define PITOT_BACKEND_DENSE_TRANSPOSE_INL_H_
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "pitot/matrix_view.hpp"

HWY_BEFORE_NAMESPACE();
namespace pitot::backend::dense::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Rows and columns of a block that is transposed in registers.
#if HWY_TARGET == HWY_SCALAR
template <typename T>
inline constexpr std::int64_t kSquare = 1;
#elif HWY_TARGET <= HWY_AVX2
template <typename T>
inline constexpr std::int64_t kSquare = 4;
#else
template <typename T>
inline constexpr std::int64_t kSquare = 16 / sizeof(T);
#endif

// A block of kSquare × kSquare from `in` to `out`.
template <typename T>
HWY_INLINE void transpose_square(const T* HWY_RESTRICT in, std::int64_t in_stride, T* HWY_RESTRICT out,
                                 std::int64_t out_stride) {
#if HWY_TARGET == HWY_SCALAR
    *out = *in;
    (void)in_stride;
    (void)out_stride;
#else
    const hn::FixedTag<T, static_cast<std::size_t>(kSquare<T>)> d;
    const auto r0 = hn::LoadU(d, in);
    const auto r1 = hn::LoadU(d, in + in_stride);
    if constexpr (kSquare<T> == 2) {
        hn::StoreU(hn::InterleaveLower(d, r0, r1), d, out);
        hn::StoreU(hn::InterleaveUpper(d, r0, r1), d, out + out_stride);
    } else {
        const auto r2 = hn::LoadU(d, in + 2 * in_stride);
        const auto r3 = hn::LoadU(d, in + 3 * in_stride);
        if constexpr (sizeof(T) == 8) {  // two blocks of two lanes
            const auto even01 = hn::InterleaveLower(d, r0, r1);
            const auto odd01 = hn::InterleaveUpper(d, r0, r1);
            const auto even23 = hn::InterleaveLower(d, r2, r3);
            const auto odd23 = hn::InterleaveUpper(d, r2, r3);
            hn::StoreU(hn::ConcatLowerLower(d, even23, even01), d, out);
            hn::StoreU(hn::ConcatLowerLower(d, odd23, odd01), d, out + out_stride);
            hn::StoreU(hn::ConcatUpperUpper(d, even23, even01), d, out + 2 * out_stride);
            hn::StoreU(hn::ConcatUpperUpper(d, odd23, odd01), d, out + 3 * out_stride);
        } else {
            const auto low02 = hn::InterleaveLower(d, r0, r2);
            const auto low13 = hn::InterleaveLower(d, r1, r3);
            const auto high02 = hn::InterleaveUpper(d, r0, r2);
            const auto high13 = hn::InterleaveUpper(d, r1, r3);
            hn::StoreU(hn::InterleaveLower(d, low02, low13), d, out);
            hn::StoreU(hn::InterleaveUpper(d, low02, low13), d, out + out_stride);
            hn::StoreU(hn::InterleaveLower(d, high02, high13), d, out + 2 * out_stride);
            hn::StoreU(hn::InterleaveUpper(d, high02, high13), d, out + 3 * out_stride);
        }
    }
#endif
}

// out[j * out_stride + i] = in[i * in_stride + j] for i < rows, j < columns.
template <typename T>
HWY_INLINE void transpose(const T* in, std::int64_t rows, std::int64_t columns, std::int64_t in_stride, T* out,
                          std::int64_t out_stride) {
    constexpr std::int64_t square = kSquare<T>;
    constexpr std::int64_t tile = 64 / sizeof(T);  // a cache line
    const std::int64_t whole_rows = rows / square * square;
    const std::int64_t whole_columns = columns / square * square;
    for (std::int64_t column = 0; column < whole_columns; column += tile) {
        for (std::int64_t i = 0; i < whole_rows; i += square) {
            for (std::int64_t j = column; j < std::min(column + tile, whole_columns); j += square) {
                transpose_square(in + i * in_stride + j, in_stride, out + j * out_stride + i, out_stride);
            }
        }
    }
    for (std::int64_t i = 0; i < rows; ++i) {
        for (std::int64_t j = i < whole_rows ? whole_columns : 0; j < columns; ++j) {
            out[j * out_stride + i] = in[i * in_stride + j];
        }
    }
}

template <typename T>
void pack_rows_kernel(const MatrixView<const T>& from, std::int64_t width, T* to) {
    transpose(from.data, from.rows, from.cols, from.stride, to, width);
    if (from.rows < width) {
        for (std::int64_t k = 0; k < from.cols; ++k) {
            std::fill(to + k * width + from.rows, to + (k + 1) * width, T{0});
        }
    }
}

template <typename T>
void pack_columns_kernel(const MatrixView<const T>& from, std::int64_t width, T* to) {
    for (std::int64_t k = 0; k < from.rows; ++k) {
        const T* HWY_RESTRICT row = from.data + k * from.stride;
        std::copy_n(row, from.cols, to + k * width);
        std::fill(to + k * width + from.cols, to + (k + 1) * width, T{0});
    }
}

template <typename T>
void unpack_rows_kernel(const T* from, std::int64_t width, const MatrixView<T>& to) {
    transpose(from, to.cols, to.rows, width, to.data, to.stride);
}

}  // namespace pitot::backend::dense::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per target
