// Tiles of the network on pairs, which stay in shared memory, and how tensor cores multiply them.
#pragma once

#include "backend/cuda/fragment.cuh"

namespace pitot::backend::cuda::pairs {

inline constexpr int kTile = kPairColumns;  // rows and columns of a tile
inline constexpr int kSixteens = 4;         // rows of a warp's piece, in sixteens
inline constexpr int kEights = 4;           // its columns, in eights
using Sums = float[kSixteens][kEights][4];

// Where an element of a tile lies: so that eight rows by four columns, and four rows by eight columns, are in different
// banks.
__device__ __forceinline__ int place_of(int r, int c) { return r * kTile + (c ^ ((r & 3) * 8 + (r >> 2 & 1) * 4)); }

// As products in this precision want it in a tile that nothing else reads.
template <Precision P>
__device__ __forceinline__ float rounded(float x) {
    return P == Precision::kTf32 ? __uint_as_float(to_tf32(x)) : x;
}

// A warp's piece of an operand, from row or column m0 on of a tile: k along its rows, or down its columns. `Rounded`:
// see rounded().
template <bool Down, bool Rounded>
class Operand {
public:
    __device__ Operand(const float* tile, int m0) : tile_(tile) {
        const int lane = static_cast<int>(threadIdx.x) % 32;
        const int group = lane / 4;
        const int place = lane % 4;
        first_ = Down ? place * kTile + m0 + place * 8 + group : place_of(m0 + group, place);
    }
    // Of k + 8 * q + t + 4 * half and eight number x, element g of it. `k` is a multiple of 32.
    __device__ __forceinline__ float at(int k, int q, int x, int half) const {
        return Down ? tile_[(first_ ^ (x % 4 * 8 + half * 4)) + (k + 8 * q + 4 * half) * kTile + x / 4 * 32]
                    : tile_[(first_ ^ (q * 8 + half * 4)) + k + x * 8 * kTile];
    }
    static constexpr bool kRounded = Rounded;

private:
    const float* tile_;
    int first_;
};

// Adds A·B of a warp's piece. A fragment is of eight of k, or of sixteen where two are packed into a number: the first
// eight's t and t + 4, then the second's. In which order k comes does not matter as long as both operands have the
// same.
template <Precision P, typename A, typename B>
__device__ __forceinline__ void multiply(const A& left, const B& right, int k_end, Sums& sums) {
    constexpr bool packed = P == Precision::kBf16;
#pragma unroll 1
    for (int k = 0; k < k_end; k += 32) {
#pragma unroll
        for (int q = 0; q < 4; q += packed ? 2 : 1) {
            Fragment<4> a[kSixteens];
#pragma unroll
            for (int i = 0; i < kSixteens; ++i) {
                a[i] = fragment<P, 4, A::kRounded>([&](int part, int n) {
                    return packed ? left.at(k, q + part / 2, 2 * i + part % 2, n)
                                  : left.at(k, q, 2 * i + part % 2, part / 2);
                });
            }
#pragma unroll
            for (int j = 0; j < kEights; ++j) {
                const auto b = fragment<P, 2, B::kRounded>(
                    [&](int part, int n) { return packed ? right.at(k, q + part, j, n) : right.at(k, q, j, part); });
#pragma unroll
                for (int i = 0; i < kSixteens; ++i) {
                    cuda::multiply<P>(a[i], b, sums[i][j]);
                }
            }
        }
    }
}

}  // namespace pitot::backend::cuda::pairs
