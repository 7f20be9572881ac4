// Matrices of rounded numbers in shared memory, and how tensor cores multiply them.
#pragma once

#include "backend/cuda/device.cuh"

namespace pitot::backend::cuda {

/// Numbers between rows of a matrix of so many columns, a multiple of eight, so that eight rows are in different banks.
constexpr int padded(int cols) { return cols + 8; }

/// A for one multiply_bf16(): rows m …, k …, of a matrix of rows of k or, `Across`, of rows of m.
template <bool Across>
__device__ __forceinline__ void load_left(std::uint32_t (&to)[4], const Bf16* matrix, int stride, int m, int k) {
    const int lane = static_cast<int>(threadIdx.x) % 32;
    const int r = Across ? k + lane % 8 + lane / 16 * 8 : m + lane % 16;
    const int c = Across ? m + lane / 8 % 2 * 8 : k + lane / 16 * 8;
    load_matrices<Across>(to, matrix + r * stride + c);
}
/// B for two, sixteen columns from n on: of a matrix of rows of k or, `Across`, of rows of n.
template <bool Across>
__device__ __forceinline__ void load_right(std::uint32_t (&to)[2][2], const Bf16* matrix, int stride, int k, int n) {
    const int lane = static_cast<int>(threadIdx.x) % 32;
    const int r = Across ? k + lane % 16 : n + lane % 8 + lane / 16 * 8;
    const int c = Across ? n + lane / 16 * 8 : k + lane / 8 % 2 * 8;
    std::uint32_t all[4];
    load_matrices<Across>(all, matrix + r * stride + c);
    to[0][0] = all[0];
    to[0][1] = all[1];
    to[1][0] = all[2];
    to[1][1] = all[3];
}

}  // namespace pitot::backend::cuda
