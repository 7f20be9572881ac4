// What kernels say that is not C++, as the processor plays it.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include <cuda_runtime_api.h>

struct dim3 {
    unsigned x = 1, y = 1, z = 1;
    constexpr dim3(unsigned a = 1, unsigned b = 1, unsigned c = 1) : x(a), y(b), z(c) {}
};
struct alignas(8) float2 {
    float x, y;
};
struct alignas(8) uint2 {
    unsigned x, y;
};
struct alignas(16) uint4 {
    unsigned x, y, z, w;
};
struct alignas(16) int4 {
    int x, y, z, w;
};
struct alignas(16) float4 {
    float x, y, z, w;
};

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __launch_bounds__(...)
#define __grid_constant__
#define __shared__ static thread_local  // blocks run one after the other on a thread

namespace pitot::emulation {

/// Of the thread that runs. Of one thread of the processor, which plays all threads of a block in turn.
struct Place {
    dim3 thread, block, threads, blocks;
};
inline thread_local Place place;

/// Until all threads of the block are here, or all of `lanes` of the warp.
void wait_for_block();
void wait_for_warp(unsigned lanes);
/// What each of `lanes` of this thread's warp brings, from lane 0 on, once all are here. It stands until each has come
/// to the next exchange.
std::byte* exchange(unsigned lanes, const void* mine, std::size_t size);
inline constexpr std::size_t kOfLane = 32;  ///< bytes between lanes
template <typename T>
const T& of_lane(const std::byte* all, int lane) {
    return *reinterpret_cast<const T*>(all + static_cast<std::size_t>(lane) * kOfLane);
}
template <typename T>
std::byte* exchange(unsigned lanes, const T& mine) {
    static_assert(sizeof(T) <= kOfLane);
    return exchange(lanes, &mine, sizeof(T));
}

}  // namespace pitot::emulation

#define threadIdx (::pitot::emulation::place.thread)
#define blockIdx (::pitot::emulation::place.block)
#define blockDim (::pitot::emulation::place.threads)
#define gridDim (::pitot::emulation::place.blocks)

inline void __syncthreads() { pitot::emulation::wait_for_block(); }
inline void __syncwarp(unsigned lanes = 0xFFFFFFFFU) { pitot::emulation::wait_for_warp(lanes); }
template <typename T>
T __shfl_sync(unsigned lanes, T value, int from) {
    return pitot::emulation::of_lane<T>(pitot::emulation::exchange(lanes, value), from % 32);
}
template <typename T>
T __shfl_xor_sync(unsigned lanes, T value, int mask) {
    return __shfl_sync(lanes, value, static_cast<int>(threadIdx.x % 32) ^ mask);
}
inline unsigned __match_any_sync(unsigned lanes, int value) {
    const std::byte* const all = pitot::emulation::exchange(lanes, value);
    unsigned same = 0;
    for (int lane = 0; lane < 32; ++lane) {
        const unsigned bit = 1U << static_cast<unsigned>(lane);
        same |= (lanes & bit) != 0 && pitot::emulation::of_lane<int>(all, lane) == value ? bit : 0U;
    }
    return same;
}
inline int __popc(unsigned x) { return std::popcount(x); }
inline int atomicAdd(int* to, int x) {
    const int before = *to;
    *to += x;
    return before;
}
__extension__ typedef unsigned __int128 Wide;
inline std::uint64_t __umul64hi(std::uint64_t a, std::uint64_t b) {
    return static_cast<std::uint64_t>((static_cast<Wide>(a) * b) >> 64U);
}
inline float __fdividef(float a, float b) { return a / b; }
inline float __expf(float x) { return std::exp(x); }
inline unsigned __float_as_uint(float x) { return std::bit_cast<unsigned>(x); }
inline float __uint_as_float(unsigned x) { return std::bit_cast<float>(x); }
using std::max;
using std::min;
