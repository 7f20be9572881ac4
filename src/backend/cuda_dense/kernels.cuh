// What the kernels of this room share.
#pragma once

#include "backend/cuda_dense/kernels.hpp"

namespace pitot::backend::device {

inline constexpr int kWarp = 32;
inline constexpr int kThreads = 256;
inline constexpr unsigned kAll = 0xffffffffU;

__host__ __device__ constexpr int divide_up(std::int64_t a, std::int64_t b) {
    return static_cast<int>((a + b - 1) / b);
}

template <typename T>
__device__ T warp_sum(T value) {
    for (int offset = kWarp / 2; offset > 0; offset /= 2) {
        value += __shfl_down_sync(kAll, value, offset);
    }
    return value;
}

// The sum of a block's values, to its first thread.
inline __device__ double block_sum(double value) {
    __shared__ double part[kWarp];
    const int lane = static_cast<int>(threadIdx.x) % kWarp;
    const int warp = static_cast<int>(threadIdx.x) / kWarp;
    value = warp_sum(value);
    __syncthreads();
    if (lane == 0) {
        part[warp] = value;
    }
    __syncthreads();
    value = lane < static_cast<int>(blockDim.x) / kWarp ? part[lane] : 0.0;
    return warp == 0 ? warp_sum(value) : 0.0;
}

/// Blocks of kThreads threads, one thread an x.
inline dim3 grid_of(std::int64_t x, std::int64_t y = 1, std::int64_t z = 1) {
    return {static_cast<unsigned>(divide_up(x, kThreads)), static_cast<unsigned>(y), static_cast<unsigned>(z)};
}
/// Blocks of kThreads threads, one warp an x.
inline dim3 warps_of(std::int64_t x, std::int64_t y = 1) {
    return {static_cast<unsigned>(divide_up(x, kThreads / kWarp)), static_cast<unsigned>(y)};
}

}  // namespace pitot::backend::device
