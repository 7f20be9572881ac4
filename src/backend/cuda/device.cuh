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

/// By its exponential: to 2e-7 of 1, where the fast instruction for it gives 5e-4.
__device__ __forceinline__ float tanh_of(float x) { return 1.0F - __fdividef(2.0F, 1.0F + __expf(2.0F * x)); }

/// Uses one element of a gradient; `at` is its place in its model's part.
__device__ __forceinline__ void apply(const Update& to, std::int64_t model, std::int64_t at, float gradient) {
    if (to.adam == nullptr) {
        part(to.gradient, model)[at] = gradient;
        return;
    }
    const AdamScalars s = to.adam[model];
    float& m = part(to.first, model)[at];
    float& v = part(to.second, model)[at];
    const float first = s.beta1 * m + (1.0F - s.beta1) * gradient;
    const float second = s.beta2 * v + (1.0F - s.beta2) * gradient * gradient;
    m = first;
    v = second;
    part(to.parameter, model)[at] -= __fdividef(s.rate * first, sqrtf(second) * s.root + s.epsilon);
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
    m.x = s.beta1 * m.x + (1.0F - s.beta1) * gradient.x;
    m.y = s.beta1 * m.y + (1.0F - s.beta1) * gradient.y;
    v.x = s.beta2 * v.x + (1.0F - s.beta2) * gradient.x * gradient.x;
    v.y = s.beta2 * v.y + (1.0F - s.beta2) * gradient.y * gradient.y;
    p.x -= __fdividef(s.rate * m.x, sqrtf(v.x) * s.root + s.epsilon);
    p.y -= __fdividef(s.rate * m.y, sqrtf(v.y) * s.root + s.epsilon);
    *at_m = m;
    *at_v = v;
    *at_p = p;
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
