// Vectors of floats: ragged ends, sums and tanh, for each instruction set in turn.
// NOLINT(llvm-header-guard): included once a target.

#if defined(PITOT_BACKEND_CPU_SIMD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PITOT_BACKEND_CPU_SIMD_INL_H_
#undef PITOT_BACKEND_CPU_SIMD_INL_H_
#else
#define PITOT_BACKEND_CPU_SIMD_INL_H_
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace pitot::backend::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

// Whether the register file holds 32 vectors (AVX-512, NEON) or 16.
#if HWY_TARGET <= HWY_AVX3 || (HWY_TARGET >= HWY_SVE2_128 && HWY_TARGET <= HWY_NEON)
inline constexpr bool kManyRegisters = true;
#else
inline constexpr bool kManyRegisters = false;
#endif

// Offset of the n-th item of `step` elements.
HWY_INLINE std::int64_t at(std::size_t n, std::int64_t step) { return static_cast<std::int64_t>(n) * step; }

HWY_INLINE std::int64_t lane_count() { return static_cast<std::int64_t>(hn::Lanes(D())); }

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

// Calls full(column) for whole vectors and tail(column, count) for the rest of `n` columns.
template <typename Full, typename Tail>
HWY_INLINE void for_vectors(std::int64_t n, Full full, Tail tail) {
    const std::int64_t lanes = lane_count();
    std::int64_t c = 0;
    for (; c + lanes <= n; c += lanes) {
        full(c);
    }
    if (c < n) {
        tail(c, n - c);
    }
}

// y[c] = f(y[c], x[c]) over n columns.
template <typename F>
HWY_INLINE void update(float* HWY_RESTRICT y, const float* HWY_RESTRICT x, std::int64_t n, F f) {
    const D d;
    for_vectors(
        n, [&](std::int64_t c) { hn::StoreU(f(hn::LoadU(d, y + c), hn::LoadU(d, x + c)), d, y + c); },
        [&](std::int64_t c, std::int64_t count) {
            store_part(f(load_part(y + c, count), load_part(x + c, count)), y + c, count);
        });
}

HWY_INLINE void add_scaled(float scale, const float* HWY_RESTRICT x, float* HWY_RESTRICT y, std::int64_t n) {
    const V s = hn::Set(D(), scale);
    update(y, x, n, [&](V yv, V xv) { return hn::MulAdd(s, xv, yv); });
}

HWY_INLINE float dot(const float* HWY_RESTRICT a, const float* HWY_RESTRICT b, std::int64_t n) {
    const D d;
    const std::int64_t lanes = lane_count();
    V sum0 = hn::Zero(d);
    V sum1 = hn::Zero(d);
    std::int64_t c = 0;
    for (; c + 2 * lanes <= n; c += 2 * lanes) {
        sum0 = hn::MulAdd(hn::LoadU(d, a + c), hn::LoadU(d, b + c), sum0);
        sum1 = hn::MulAdd(hn::LoadU(d, a + c + lanes), hn::LoadU(d, b + c + lanes), sum1);
    }
    for_vectors(
        n - c, [&](std::int64_t k) { sum0 = hn::MulAdd(hn::LoadU(d, a + c + k), hn::LoadU(d, b + c + k), sum0); },
        [&](std::int64_t k, std::int64_t count) {
            sum1 = hn::MulAdd(load_part(a + c + k, count), load_part(b + c + k, count), sum1);
        });
    return hn::GetLane(hn::SumOfLanes(d, hn::Add(sum0, sum1)));
}

// Sums of the lanes of four vectors.
HWY_INLINE void lane_sums(const V (&v)[4], float* HWY_RESTRICT sums) {
#if HWY_TARGET == HWY_SCALAR
    for (std::size_t n = 0; n < 4; ++n) {
        sums[n] = hn::GetLane(v[n]);
    }
#else
    // Each block of four lanes is transposed, so that a block of the sum has one lane for each vector.
    const D d;
    const hn::RepartitionToWide<D> two;
    const auto v01 = hn::BitCast(two, hn::Add(hn::InterleaveLower(d, v[0], v[1]), hn::InterleaveUpper(d, v[0], v[1])));
    const auto v23 = hn::BitCast(two, hn::Add(hn::InterleaveLower(d, v[2], v[3]), hn::InterleaveUpper(d, v[2], v[3])));
    HWY_ALIGN float blocks[hn::MaxLanes(d)];
    hn::Store(
        hn::Add(hn::BitCast(d, hn::InterleaveLower(two, v01, v23)), hn::BitCast(d, hn::InterleaveUpper(two, v01, v23))),
        d, blocks);
    const hn::FixedTag<float, 4> four;
    auto sum = hn::Load(four, blocks);
    for (std::size_t n = 4; n < hn::Lanes(d); n += 4) {
        sum = hn::Add(sum, hn::Load(four, blocks + n));
    }
    hn::StoreU(sum, four, sums);
#endif
}

// tanh x = x P(x²) / Q(x²), both of degree 4, fitted for the least relative error on |x| <= 9.02, where it is 2.1e-8;
// beyond that tanh rounds to 1. With the rounding of its evaluation the relative error is below 6 units of 2^-24
// (3.6e-7) everywhere, denormals included; it is odd to the bit, and NaN stays NaN.
HWY_INLINE V tanh_of(V x) {
    const D d;
    const V limit = hn::Set(d, 9.02F);
    // Clamped only where it is larger, so that NaN passes.
    const V inside = hn::IfThenElse(hn::Gt(hn::Abs(x), limit), hn::CopySign(limit, x), x);
    const V s = hn::Mul(inside, inside);
    V p = hn::Set(d, 1.3319063253721439e-8F);
    p = hn::MulAdd(p, s, hn::Set(d, 2.0583474320664227e-5F));
    p = hn::MulAdd(p, s, hn::Set(d, 3.4940341123935294e-3F));
    p = hn::MulAdd(p, s, hn::Set(d, 0.13379717560609142F));
    p = hn::MulAdd(p, s, hn::Set(d, 0.9999999790256286F));
    V q = hn::Set(d, 7.762015686419173e-7F);
    q = hn::MulAdd(q, s, hn::Set(d, 3.283091242116624e-4F));
    q = hn::MulAdd(q, s, hn::Set(d, 0.02587107148211951F));
    q = hn::MulAdd(q, s, hn::Set(d, 0.4671303280329973F));
    q = hn::MulAdd(q, s, hn::Set(d, 1.0F));
    return hn::Div(hn::Mul(inside, p), q);
}

// slope * tanh'(x) where y = tanh(x).
HWY_INLINE V tanh_slope_of(V slope, V y) { return hn::Mul(slope, hn::NegMulAdd(y, y, hn::Set(D(), 1.0F))); }

}  // namespace pitot::backend::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per target
