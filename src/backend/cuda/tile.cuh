// Tiles of batched products: how they come into shared memory, and how tensor cores multiply them.
#pragma once

#include "backend/cuda/fragment.cuh"

namespace pitot::backend::cuda {

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

// Adam on one row of a warp's piece, some pairs a thread: all that is read first, so that nothing waits in line.
template <int N>
__device__ __forceinline__ void update_row(const Update& to, const AdamScalars& s, std::int64_t model, std::int64_t at,
                                           const float (&sums)[N][4], int half) {
    auto* const at_p = reinterpret_cast<float2*>(part(to.parameter, model) + at);
    auto* const at_m = reinterpret_cast<float2*>(part(to.first, model) + at);
    auto* const at_v = reinterpret_cast<float2*>(part(to.second, model) + at);
    float2 p[N];
    float2 m[N];
    float2 v[N];
#pragma unroll
    for (int j = 0; j < N; ++j) {
        p[j] = at_p[4 * j];
        m[j] = at_m[4 * j];
        v[j] = at_v[4 * j];
    }
#pragma unroll
    for (int j = 0; j < N; ++j) {
        adam_of(s, sums[j][2 * half], p[j].x, m[j].x, v[j].x);
        adam_of(s, sums[j][2 * half + 1], p[j].y, m[j].y, v[j].y);
    }
#pragma unroll
    for (int j = 0; j < N; ++j) {
        at_p[4 * j] = p[j];
        at_m[4 * j] = m[j];
        at_v[4 * j] = v[j];
    }
}

// Uses a warp's piece of a gradient (m × n, the piece from m0 and n0 on), as `to` says; what is read of a row is read
// first, so that nothing waits in line.
template <int M, int N>
__device__ __forceinline__ void use_gradient(const Update& to, std::int64_t model, int m, int n, int m0, int n0,
                                             const float (&sums)[M][N][4]) {
    const int lane = static_cast<int>(threadIdx.x) % 32;
    const bool whole = to.adam != nullptr && n0 + 8 * N <= n;
    const AdamScalars scalars = whole ? to.adam[model] : AdamScalars{};
#pragma unroll
    for (int i = 0; i < M; ++i) {
#pragma unroll
        for (int half = 0; half < 2; ++half) {
            const int r = m0 + 16 * i + 8 * half + lane / 4;
            const int c = n0 + lane % 4 * 2;
            const std::int64_t at = static_cast<std::int64_t>(r) * to.parameter.ld + c;
            if (r < m && whole) {
                update_row<N>(to, scalars, model, at, sums[i], half);
            } else if (r < m) {
#pragma unroll
                for (int j = 0; j < N; ++j) {
                    const float2 sum{sums[i][j][2 * half], sums[i][j][2 * half + 1]};
                    if (c + 8 * j + 1 < n) {
                        apply(to, model, at + 8 * j, sum);
                    } else if (c + 8 * j < n) {
                        apply(to, model, at + 8 * j, sum.x);
                    }
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
