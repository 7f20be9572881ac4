// The kernels of dense algebra, by Highway.
#include "backend/dense/kernels.hpp"

#include <cmath>

// Compiled once for every target below; HWY_DYNAMIC_DISPATCH picks at run time.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backend/dense/kernels.cpp"  // NOLINT(cppcoreguidelines-macro-usage): Highway's way
#include <hwy/foreach_target.h>

#include <hwy/highway.h>
#include "backend/dense/transpose-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pitot::backend::dense::HWY_NAMESPACE {

// A block of kRows × kVectors accumulators, as many vectors of B and one element of A have to fit the register file.
#if HWY_TARGET <= HWY_AVX3
inline constexpr std::size_t kRows = 8;
inline constexpr std::size_t kVectors = 3;
#elif HWY_TARGET == HWY_AVX2
inline constexpr std::size_t kRows = 4;
inline constexpr std::size_t kVectors = 3;
#elif HWY_TARGET == HWY_NEON
inline constexpr std::size_t kRows = 4;
inline constexpr std::size_t kVectors = 6;
#elif HWY_TARGET == HWY_SCALAR
inline constexpr std::size_t kRows = 4;
inline constexpr std::size_t kVectors = 4;
#else
inline constexpr std::size_t kRows = 4;
inline constexpr std::size_t kVectors = 2;
#endif

// Offset of the n-th item of `step` elements.
HWY_INLINE std::int64_t at(std::size_t n, std::int64_t step) { return static_cast<std::int64_t>(n) * step; }

template <typename T>
using D = hn::ScalableTag<T>;
template <typename T>
using V = hn::Vec<D<T>>;
template <typename T>
inline constexpr std::int64_t kLanes = static_cast<std::int64_t>(hn::MaxLanes(D<T>()));
template <typename T>
inline constexpr std::int64_t kColumns = kLanes<T>* static_cast<std::int64_t>(kVectors);
inline constexpr auto kBlockRows = static_cast<std::int64_t>(kRows);

// sums[i][·] = Σ_k a[k * a_step + i] b[k * b_step + ·].
template <typename T>
HWY_INLINE void multiply_block(std::int64_t depth, const T* HWY_RESTRICT a, std::int64_t a_step,
                               const T* HWY_RESTRICT b, std::int64_t b_step, V<T> (&sums)[kRows][kVectors]) {
    const D<T> d;
#pragma GCC unroll 8
    for (std::size_t i = 0; i < kRows; ++i) {
#pragma GCC unroll 8
        for (std::size_t n = 0; n < kVectors; ++n) {
            sums[i][n] = hn::Zero(d);
        }
    }
#pragma GCC unroll 2
    for (std::int64_t k = 0; k < depth; ++k) {
        V<T> column[kVectors];
#pragma GCC unroll 8
        for (std::size_t n = 0; n < kVectors; ++n) {
            column[n] = hn::LoadU(d, b + at(n, kLanes<T>));
        }
#pragma GCC unroll 8
        for (std::size_t i = 0; i < kRows; ++i) {
            const V<T> row = hn::Set(d, a[i]);
#pragma GCC unroll 8
            for (std::size_t n = 0; n < kVectors; ++n) {
                sums[i][n] = hn::MulAdd(row, column[n], sums[i][n]);
            }
        }
        a += a_step;
        b += b_step;
    }
}

// C = alpha·sums + beta·C for a whole block.
template <typename T>
HWY_INLINE void update_block(const V<T> (&sums)[kRows][kVectors], T alpha, T beta, T* HWY_RESTRICT c,
                             std::int64_t stride) {
    const D<T> d;
    const V<T> scale = hn::Set(d, alpha);
    const V<T> keep = hn::Set(d, beta);
#pragma GCC unroll 8
    for (std::size_t i = 0; i < kRows; ++i) {
#pragma GCC unroll 8
        for (std::size_t n = 0; n < kVectors; ++n) {
            T* to = c + at(i, stride) + at(n, kLanes<T>);
            V<T> value;
            if (beta == T{0}) {
                value = hn::Mul(scale, sums[i][n]);
            } else if (beta == T{1}) {
                value = hn::MulAdd(scale, sums[i][n], hn::LoadU(d, to));
            } else {
                value = hn::MulAdd(scale, sums[i][n], hn::Mul(keep, hn::LoadU(d, to)));
            }
            hn::StoreU(value, d, to);
        }
    }
}

// The same for a block of which C has only some elements: rows × columns, and with `lower` those up to the diagonal.
template <typename T>
void update_part(const V<T> (&sums)[kRows][kVectors], const PanelProduct<T>& p, std::int64_t row, std::int64_t column) {
    HWY_ALIGN T part[kRows * static_cast<std::size_t>(kColumns<T>)] = {};
    const std::int64_t rows = HWY_MIN(kBlockRows, p.rows - row);
    const auto columns_of = [&](std::int64_t i) {
        const std::int64_t most = HWY_MIN(kColumns<T>, p.columns - column);
        return p.lower ? HWY_MIN(most, row + i + p.diagonal - column + 1) : most;
    };
    if (p.beta != T{0}) {
        for (std::int64_t i = 0; i < rows; ++i) {
            for (std::int64_t j = 0; j < columns_of(i); ++j) {
                part[i * kColumns<T> + j] = p.c[(row + i) * p.c_stride + column + j];
            }
        }
    }
    update_block(sums, p.alpha, p.beta, part, kColumns<T>);
    for (std::int64_t i = 0; i < rows; ++i) {
        for (std::int64_t j = 0; j < columns_of(i); ++j) {
            p.c[(row + i) * p.c_stride + column + j] = part[i * kColumns<T> + j];
        }
    }
}

template <typename T>
void multiply_kernel(const PanelProduct<T>& p) {
    for (std::int64_t column = 0; column < p.columns; column += kColumns<T>) {
        const T* b = p.b + column / kColumns<T> * p.b_panel;
        std::int64_t row = 0;
        if (p.lower) {
            row = HWY_MAX(std::int64_t{0}, column - p.diagonal) / kBlockRows * kBlockRows;
        }
        for (; row < p.rows; row += kBlockRows) {
            const T* a = p.a + row / kColumns<T> * p.a_panel + row % kColumns<T>;
            T* c = p.c + row * p.c_stride + column;
            const bool whole = row + kBlockRows <= p.rows && column + kColumns<T> <= p.columns &&
                               (!p.lower || row + p.diagonal >= column + kColumns<T> - 1);
            V<T> sums[kRows][kVectors];
            multiply_block(p.depth, a, kColumns<T>, b, kColumns<T>, sums);
            if (whole) {
                update_block(sums, p.alpha, p.beta, c, p.c_stride);
            } else {
                update_part(sums, p, row, column);
            }
        }
    }
}

// Rows j … of x, a block: minus Σ_k coefficients(k, j …) x_k over `depth` rows from b on.
template <typename T>
HWY_INLINE void reduce_block(std::int64_t depth, const T* a, std::int64_t a_step, const T* b, const T* x,
                             std::int64_t x_step, V<T> (&rest)[kRows][kVectors]) {
    const D<T> d;
    multiply_block(depth, a, a_step, b, x_step, rest);
#pragma GCC unroll 8
    for (std::size_t i = 0; i < kRows; ++i) {
#pragma GCC unroll 8
        for (std::size_t n = 0; n < kVectors; ++n) {
            rest[i][n] = hn::Sub(hn::LoadU(d, x + at(i, x_step) + at(n, kLanes<T>)), rest[i][n]);
        }
    }
}

template <typename T>
HWY_INLINE void store_block(const V<T> (&rows)[kRows][kVectors], T* x, std::int64_t step) {
#pragma GCC unroll 8
    for (std::size_t i = 0; i < kRows; ++i) {
#pragma GCC unroll 8
        for (std::size_t n = 0; n < kVectors; ++n) {
            hn::StoreU(rows[i][n], D<T>(), x + at(i, step) + at(n, kLanes<T>));
        }
    }
}

// Solves with the triangle of a block: coefficient of unknown k in equation j is t[k * step + j].
template <typename T>
HWY_INLINE void forward_block(const T* t, std::int64_t step, const T* inverse, V<T> (&x)[kRows][kVectors]) {
    const D<T> d;
#pragma GCC unroll 8
    for (std::size_t k = 0; k < kRows; ++k) {
        const V<T> scale = hn::Set(d, inverse[k]);
#pragma GCC unroll 8
        for (std::size_t n = 0; n < kVectors; ++n) {
            x[k][n] = hn::Mul(x[k][n], scale);
        }
#pragma GCC unroll 8
        for (std::size_t j = k + 1; j < kRows; ++j) {
            const V<T> factor = hn::Set(d, t[at(k, step) + at(j, 1)]);
#pragma GCC unroll 8
            for (std::size_t n = 0; n < kVectors; ++n) {
                x[j][n] = hn::NegMulAdd(factor, x[k][n], x[j][n]);
            }
        }
    }
}

template <typename T>
HWY_INLINE void backward_block(const T* t, std::int64_t step, const T* inverse, V<T> (&x)[kRows][kVectors]) {
    const D<T> d;
#pragma GCC unroll 8
    for (std::size_t back = 0; back < kRows; ++back) {
        const std::size_t k = kRows - 1 - back;
        const V<T> scale = hn::Set(d, inverse[k]);
#pragma GCC unroll 8
        for (std::size_t n = 0; n < kVectors; ++n) {
            x[k][n] = hn::Mul(x[k][n], scale);
        }
#pragma GCC unroll 8
        for (std::size_t j = 0; j < k; ++j) {
            const V<T> factor = hn::Set(d, t[at(k, step) + at(j, 1)]);
#pragma GCC unroll 8
            for (std::size_t n = 0; n < kVectors; ++n) {
                x[j][n] = hn::NegMulAdd(factor, x[k][n], x[j][n]);
            }
        }
    }
}

template <typename T>
void solve_forward_kernel(const Triangle<T>& t, T* x) {
    for (std::int64_t j = 0; j < t.order; j += kBlockRows) {
        V<T> rest[kRows][kVectors];
        T* block = x + j * kColumns<T>;
        reduce_block(j, t.at + j, t.step, x, block, kColumns<T>, rest);
        forward_block(t.at + j * t.step + j, t.step, t.inverse + j, rest);
        store_block(rest, block, kColumns<T>);
    }
}

template <typename T>
void solve_backward_kernel(const Triangle<T>& t, T* x) {
    for (std::int64_t j = t.order - kBlockRows; j >= 0; j -= kBlockRows) {
        V<T> rest[kRows][kVectors];
        T* block = x + j * kColumns<T>;
        const std::int64_t after = j + kBlockRows;
        reduce_block(t.order - after, t.at + after * t.step + j, t.step, x + after * kColumns<T>, block, kColumns<T>,
                     rest);
        backward_block(t.at + j * t.step + j, t.step, t.inverse + j, rest);
        store_block(rest, block, kColumns<T>);
    }
}

// The upper factor of a block of kRows × kRows in its place, 0 below; the first pivot that is not positive, or kRows.
template <typename T>
std::int64_t cholesky_corner(T* u, std::int64_t stride, T* inverse) {
    for (std::int64_t k = 0; k < kBlockRows; ++k) {
        const T pivot = u[k * stride + k];
        if (!(pivot > T{0}) || !std::isfinite(pivot)) {
            return k;
        }
        const T root = std::sqrt(pivot);
        const T scale = T{1} / root;
        inverse[k] = scale;
        u[k * stride + k] = root;
        for (std::int64_t j = k + 1; j < kBlockRows; ++j) {
            u[k * stride + j] *= scale;
            u[j * stride + k] = T{0};
        }
        for (std::int64_t i = k + 1; i < kBlockRows; ++i) {
            for (std::int64_t j = i; j < kBlockRows; ++j) {
                u[i * stride + j] -= u[k * stride + i] * u[k * stride + j];
            }
        }
    }
    return kBlockRows;
}

template <typename T>
std::int64_t cholesky_kernel(std::int64_t order, T* u, std::int64_t stride, T* inverse) {
    for (std::int64_t j = 0; j < order; j += kBlockRows) {
        V<T> rest[kRows][kVectors];
        T* rows = u + j * stride;
        for (std::int64_t c = j; c < order; c += kColumns<T>) {
            reduce_block(j, u + j, stride, u + c, rows + c, stride, rest);
            if (c == j) {
                store_block(rest, rows + c, stride);
                HWY_ALIGN T corner[kRows * kRows];
                for (std::int64_t i = 0; i < kBlockRows; ++i) {
                    for (std::int64_t k = 0; k < kBlockRows; ++k) {
                        corner[i * kBlockRows + k] = rows[i * stride + j + k];
                    }
                }
                const std::int64_t done = cholesky_corner(corner, kBlockRows, inverse + j);
                if (done < kBlockRows) {
                    return j + done;
                }
                forward_block(corner, kBlockRows, inverse + j, rest);
                store_block(rest, rows + c, stride);
                for (std::int64_t i = 0; i < kBlockRows; ++i) {
                    for (std::int64_t k = 0; k < kBlockRows; ++k) {
                        rows[i * stride + j + k] = corner[i * kBlockRows + k];
                    }
                }
            } else {
                forward_block(rows + j, stride, inverse + j, rest);
                store_block(rest, rows + c, stride);
            }
        }
    }
    return order;
}

// R rows of L, from j on, by the x before them; then their own triangle.
template <std::size_t R, typename T>
HWY_INLINE void forward_rows(const MatrixView<const T>& l, std::int64_t j, T* HWY_RESTRICT x) {
    const D<T> d;
    const T* HWY_RESTRICT row = l.data + j * l.stride;
    V<T> sum[R];
#pragma GCC unroll 8
    for (std::size_t i = 0; i < R; ++i) {
        sum[i] = hn::Zero(d);
    }
    std::int64_t k = 0;
    for (; k + kLanes<T> <= j; k += kLanes<T>) {
        const V<T> known = hn::LoadU(d, x + k);
#pragma GCC unroll 8
        for (std::size_t i = 0; i < R; ++i) {
            sum[i] = hn::MulAdd(hn::LoadU(d, row + at(i, l.stride) + k), known, sum[i]);
        }
    }
#pragma GCC unroll 8
    for (std::size_t i = 0; i < R; ++i) {
        const T* own = row + at(i, l.stride);
        const std::int64_t equation = j + at(i, 1);
        T rest = x[equation] - hn::GetLane(hn::SumOfLanes(d, sum[i]));
        for (std::int64_t n = k; n < equation; ++n) {
            rest -= own[n] * x[n];
        }
        x[equation] = rest / own[equation];
    }
}

template <typename T>
void forward_vector_kernel(const MatrixView<const T>& l, T* x) {
    std::int64_t j = 0;
    for (; j + kBlockRows <= l.rows; j += kBlockRows) {
        forward_rows<kRows>(l, j, x);
    }
    for (; j < l.rows; ++j) {
        forward_rows<1>(l, j, x);
    }
}

// R rows of L, from j on: their own triangle, then what they take from the x before them.
template <std::size_t R, typename T>
HWY_INLINE void backward_rows(const MatrixView<const T>& l, std::int64_t j, T* HWY_RESTRICT x) {
    const D<T> d;
    const T* HWY_RESTRICT row = l.data + j * l.stride;
    V<T> known[R];
    T values[R];
#pragma GCC unroll 8
    for (std::size_t back = 0; back < R; ++back) {
        const std::size_t i = R - 1 - back;
        const std::int64_t equation = j + at(i, 1);
        T rest = x[equation];
        for (std::size_t after = i + 1; after < R; ++after) {
            rest -= row[at(after, l.stride) + equation] * values[after];
        }
        values[i] = rest / row[at(i, l.stride) + equation];
        x[equation] = values[i];
        known[i] = hn::Set(d, values[i]);
    }
    std::int64_t k = 0;
    for (; k + kLanes<T> <= j; k += kLanes<T>) {
        V<T> rest = hn::LoadU(d, x + k);
#pragma GCC unroll 8
        for (std::size_t i = 0; i < R; ++i) {
            rest = hn::NegMulAdd(hn::LoadU(d, row + at(i, l.stride) + k), known[i], rest);
        }
        hn::StoreU(rest, d, x + k);
    }
    for (; k < j; ++k) {
        for (std::size_t i = 0; i < R; ++i) {
            x[k] -= row[at(i, l.stride) + k] * values[i];
        }
    }
}

template <typename T>
void backward_vector_kernel(const MatrixView<const T>& l, T* x) {
    std::int64_t j = l.rows;
    for (; j % kBlockRows != 0; --j) {
        backward_rows<1>(l, j - 1, x);
    }
    for (; j > 0; j -= kBlockRows) {
        backward_rows<kRows>(l, j - kBlockRows, x);
    }
}

template <typename T>
HWY_INLINE const Kernels<T>* table() {
    static_assert(kColumns<T> % kBlockRows == 0);
    static constexpr Kernels<T> all{kBlockRows,
                                    kColumns<T>,
                                    &pack_rows_kernel<T>,
                                    &pack_columns_kernel<T>,
                                    &unpack_rows_kernel<T>,
                                    &multiply_kernel<T>,
                                    &solve_forward_kernel<T>,
                                    &solve_backward_kernel<T>,
                                    &cholesky_kernel<T>,
                                    &forward_vector_kernel<T>,
                                    &backward_vector_kernel<T>};
    return &all;
}
const Kernels<double>* table_of_double() { return table<double>(); }
const Kernels<float>* table_of_float() { return table<float>(); }

}  // namespace pitot::backend::dense::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pitot::backend::dense {

HWY_EXPORT(table_of_double);
HWY_EXPORT(table_of_float);

template <>
const Kernels<double>& kernels() {
    return *HWY_DYNAMIC_DISPATCH(table_of_double)();
}
template <>
const Kernels<float>& kernels() {
    return *HWY_DYNAMIC_DISPATCH(table_of_float)();
}

}  // namespace pitot::backend::dense
#endif  // HWY_ONCE
