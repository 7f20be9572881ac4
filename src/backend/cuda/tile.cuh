// Tiles of batched products: how they come into shared memory, and how tensor cores multiply them.
#pragma once

#include "backend/cuda/device.cuh"

namespace pitot::backend::cuda {

inline constexpr int kTileM = 64;
inline constexpr int kTileN = 128;
inline constexpr int kTileK = 32;
inline constexpr int kThreads = 256;
inline constexpr int kEights = 4;  // columns of a warp's piece, in eights

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

// What one thread copies of the tiles of an operand, Rows × Cols of a row-major matrix each; what is outside is 0.
template <int Rows, int Cols, int Stride>
class Loader {
    static constexpr int kVectors = Cols / 4;
    static constexpr int kStep = kThreads / kVectors;  // rows between this thread's

public:
    __device__ Loader(const float* matrix, std::int64_t ld, int row, int rows, int column, int cols)
        : ld_(ld),
          row_(row + static_cast<int>(threadIdx.x) / kVectors),
          rows_(rows),
          column_(column + static_cast<int>(threadIdx.x) % kVectors * 4),
          cols_(cols),
          from_(matrix + row_ * ld + column_) {}

    __device__ void load(float* to) const {
        to += static_cast<int>(threadIdx.x) / kVectors * Stride + static_cast<int>(threadIdx.x) % kVectors * 4;
#pragma unroll
        for (int n = 0; n < Rows / kStep; ++n) {
            const bool there = row_ + n * kStep < rows_ && column_ < cols_;
            copy_16(to + n * kStep * Stride, there ? from_ + n * kStep * ld_ : from_, there);
        }
    }
    __device__ void move_down(int rows) {
        row_ += rows;
        from_ += rows * ld_;
    }
    __device__ void move_right(int cols) {
        column_ += cols;
        from_ += cols;
    }

private:
    std::int64_t ld_;
    int row_, rows_, column_, cols_;
    const float* from_;
};

template <Layout L>
__device__ __forceinline__ float element_a(const float* tile, int m, int k) {
    return L == Layout::kWeightGradient ? tile[k * across(kTileM) + m] : tile[m * kAlongK + k];
}
template <Layout L>
__device__ __forceinline__ float element_b(const float* tile, int k, int n) {
    return L == Layout::kInputGradient ? tile[n * kAlongK + k] : tile[k * across(kTileN) + n];
}

inline constexpr int kSixteens = kTileM / 32;  // rows of a warp's piece, in sixteens
using Sums = float[kSixteens][kEights][4];

// Fragments of a warp's piece: its rows and columns, for 8 (tf32) or 16 (bf16) of k.
template <Layout L, Precision P>
__device__ __forceinline__ void multiply_tile(const float* a_tile, const float* b_tile, int m0, int n0, Sums& sums) {
    const int lane = static_cast<int>(threadIdx.x) % 32;
    const int group = lane / 4;
    const int place = lane % 4;
    if constexpr (P == Precision::kBf16) {
#pragma unroll
        for (int k = 0; k < kTileK; k += 16) {
            std::uint32_t a[kSixteens][4];
#pragma unroll
            for (int i = 0; i < kSixteens; ++i) {
#pragma unroll
                for (int part = 0; part < 4; ++part) {
                    const int m = m0 + 16 * i + group + 8 * (part % 2);
                    const int kk = k + 2 * place + 8 * (part / 2);
                    a[i][part] = to_bf16(element_a<L>(a_tile, m, kk), element_a<L>(a_tile, m, kk + 1));
                }
            }
#pragma unroll
            for (int j = 0; j < kEights; ++j) {
                std::uint32_t b[2];
#pragma unroll
                for (int part = 0; part < 2; ++part) {
                    const int kk = k + 2 * place + 8 * part;
                    const int n = n0 + 8 * j + group;
                    b[part] = to_bf16(element_b<L>(b_tile, kk, n), element_b<L>(b_tile, kk + 1, n));
                }
#pragma unroll
                for (int i = 0; i < kSixteens; ++i) {
                    multiply_bf16(sums[i][j], a[i], b);
                }
            }
        }
    } else {
#pragma unroll
        for (int k = 0; k < kTileK; k += 8) {
            std::uint32_t a[kSixteens][4];
            std::uint32_t a_rest[kSixteens][4];
#pragma unroll
            for (int i = 0; i < kSixteens; ++i) {
#pragma unroll
                for (int part = 0; part < 4; ++part) {
                    const float x =
                        element_a<L>(a_tile, m0 + 16 * i + group + 8 * (part % 2), k + place + 4 * (part / 2));
                    a[i][part] = to_tf32(x);
                    if constexpr (P == Precision::kFp32) {
                        a_rest[i][part] = to_tf32(x - __uint_as_float(a[i][part]));
                    }
                }
            }
#pragma unroll
            for (int j = 0; j < kEights; ++j) {
                std::uint32_t b[2];
                std::uint32_t b_rest[2];
#pragma unroll
                for (int part = 0; part < 2; ++part) {
                    const float x = element_b<L>(b_tile, k + place + 4 * part, n0 + 8 * j + group);
                    b[part] = to_tf32(x);
                    if constexpr (P == Precision::kFp32) {
                        b_rest[part] = to_tf32(x - __uint_as_float(b[part]));
                    }
                }
#pragma unroll
                for (int i = 0; i < kSixteens; ++i) {
                    if constexpr (P == Precision::kFp32) {
                        multiply_tf32(sums[i][j], a_rest[i], b);
                        multiply_tf32(sums[i][j], a[i], b_rest);
                    }
                    multiply_tf32(sums[i][j], a[i], b);
                }
            }
        }
    }
}

template <Layout L>
struct Loaders;
template <>
struct Loaders<Layout::kForward> {
    using A = Loader<kTileM, kTileK, kAlongK>;
    using B = Loader<kTileK, kTileN, across(kTileN)>;
};
template <>
struct Loaders<Layout::kInputGradient> {
    using A = Loader<kTileM, kTileK, kAlongK>;
    using B = Loader<kTileN, kTileK, kAlongK>;
};
template <>
struct Loaders<Layout::kWeightGradient> {
    using A = Loader<kTileK, kTileM, across(kTileM)>;
    using B = Loader<kTileK, kTileN, across(kTileN)>;
};

}  // namespace pitot::backend::cuda
