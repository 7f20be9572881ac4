// Tiles of batched products: how they come into shared memory, and how tensor cores multiply them.
#pragma once

#include "backend/cuda/fragment.cuh"
#include "backend/cuda/product.cuh"

namespace pitot::backend::cuda {

inline constexpr int kTileK = 32;

// Shared memory of one operand's tile: with k along its rows or across them. The padding sends the eight by four
// elements that a warp reads at once to different banks.
inline constexpr int kAlongK = kTileK + 4;
constexpr int across(int tile) { return tile + 8; }
constexpr int size_a(Layout layout) {
    return layout == Layout::kWeightGradient ? kTileK * across(kTileM) : kTileM * kAlongK;
}
constexpr int size_b(Layout layout) {
    return layout == Layout::kInputGradient ? kTileN * kAlongK : kTileK * across(kTileN);
}

template <Layout L>
__device__ __forceinline__ float element_a(const float* tile, int m, int k) {
    return L == Layout::kWeightGradient ? tile[k * across(kTileM) + m] : tile[m * kAlongK + k];
}
template <Layout L>
__device__ __forceinline__ float element_b(const float* tile, int k, int n) {
    return L == Layout::kInputGradient ? tile[n * kAlongK + k] : tile[k * across(kTileN) + n];
}

// Adds A·B of a warp's piece, M sixteens of rows and N eights of columns, over k, a multiple of 8 or in bf16 of 16.
// a_at(m, k) and b_at(k, n) are elements.
template <Precision P, int M, int N, typename A, typename B>
__device__ __forceinline__ void multiply(int k_end, const A& a_at, const B& b_at, float (&sums)[M][N][4]) {
    const int group = static_cast<int>(threadIdx.x) % 32 / 4;
    const int place = static_cast<int>(threadIdx.x) % 4;
    constexpr int each = P == Precision::kBf16 ? 2 : 1;  // of k a number
#pragma unroll
    for (int k = 0; k < k_end; k += 8 * each) {
        Fragment<4> a[M];
#pragma unroll
        for (int i = 0; i < M; ++i) {
            a[i] = fragment<P, 4>([&](int part, int n) {
                return a_at(16 * i + group + 8 * (part % 2), k + each * (place + 4 * (part / 2)) + n);
            });
        }
#pragma unroll
        for (int j = 0; j < N; ++j) {
            const auto b =
                fragment<P, 2>([&](int part, int n) { return b_at(k + each * (place + 4 * part) + n, 8 * j + group); });
#pragma unroll
            for (int i = 0; i < M; ++i) {
                multiply<P>(a[i], b, sums[i][j]);
            }
        }
    }
}

template <Layout L>
struct Loaders;
template <>
struct Loaders<Layout::kForward> {
    using A = Loader<float, kTileM, kTileK, kAlongK>;
    using B = Loader<float, kTileK, kTileN, across(kTileN)>;
};
template <>
struct Loaders<Layout::kInputGradient> {
    using A = Loader<float, kTileM, kTileK, kAlongK>;
    using B = Loader<float, kTileN, kTileK, kAlongK>;
};
template <>
struct Loaders<Layout::kWeightGradient> {
    using A = Loader<float, kTileK, kTileM, across(kTileM)>;
    using B = Loader<float, kTileK, kTileN, across(kTileN)>;
};

}  // namespace pitot::backend::cuda
