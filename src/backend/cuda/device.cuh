// What kernels share.
#pragma once

#include <cstdint>

#include "backend/cuda/instructions.cuh"
#include "backend/cuda/launch.hpp"

namespace pitot::backend::cuda {

inline constexpr unsigned kAll = 0xFFFFFFFFU;  ///< all lanes of a warp

template <typename T>
__device__ __forceinline__ T* part(const View<T>& view, std::int64_t model) {
    return view.data + model * view.model;
}
template <typename T>
__device__ __forceinline__ T* row(const View<T>& view, std::int64_t model, std::int64_t i) {
    return view.data + model * view.model + i * view.ld;
}

/// Numbers as they are computed with, of those that lie in memory.
__device__ __forceinline__ float number_of(float x) { return x; }
__device__ __forceinline__ float number_of(Bf16 x) {
    return __uint_as_float(static_cast<std::uint32_t>(x.bits) << 16U);
}
/// Two or four neighbours, the first at a place that is a multiple of as many.
__device__ __forceinline__ float2 two_at(const float* from) { return *reinterpret_cast<const float2*>(from); }
__device__ __forceinline__ float2 two_of(std::uint32_t both) {
    return {__uint_as_float(both << 16U), __uint_as_float(both & 0xFFFF0000U)};
}
__device__ __forceinline__ float2 two_at(const Bf16* from) {
    return two_of(*reinterpret_cast<const std::uint32_t*>(from));
}
__device__ __forceinline__ float4 four_at(const float* from) { return *reinterpret_cast<const float4*>(from); }
__device__ __forceinline__ float4 four_at(const Bf16* from) {
    const auto both = *reinterpret_cast<const uint2*>(from);
    const float2 first = two_of(both.x);
    const float2 second = two_of(both.y);
    return {first.x, first.y, second.x, second.y};
}
__device__ __forceinline__ void store_two(float* to, float2 x) { *reinterpret_cast<float2*>(to) = x; }
__device__ __forceinline__ void store_two(Bf16* to, float2 x) {
    *reinterpret_cast<std::uint32_t*>(to) = to_bf16(x.x, x.y);
}
__device__ __forceinline__ void store_four(float* to, float4 x) { *reinterpret_cast<float4*>(to) = x; }
__device__ __forceinline__ void store_four(Bf16* to, float4 x) {
    *reinterpret_cast<uint2*>(to) = {to_bf16(x.x, x.y), to_bf16(x.z, x.w)};
}
__device__ __forceinline__ void store_number(float* to, float x) { *to = x; }
__device__ __forceinline__ void store_number(Bf16* to, float x) {
    *to = {static_cast<std::uint16_t>(to_bf16(x, 0.0F) & 0xFFFFU)};
}

/// By its exponential: to 2e-7 of 1, where the fast instruction for it gives 5e-4.
__device__ __forceinline__ float tanh_of(float x) { return 1.0F - __fdividef(2.0F, 1.0F + __expf(2.0F * x)); }

/// One step of Adam on one element.
__device__ __forceinline__ void adam_of(const AdamScalars& s, float gradient, float& p, float& m, float& v) {
    m = s.beta1 * m + (1.0F - s.beta1) * gradient;
    v = s.beta2 * v + (1.0F - s.beta2) * gradient * gradient;
    p -= __fdividef(s.rate * m, square_root(v) * s.root + s.epsilon);
}

/// Uses one element of a gradient; `at` is its place in its model's part.
__device__ __forceinline__ void apply(const Update& to, std::int64_t model, std::int64_t at, float gradient) {
    if (to.adam == nullptr) {
        part(to.gradient, model)[at] = gradient;
        return;
    }
    const AdamScalars s = to.adam[model];
    float& m = part(to.first, model)[at];
    float& v = part(to.second, model)[at];
    float first = m;
    float second = v;
    float parameter = part(to.parameter, model)[at];
    adam_of(s, gradient, parameter, first, second);
    m = first;
    v = second;
    part(to.parameter, model)[at] = parameter;
    if (to.rounded.data != nullptr) {
        store_number(part(to.rounded, model) + at, parameter);
    }
}
/// The same of two neighbours, the first at an even place.
__device__ __forceinline__ void apply(const Update& to, std::int64_t model, std::int64_t at, float2 gradient) {
    if (to.adam == nullptr) {
        *reinterpret_cast<float2*>(part(to.gradient, model) + at) = gradient;
        return;
    }
    const AdamScalars s = to.adam[model];
    auto* const at_m = reinterpret_cast<float2*>(part(to.first, model) + at);
    auto* const at_v = reinterpret_cast<float2*>(part(to.second, model) + at);
    auto* const at_p = reinterpret_cast<float2*>(part(to.parameter, model) + at);
    float2 m = *at_m;
    float2 v = *at_v;
    float2 p = *at_p;
    adam_of(s, gradient.x, p.x, m.x, v.x);
    adam_of(s, gradient.y, p.y, m.y, v.y);
    *at_m = m;
    *at_v = v;
    *at_p = p;
    if (to.rounded.data != nullptr) {
        store_two(part(to.rounded, model) + at, p);
    }
}

/// Four neighbours of a parameter and its moments, the first at a place that is a multiple of four.
struct Moments {
    float4 parameter, first, second;
};
__device__ __forceinline__ Moments moments_of(const Update& to, std::int64_t model, std::int64_t at) {
    return {four_at(part(to.parameter, model) + at), four_at(part(to.first, model) + at),
            four_at(part(to.second, model) + at)};
}
/// Four of a parameter, and of its moments, by a gradient.
__device__ __forceinline__ void adam_of(const AdamScalars& s, float4 gradient, Moments& now) {
    adam_of(s, gradient.x, now.parameter.x, now.first.x, now.second.x);
    adam_of(s, gradient.y, now.parameter.y, now.first.y, now.second.y);
    adam_of(s, gradient.z, now.parameter.z, now.first.z, now.second.z);
    adam_of(s, gradient.w, now.parameter.w, now.first.w, now.second.w);
}
/// Uses a gradient of four where what was before has been read.
__device__ __forceinline__ void apply(const Update& to, std::int64_t model, std::int64_t at, float4 gradient,
                                      Moments now) {
    adam_of(to.adam[model], gradient, now);
    store_four(part(to.parameter, model) + at, now.parameter);
    store_four(part(to.first, model) + at, now.first);
    store_four(part(to.second, model) + at, now.second);
    if (to.rounded.data != nullptr) {
        store_four(part(to.rounded, model) + at, now.parameter);
    }
}

__device__ __forceinline__ float sum_of_warp(float x) {
    for (int offset = 16; offset > 0; offset /= 2) {
        x += __shfl_xor_sync(kAll, x, offset);
    }
    return x;
}

__device__ __forceinline__ void add_scaled(float4& sum, float w, float4 x) {
    sum.x += w * x.x;
    sum.y += w * x.y;
    sum.z += w * x.z;
    sum.w += w * x.w;
}

}  // namespace pitot::backend::cuda
