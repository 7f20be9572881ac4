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
#include <span>

#include "backend/cpu/simd-inl.h"
#include "backend/host/nonzero_blocks.hpp"

HWY_BEFORE_NAMESPACE();
namespace pitot::backend::cpu::HWY_NAMESPACE {

// A block of kRows × kVectors accumulators plus one row of B and one element of A has to fit the register file.
inline constexpr std::size_t kRows = 6;
inline constexpr std::size_t kVectors = kManyRegisters ? 4 : 2;

// Where the first operand's element (i, p) lies: at[i * row + p * col]. A transposed matrix is a matter of strides.
struct Operand {
    const float* at;
    std::int64_t row;
    std::int64_t col;
};

// What happens to a finished element of C, in its register, before it is stored.
struct Keep {
    HWY_INLINE V operator()(V sum, std::int64_t /*row*/, std::int64_t /*column*/) const { return sum; }
    HWY_INLINE V part(V sum, std::int64_t /*row*/, std::int64_t /*column*/, std::int64_t /*count*/) const {
        return sum;
    }
};
struct Tanh {
    HWY_INLINE V operator()(V sum, std::int64_t /*row*/, std::int64_t /*column*/) const { return tanh_of(sum); }
    HWY_INLINE V part(V sum, std::int64_t /*row*/, std::int64_t /*column*/, std::int64_t /*count*/) const {
        return tanh_of(sum);
    }
};
// Times tanh' where y holds tanh's values, y as C is.
struct TanhSlope {
    const float* y;
    std::int64_t stride;
    HWY_INLINE V operator()(V sum, std::int64_t row, std::int64_t column) const {
        return tanh_slope_of(sum, hn::LoadU(D(), y + row * stride + column));
    }
    HWY_INLINE V part(V sum, std::int64_t row, std::int64_t column, std::int64_t count) const {
        return tanh_slope_of(sum, load_part(y + row * stride + column, count));
    }
};

// C (rows × columns) = finish(start + A (rows × depth) B (depth × columns)); start is `bias` (one row), C itself or 0.
// Each element is one chain of fused multiply-adds along the depth, so the bits do not depend on how C is cut up.
template <typename Finish>
struct Product {
    std::int64_t depth;
    Operand a;
    const float* b;
    std::int64_t b_stride;
    const float* bias;
    bool accumulate;
    float* c;
    std::int64_t c_stride;
    Finish finish;
};

// A block of R rows × N vectors of C from (row, column).
template <std::size_t R, std::size_t N, typename Finish>
HWY_INLINE void gemm_block(const Product<Finish>& x, std::int64_t row, std::int64_t column) {
    const D d;
    const std::int64_t lanes = lane_count();
    float* HWY_RESTRICT c = x.c + row * x.c_stride + column;
    V sum[R][N];
#pragma GCC unroll 8
    for (std::size_t i = 0; i < R; ++i) {
#pragma GCC unroll 8
        for (std::size_t n = 0; n < N; ++n) {
            sum[i][n] = x.accumulate ? hn::LoadU(d, c + at(i, x.c_stride) + at(n, lanes))
                                     : (x.bias != nullptr ? hn::LoadU(d, x.bias + column + at(n, lanes)) : hn::Zero(d));
        }
    }
    const std::int64_t a_row = x.a.row;
    const std::int64_t a_col = x.a.col;
    const std::int64_t b_stride = x.b_stride;
    const float* HWY_RESTRICT pa = x.a.at + row * a_row;
    const float* HWY_RESTRICT pb = x.b + column;
    for (std::int64_t p = x.depth; p > 0; --p) {
        V b[N];
#pragma GCC unroll 8
        for (std::size_t n = 0; n < N; ++n) {
            b[n] = hn::LoadU(d, pb + at(n, lanes));
        }
#pragma GCC unroll 8
        for (std::size_t i = 0; i < R; ++i) {
            const V a = hn::Set(d, pa[at(i, a_row)]);
#pragma GCC unroll 8
            for (std::size_t n = 0; n < N; ++n) {
                sum[i][n] = hn::MulAdd(a, b[n], sum[i][n]);
            }
        }
        pa += a_col;
        pb += b_stride;
    }
#pragma GCC unroll 8
    for (std::size_t i = 0; i < R; ++i) {
#pragma GCC unroll 8
        for (std::size_t n = 0; n < N; ++n) {
            const V done = x.finish(sum[i][n], row + at(i, 1), column + at(n, lanes));
            hn::StoreU(done, d, c + at(i, x.c_stride) + at(n, lanes));
        }
    }
}

// The same for the last `columns` columns, fewer than a vector.
template <std::size_t R, typename Finish>
HWY_INLINE void gemm_tail(const Product<Finish>& x, std::int64_t row, std::int64_t column, std::int64_t columns) {
    const D d;
    float* HWY_RESTRICT c = x.c + row * x.c_stride + column;
    V sum[R];
#pragma GCC unroll 8
    for (std::size_t i = 0; i < R; ++i) {
        sum[i] = x.accumulate ? load_part(c + at(i, x.c_stride), columns)
                              : (x.bias != nullptr ? load_part(x.bias + column, columns) : hn::Zero(d));
    }
    const std::int64_t a_row = x.a.row;
    const std::int64_t a_col = x.a.col;
    const std::int64_t b_stride = x.b_stride;
    const float* HWY_RESTRICT pa = x.a.at + row * a_row;
    const float* HWY_RESTRICT pb = x.b + column;
    for (std::int64_t p = x.depth; p > 0; --p) {
        const V b = load_part(pb, columns);
#pragma GCC unroll 8
        for (std::size_t i = 0; i < R; ++i) {
            sum[i] = hn::MulAdd(hn::Set(d, pa[at(i, a_row)]), b, sum[i]);
        }
        pa += a_col;
        pb += b_stride;
    }
#pragma GCC unroll 8
    for (std::size_t i = 0; i < R; ++i) {
        store_part(x.finish.part(sum[i], row + at(i, 1), column, columns), c + at(i, x.c_stride), columns);
    }
}

// All rows of C for a panel of N vectors (0: a tail of `columns`).
template <std::size_t N, typename Finish>
HWY_INLINE void gemm_panel(const Product<Finish>& x, std::int64_t rows, std::int64_t column, std::int64_t columns) {
    std::int64_t row = 0;
    const auto block = [&]<std::size_t R>() HWY_ATTR {
        if constexpr (N == 0) {
            gemm_tail<R>(x, row, column, columns);
        } else {
            gemm_block<R, N>(x, row, column);
        }
        row += static_cast<std::int64_t>(R);
    };
    // Twice four of a last eight: blocks of two have too few chains of additions to fill the pipelines.
    while (rows - row >= static_cast<std::int64_t>(kRows) && rows - row != 8) {
        block.template operator()<kRows>();
    }
    while (rows - row >= 4) {
        block.template operator()<4>();
    }
    if (rows - row >= 2) {
        block.template operator()<2>();
    }
    if (rows - row >= 1) {
        block.template operator()<1>();
    }
}

template <typename Finish>
void gemm(std::int64_t rows, std::int64_t columns, const Product<Finish>& x) {
    const std::int64_t lanes = lane_count();
    const std::int64_t panel = at(kVectors, lanes);
    std::int64_t j = 0;
    for (; j + panel <= columns; j += panel) {
        gemm_panel<kVectors>(x, rows, j, 0);
    }
    if constexpr (kVectors > 2) {
        for (; j + 2 * lanes <= columns; j += 2 * lanes) {
            gemm_panel<2>(x, rows, j, 0);
        }
    }
    for (; j + lanes <= columns; j += lanes) {
        gemm_panel<1>(x, rows, j, 0);
    }
    if (j < columns) {
        gemm_panel<0>(x, rows, j, columns - j);
    }
}

// Some of the terms of a block of rows that NonzeroBlocks lists: `a` has R elements a term, one for each row.
struct ListedTerms {
    std::span<const std::int32_t> rows, terms;
    const float* a;
    bool first, last;  // of the block
};

// gemm_block for rows of any numbers, adding up the terms listed and leaving out the others.
template <std::size_t R, std::size_t N, typename Finish>
HWY_INLINE void listed_block(const Product<Finish>& x, const ListedTerms& block, std::int64_t column) {
    const D d;
    const std::int64_t lanes = lane_count();
    float* HWY_RESTRICT c[R];
    V sum[R][N];
#pragma GCC unroll 8
    for (std::size_t i = 0; i < R; ++i) {
        c[i] = x.c + block.rows[i] * x.c_stride + column;
#pragma GCC unroll 8
        for (std::size_t n = 0; n < N; ++n) {
            sum[i][n] = !block.first ? hn::LoadU(d, c[i] + at(n, lanes))
                                     : (x.bias != nullptr ? hn::LoadU(d, x.bias + column + at(n, lanes)) : hn::Zero(d));
        }
    }
    const float* HWY_RESTRICT pa = block.a;
    for (const std::int32_t term : block.terms) {
        const float* HWY_RESTRICT pb = x.b + term * x.b_stride + column;
        V b[N];
#pragma GCC unroll 8
        for (std::size_t n = 0; n < N; ++n) {
            b[n] = hn::LoadU(d, pb + at(n, lanes));
        }
#pragma GCC unroll 8
        for (std::size_t i = 0; i < R; ++i) {
            const V a = hn::Set(d, pa[i]);
#pragma GCC unroll 8
            for (std::size_t n = 0; n < N; ++n) {
                sum[i][n] = hn::MulAdd(a, b[n], sum[i][n]);
            }
        }
        pa += R;
    }
#pragma GCC unroll 8
    for (std::size_t i = 0; i < R; ++i) {
#pragma GCC unroll 8
        for (std::size_t n = 0; n < N; ++n) {
            const V done = block.last ? x.finish(sum[i][n], block.rows[i], column + at(n, lanes)) : sum[i][n];
            hn::StoreU(done, d, c[i] + at(n, lanes));
        }
    }
}

// Elements of A gathered at a time: they stay in the first-level cache while all columns of C pass.
inline constexpr std::size_t kListedTerms = 512;

// The rows of C that a block of R rows of A has.
template <std::size_t R, typename Finish>
HWY_INLINE void listed_rows(const Product<Finish>& x, const NonzeroBlocks::Block& block, std::int64_t columns) {
    const std::int64_t lanes = lane_count();
    float gathered[kListedTerms * R];
    std::size_t from = 0;
    do {
        const std::size_t count = std::min(kListedTerms, block.terms.size() - from);
        const ListedTerms part{block.rows, block.terms.subspan(from, count), gathered, from == 0,
                               from + count == block.terms.size()};
        float* HWY_RESTRICT to = gathered;
        for (const std::int32_t term : part.terms) {
            const float* HWY_RESTRICT a = x.a.at + term * x.a.col;
#pragma GCC unroll 8
            for (std::size_t i = 0; i < R; ++i) {
                *to++ = a[block.rows[i] * x.a.row];
            }
        }
        std::int64_t j = 0;
        for (; j + at(kVectors, lanes) <= columns; j += at(kVectors, lanes)) {
            listed_block<R, kVectors>(x, part, j);
        }
        for (; j < columns; j += lanes) {
            listed_block<R, 1>(x, part, j);
        }
        from += count;
    } while (from < block.terms.size());
}

// The rows of C that blocks first … first + count of A have. Columns are whole vectors; C is overwritten.
template <typename Finish>
void gemm_listed(const NonzeroBlocks& blocks, std::int64_t first, std::int64_t count, std::int64_t columns,
                 const Product<Finish>& x) {
    for (std::int64_t b = first; b < first + count; ++b) {
        const NonzeroBlocks::Block block = blocks[static_cast<std::size_t>(b)];
        switch (block.rows.size()) {
            case 6:
                listed_rows<6>(x, block, columns);
                break;
            case 4:
                listed_rows<4>(x, block, columns);
                break;
            case 2:
                listed_rows<2>(x, block, columns);
                break;
            default:
                listed_rows<1>(x, block, columns);
        }
    }
}

}  // namespace pitot::backend::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per target
