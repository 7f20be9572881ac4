// Sixteen rows of up to 128 columns in the registers of a warp, and their products. What one product gives is, rounded,
// a factor of the next.
#pragma once

#include "backend/cuda/rounded_tile.cuh"

namespace pitot::backend::cuda {

inline constexpr int kStrip = 16;                 ///< rows
inline constexpr int kColumns = 128;              ///< padded with zeros where there are fewer
inline constexpr int kStride = padded(kColumns);  ///< between rows in shared memory, of weights, too
inline constexpr int kPairs = kColumns / 16;      ///< of eights of columns
inline constexpr int kDepths = kColumns / 16;     ///< sixteens of k

using Strip = float[2 * kPairs][4];        ///< sums, as multiply_bf16() has them
using Factor = std::uint32_t[kDepths][4];  ///< the same rounded, as it takes them

/// Where a lane reads B for two eights of columns at a time: of rows of k or, unless `Down`, of rows of columns.
template <bool Down>
__device__ __forceinline__ const Bf16* lane_of(const Bf16* matrix, int stride) {
    const int lane = anew(static_cast<int>(threadIdx.x)) % 32;
    return Down ? matrix + lane % 16 * stride + lane / 16 * 8
                : matrix + (lane % 8 + lane / 16 * 8) * stride + lane / 8 % 2 * 8;
}
/// Some of B at a time: Count times two eights of columns over sixteen of k, kStride between rows.
template <int Count>
using Group = std::uint32_t[Count][4];
template <bool Down, int Count>
__device__ __forceinline__ void load_group(Group<Count>& to, const Bf16* at) {
#pragma unroll
    for (int j = 0; j < Count; ++j) {
        load_matrices<Down>(to[j], at + (Down ? 16 * j : 16 * j * kStride));
    }
}
/// Adds to two eights of columns each, from number 2 · First on.
template <int First, int Count, int Eights>
__device__ __forceinline__ void multiply_group(const std::uint32_t (&a)[4], const Group<Count>& b,
                                               float (&sums)[Eights][4]) {
#pragma unroll
    for (int j = 0; j < Count; ++j) {
        const std::uint32_t low[2] = {b[j][0], b[j][1]};
        const std::uint32_t high[2] = {b[j][2], b[j][3]};
        multiply_bf16(sums[2 * (First + j)], a, low);
        multiply_bf16(sums[2 * (First + j) + 1], a, high);
    }
}
/// Adds A·B of a strip over sixteens of k, kColumns columns of B, while what comes next of B is on its way: a_of(k, to)
/// tells A, `at` is where a lane reads B.
template <bool Down, typename Left>
__device__ __forceinline__ void multiply(int depths, const Bf16* at, const Left& a_of, Strip& sums) {
    constexpr int half = kPairs / 2;
    constexpr int next_half = Down ? 16 * half : 16 * half * kStride;
    constexpr int next = Down ? 16 * kStride : 16;
    Group<half> low;
    Group<half> high;
    load_group<Down, half>(low, at);
#pragma unroll 1
    for (int k = 0; k < depths; ++k) {
        std::uint32_t a[4];
        a_of(k, a);
        load_group<Down, half>(high, at + next_half);
        multiply_group<0, half>(a, low, sums);
        at += k + 1 < depths ? next : 0;
        load_group<Down, half>(low, at);
        multiply_group<half, half>(a, high, sums);
    }
}
/// The same where A is a factor.
template <bool Down>
__device__ __forceinline__ void multiply(const Factor& a, const Bf16* at, Strip& sums) {
    constexpr int quarter = kPairs / 4;
    const auto place = [&](int k, int part) {
        return at + (Down ? 16 * k * kStride + 16 * quarter * part : 16 * k + 16 * quarter * part * kStride);
    };
    Group<quarter> even;
    Group<quarter> odd;
    load_group<Down, quarter>(even, place(0, 0));
#pragma unroll
    for (int k = 0; k < kDepths; ++k) {
        load_group<Down, quarter>(odd, place(k, 1));
        multiply_group<0, quarter>(a[k], even, sums);
        load_group<Down, quarter>(even, place(k, 2));
        multiply_group<quarter, quarter>(a[k], odd, sums);
        load_group<Down, quarter>(odd, place(k, 3));
        multiply_group<2 * quarter, quarter>(a[k], even, sums);
        if (k + 1 < kDepths) {
            load_group<Down, quarter>(even, place(k + 1, 0));
        }
        multiply_group<3 * quarter, quarter>(a[k], odd, sums);
    }
}

__device__ __forceinline__ void clear(Strip& sums) {
#pragma unroll
    for (auto& eight : sums) {
#pragma unroll
        for (float& sum : eight) {
            sum = 0.0F;
        }
    }
}
/// Begins sums with a bias in shared memory.
__device__ __forceinline__ void add_bias(const float* bias, Strip& sums) {
    const float* at = bias + anew(static_cast<int>(threadIdx.x)) % 4 * 2;
#pragma unroll
    for (int j = 0; j < 2 * kPairs; ++j) {
        const float2 x = two_at(at + 8 * j);
        sums[j][0] = x.x;
        sums[j][1] = x.y;
        sums[j][2] = x.x;
        sums[j][3] = x.y;
    }
}
__device__ __forceinline__ void round_all(const Strip& sums, Factor& to) {
#pragma unroll
    for (int k = 0; k < kDepths; ++k) {
        to[k][0] = to_bf16(sums[2 * k][0], sums[2 * k][1]);
        to[k][1] = to_bf16(sums[2 * k][2], sums[2 * k][3]);
        to[k][2] = to_bf16(sums[2 * k + 1][0], sums[2 * k + 1][1]);
        to[k][3] = to_bf16(sums[2 * k + 1][2], sums[2 * k + 1][3]);
    }
}
// Of four lanes that have a row's eight neighbours times four by pairs, each gets one of these whole, and the other
// way.
__device__ __forceinline__ void exchange(std::uint32_t (&x)[4]) {
    const bool odd = threadIdx.x % 2 != 0;
    const bool upper = threadIdx.x % 4 >= 2;
    const auto swap = [](std::uint32_t& first, std::uint32_t& second, bool keeps_second, int lanes) {
        const std::uint32_t got = __shfl_xor_sync(kAll, keeps_second ? first : second, lanes);
        (keeps_second ? first : second) = got;
    };
    swap(x[0], x[1], odd, 1);
    swap(x[2], x[3], odd, 1);
    swap(x[0], x[2], upper, 2);
    swap(x[1], x[3], upper, 2);
}
// Calls use(which eight rows, which of a lane's columns of a matrix in the card's memory, four numbers of a factor that
// belong there once they are exchanged).
template <bool Whole, typename Use>
__device__ __forceinline__ void for_vectors(int cols, const Use& use) {
    const int lane = anew(static_cast<int>(threadIdx.x)) % 32;
#pragma unroll
    for (int k = 0; k < kDepths; k += 2) {
        const int c = 16 * k + lane % 4 * 8;
        if (Whole || 16 * k < cols) {
            use(0, c, k, Whole || c < cols);
            use(1, c, k, Whole || c < cols);
        }
    }
}
/// To the card's memory. What lies between the last column and the next row is 0, and stays it, whatever was computed.
template <bool Whole>
__device__ __forceinline__ void store(const Factor& from, const View<Bf16>& to, std::int64_t model, int first, int rows,
                                      int cols) {
    const int r = first + anew(static_cast<int>(threadIdx.x)) % 32 / 4;
    Bf16* const at = row(to, model, r);
    for_vectors<Whole>(to.ld, [&](int half, int c, int k, bool there) {
        std::uint32_t x[4] = {from[k][half], from[k][half + 2], from[k + 1][half], from[k + 1][half + 2]};
        exchange(x);
        if constexpr (!Whole) {
#pragma unroll
            for (int n = 0; n < 4; ++n) {
                const int left = cols - (c + 2 * n);  // columns
                x[n] = left > 1 ? x[n] : left == 1 ? x[n] & 0xFFFFU : 0U;
            }
        }
        if (there && r + 8 * half < rows) {
            store_16(at + 8 * half * to.ld + c, x);
        }
    });
}
/// From there. Lanes have to exchange what they load, later, so that they do not wait for it.
template <bool Whole>
__device__ __forceinline__ void load(const View<Bf16>& from, std::int64_t model, int first, int rows, Factor& to) {
    const int r = first + anew(static_cast<int>(threadIdx.x)) % 32 / 4;
    const Bf16* const at = row(from, model, r);
#pragma unroll
    for (auto& sixteen : to) {
#pragma unroll
        for (std::uint32_t& x : sixteen) {
            x = 0;
        }
    }
    for_vectors<Whole>(from.ld, [&](int half, int c, int k, bool there) {
        const bool read = there && r + 8 * half < rows;
        const uint4 x = read ? *reinterpret_cast<const uint4*>(at + 8 * half * from.ld + c) : uint4{0, 0, 0, 0};
        to[k][half] = x.x;
        to[k][half + 2] = x.y;
        to[k + 1][half] = x.z;
        to[k + 1][half + 2] = x.w;
    });
}
/// What a lane has of a factor once it is loaded.
__device__ __forceinline__ void exchange_all(Factor& x) {
#pragma unroll
    for (int k = 0; k < kDepths; k += 2) {
#pragma unroll
        for (int half = 0; half < 2; ++half) {
            std::uint32_t four[4] = {x[k][half], x[k][half + 2], x[k + 1][half], x[k + 1][half + 2]};
            exchange(four);
            x[k][half] = four[0];
            x[k][half + 2] = four[1];
            x[k + 1][half] = four[2];
            x[k + 1][half + 2] = four[3];
        }
    }
}

}  // namespace pitot::backend::cuda
