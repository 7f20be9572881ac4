// Small matrix products in registers: C (+)= A B with any strides of A, for each instruction set in turn.
// NOLINT(llvm-header-guard): included once a target.

#if defined(PITOT_BACKEND_CPU_GEMM_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PITOT_BACKEND_CPU_GEMM_INL_H_
#undef PITOT_BACKEND_CPU_GEMM_INL_H_
#else
#define PITOT_BACKEND_CPU_GEMM_INL_H_
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace pitot::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

// A block of kRows × kVectors accumulators plus one row of B and one element of A has to fit the register file:
// 32 registers with AVX-512 and NEON, 16 before.
inline constexpr std::size_t kRows = 6;
#if HWY_TARGET <= HWY_AVX3 || (HWY_TARGET >= HWY_SVE2_128 && HWY_TARGET <= HWY_NEON)
inline constexpr std::size_t kVectors = 4;
#else
inline constexpr std::size_t kVectors = 2;
#endif

// Where the first operand's element (i, p) lies: at[i * row + p * col]. A transposed matrix is a matter of strides.
struct Operand {
    const float* at;
    std::int64_t row;
    std::int64_t col;
};

// The first `count` lanes of a vector in memory, the others 0. Masked loads fault on misaligned or unmapped memory
// where the instruction set has none of its own; there the part goes through a buffer.
HWY_INLINE V load_part(const float* HWY_RESTRICT p, std::int64_t count) {
    const D d;
#if HWY_MEM_OPS_MIGHT_FAULT
    HWY_ALIGN float lanes[hn::MaxLanes(d)] = {};
    std::copy_n(p, count, lanes);
    return hn::Load(d, lanes);
#else
    return hn::MaskedLoad(hn::FirstN(d, static_cast<std::size_t>(count)), d, p);
#endif
}
HWY_INLINE void store_part(V v, float* HWY_RESTRICT p, std::int64_t count) {
    const D d;
#if HWY_MEM_OPS_MIGHT_FAULT
    HWY_ALIGN float lanes[hn::MaxLanes(d)];
    hn::Store(v, d, lanes);
    std::copy_n(lanes, count, p);
#else
    hn::BlendedStore(v, hn::FirstN(d, static_cast<std::size_t>(count)), d, p);
#endif
}

// Offset of the n-th item of `step` elements.
HWY_INLINE std::int64_t at(std::size_t n, std::int64_t step) { return static_cast<std::int64_t>(n) * step; }

// One block: c[0 … R) × [0 … N vectors) = start + sum over p of a(i, p) b[p]. start is `bias` (one row) or c itself or
// 0.
template <std::size_t R, std::size_t N>
HWY_INLINE void gemm_block(std::int64_t depth, Operand a, const float* HWY_RESTRICT b, std::int64_t b_stride,
                           const float* HWY_RESTRICT bias, bool accumulate, float* HWY_RESTRICT c,
                           std::int64_t c_stride) {
    const D d;
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    V sum[R][N];
#pragma GCC unroll 8
    for (std::size_t i = 0; i < R; ++i) {
#pragma GCC unroll 8
        for (std::size_t n = 0; n < N; ++n) {
            sum[i][n] = accumulate ? hn::LoadU(d, c + at(i, c_stride) + at(n, lanes))
                                   : (bias != nullptr ? hn::LoadU(d, bias + at(n, lanes)) : hn::Zero(d));
        }
    }
    const float* pa = a.at;
    for (std::int64_t p = 0; p < depth; ++p) {
        V row[N];
#pragma GCC unroll 8
        for (std::size_t n = 0; n < N; ++n) {
            row[n] = hn::LoadU(d, b + at(n, lanes));
        }
#pragma GCC unroll 8
        for (std::size_t i = 0; i < R; ++i) {
            const V x = hn::Set(d, pa[at(i, a.row)]);
#pragma GCC unroll 8
            for (std::size_t n = 0; n < N; ++n) {
                sum[i][n] = hn::MulAdd(x, row[n], sum[i][n]);
            }
        }
        pa += a.col;
        b += b_stride;
    }
#pragma GCC unroll 8
    for (std::size_t i = 0; i < R; ++i) {
#pragma GCC unroll 8
        for (std::size_t n = 0; n < N; ++n) {
            hn::StoreU(sum[i][n], d, c + at(i, c_stride) + at(n, lanes));
        }
    }
}

// The same for the last columns, fewer than a vector.
template <std::size_t R>
HWY_INLINE void gemm_tail(std::int64_t depth, Operand a, const float* HWY_RESTRICT b, std::int64_t b_stride,
                          const float* HWY_RESTRICT bias, bool accumulate, float* HWY_RESTRICT c, std::int64_t c_stride,
                          std::int64_t columns) {
    const D d;
    V sum[R];
#pragma GCC unroll 8
    for (std::size_t i = 0; i < R; ++i) {
        sum[i] = accumulate ? load_part(c + at(i, c_stride), columns)
                            : (bias != nullptr ? load_part(bias, columns) : hn::Zero(d));
    }
    const float* pa = a.at;
    for (std::int64_t p = 0; p < depth; ++p) {
        const V row = load_part(b, columns);
#pragma GCC unroll 8
        for (std::size_t i = 0; i < R; ++i) {
            sum[i] = hn::MulAdd(hn::Set(d, pa[at(i, a.row)]), row, sum[i]);
        }
        pa += a.col;
        b += b_stride;
    }
#pragma GCC unroll 8
    for (std::size_t i = 0; i < R; ++i) {
        store_part(sum[i], c + at(i, c_stride), columns);
    }
}

// All rows of C for a panel of N vectors (0: a tail of `columns`).
template <std::size_t N>
void gemm_panel(std::int64_t rows, std::int64_t depth, Operand a, const float* b, std::int64_t b_stride,
                const float* bias, bool accumulate, float* c, std::int64_t c_stride, std::int64_t columns) {
    const auto block = [&]<std::size_t R>() {
        if constexpr (N == 0) {
            gemm_tail<R>(depth, a, b, b_stride, bias, accumulate, c, c_stride, columns);
        } else {
            gemm_block<R, N>(depth, a, b, b_stride, bias, accumulate, c, c_stride);
        }
        a.at += at(R, a.row);
        c += at(R, c_stride);
        rows -= static_cast<std::int64_t>(R);
    };
    while (rows >= static_cast<std::int64_t>(kRows)) {
        block.template operator()<kRows>();
    }
    if (rows >= 4) {
        block.template operator()<4>();
    }
    if (rows >= 2) {
        block.template operator()<2>();
    }
    if (rows >= 1) {
        block.template operator()<1>();
    }
}

// C (rows × columns) = bias or C or 0, plus A (rows × depth) B (depth × columns).
HWY_INLINE void gemm(std::int64_t rows, std::int64_t columns, std::int64_t depth, Operand a, const float* b,
                     std::int64_t b_stride, const float* bias, bool accumulate, float* c, std::int64_t c_stride) {
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(D()));
    const std::int64_t panel = at(kVectors, lanes);
    std::int64_t j = 0;
    const auto bias_at = [&] { return bias == nullptr ? nullptr : bias + j; };
    for (; j + panel <= columns; j += panel) {
        gemm_panel<kVectors>(rows, depth, a, b + j, b_stride, bias_at(), accumulate, c + j, c_stride, 0);
    }
    for (; j + lanes <= columns; j += lanes) {
        gemm_panel<1>(rows, depth, a, b + j, b_stride, bias_at(), accumulate, c + j, c_stride, 0);
    }
    if (j < columns) {
        gemm_panel<0>(rows, depth, a, b + j, b_stride, bias_at(), accumulate, c + j, c_stride, columns - j);
    }
}

}  // namespace pitot::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per target
