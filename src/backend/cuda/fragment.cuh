// Factors of products on tensor cores, in each precision.
#pragma once

#include "backend/cuda/device.cuh"

namespace pitot::backend::cuda {

/// What one lane has of a factor for 8 (tf32) or 16 (bf16) of k, as multiply_tf32() and multiply_bf16() take it. In
/// fp32 `rest` is what rounding left over, which goes through products of its own.
template <int Count>
struct Fragment {
    std::uint32_t high[Count], rest[Count];
};
/// element(part, n): number `part`, in bf16 of its two the first or second. `Rounded`: whether elements are tf32
/// already where products are.
template <Precision P, int Count, bool Rounded = false, typename Element>
__device__ __forceinline__ Fragment<Count> fragment(const Element& element) {
    Fragment<Count> out = {};
#pragma unroll
    for (int part = 0; part < Count; ++part) {
        if constexpr (P == Precision::kBf16) {
            out.high[part] = to_bf16(element(part, 0), element(part, 1));
        } else {
            const float x = element(part, 0);
            out.high[part] = Rounded && P == Precision::kTf32 ? __float_as_uint(x) : to_tf32(x);
            if constexpr (P == Precision::kFp32) {
                out.rest[part] = to_tf32(x - __uint_as_float(out.high[part]));
            }
        }
    }
    return out;
}
/// C += A·B of a warp.
template <Precision P>
__device__ __forceinline__ void multiply(const Fragment<4>& a, const Fragment<2>& b, float (&sums)[4]) {
    if constexpr (P == Precision::kBf16) {
        multiply_bf16(sums, a.high, b.high);
    } else {
        if constexpr (P == Precision::kFp32) {
            multiply_tf32(sums, a.rest, b.high);
            multiply_tf32(sums, a.high, b.rest);
        }
        multiply_tf32(sums, a.high, b.high);
    }
}

}  // namespace pitot::backend::cuda
