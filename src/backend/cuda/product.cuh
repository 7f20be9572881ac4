// What batched products of numbers in single precision and of rounded ones share: which tile a block computes, how
// tiles come into shared memory, and what becomes of the product: bias, tanh and its derivative, products with a few
// vectors, Adam.
#pragma once

#include <cstddef>
#include <type_traits>

#include "backend/cuda/device.cuh"

namespace pitot::backend::cuda {

inline constexpr int kThreads = 256;
inline constexpr int kEights = 4;              // columns of a warp's piece, in eights
inline constexpr int kSixteens = kTileM / 32;  // rows of a warp's piece, in sixteens
using Sums = float[kSixteens][kEights][4];

// Which product a block works on, which tile of it, and which piece of that is its warp's: rows and columns of C.
template <typename T>
struct Piece {
    const ProductOf<T>& product;
    std::int64_t model;
    int first_m, first_n;  // of the block
    int m0, n0;            // the warp's, within the block's
    [[nodiscard]] __device__ bool idle() const { return first_m + m0 >= product.m || first_n + n0 >= product.n; }
};
template <typename T>
__device__ __forceinline__ Piece<T> piece_of(const ProductsOf<T>& products) {
    int number = 0;
    while (number + 1 < products.count && static_cast<int>(blockIdx.x) >= products.product[number + 1].first_tile) {
        ++number;
    }
    const ProductOf<T>& product = products.product[number];
    const int tile = static_cast<int>(blockIdx.x) - product.first_tile;
    const int warp = static_cast<int>(threadIdx.x) / 32;
    return {product,
            blockIdx.y,
            tile / product.tiles_n * kTileM,
            tile % product.tiles_n * kTileN,
            warp / 4 * 16 * kSixteens,
            warp % 4 * 8 * kEights};
}

// What one thread copies of the tiles of an operand, Rows × Cols of a row-major matrix each; what is outside is 0.
template <typename T, int Rows, int Cols, int Stride>
class Loader {
    static constexpr int kEach = 16 / static_cast<int>(sizeof(T));
    static constexpr int kVectors = Cols / kEach;
    static constexpr int kStep = kThreads / kVectors;  // rows between this thread's

public:
    __device__ Loader(const T* matrix, std::int64_t ld, int row, int rows, int column, int cols)
        : ld_(ld),
          row_(row + static_cast<int>(threadIdx.x) / kVectors),
          rows_(rows),
          column_(column + static_cast<int>(threadIdx.x) % kVectors * kEach),
          cols_(cols),
          from_(matrix + row_ * ld + column_) {}

    __device__ void load(T* to) const {
        to += static_cast<int>(threadIdx.x) / kVectors * Stride + static_cast<int>(threadIdx.x) % kVectors * kEach;
#pragma unroll
        for (int n = 0; n < Rows / kStep; ++n) {
            const bool there = row_ + n * kStep < rows_ && column_ < cols_;
            copy_16(to + n * kStep * Stride, there ? from_ + n * kStep * ld_ : from_, there);
        }
    }
    // To the next tile, down or to the right.
    template <bool Down>
    __device__ void move(int by) {
        (Down ? row_ : column_) += by;
        from_ += Down ? by * ld_ : by;
    }

private:
    std::int64_t ld_;
    int row_, rows_, column_, cols_;
    const T* from_;
};

inline constexpr int kGradientLine = kTileN + 4;  // numbers between rows of a tile of a gradient in shared memory
inline constexpr std::size_t kGradientBytes = std::size_t{kTileM} * kGradientLine * sizeof(float);

// Uses such a tile as `to` says: rows first … first + rows and columns from … from + cols of the gradient. A warp takes
// a whole row at a time, as it lies in the card's memory. Columns up to the next multiple of four are there, and 0.
template <typename T>
__device__ __forceinline__ void use_rows(const Update& to, std::int64_t model, int first, int rows, int from, int cols,
                                         const float* gradient) {
    constexpr int kWarps = kThreads / 32;
    constexpr int kAtOnce = 2;
    const int warp = static_cast<int>(threadIdx.x) / 32;
    const int c = static_cast<int>(threadIdx.x) % 32 * 4;
    if (c >= cols) {
        return;
    }
    const int step = kWarps * to.parameter.ld;
    const std::int64_t begin = static_cast<std::int64_t>(first + warp) * to.parameter.ld + from + c;
    gradient += warp * kGradientLine + c;
    if (to.adam == nullptr) {
        float* at = part(to.gradient, model) + begin;
        for (int r = warp; r < rows; r += kWarps) {
            store_together(at, four_at(gradient));
            at += step;
            gradient += kWarps * kGradientLine;
        }
        return;
    }
    const AdamScalars scalars = to.adam[model];
    float* at_parameter = part(to.parameter, model) + begin;
    float* at_first = part(to.first, model) + begin;
    float* at_second = part(to.second, model) + begin;
    Bf16* at_rounded = std::is_same_v<T, Bf16> ? part(to.rounded, model) + begin : nullptr;
#pragma unroll 1
    for (int r = warp; r < rows; r += kAtOnce * kWarps) {
        Moments now[kAtOnce];
#pragma unroll
        for (int u = 0; u < kAtOnce; ++u) {
            if (r + u * kWarps < rows) {
                now[u] = {four_at(at_parameter + u * step), four_at(at_first + u * step),
                          four_at(at_second + u * step)};
            }
        }
#pragma unroll
        for (int u = 0; u < kAtOnce; ++u) {
            if (r + u * kWarps < rows) {
                adam_of(scalars, four_at(gradient + u * kWarps * kGradientLine), now[u]);
                store_together(at_parameter + u * step, now[u].parameter);
                store_together(at_first + u * step, now[u].first);
                store_together(at_second + u * step, now[u].second);
                if constexpr (std::is_same_v<T, Bf16>) {
                    store_together(&at_rounded[u * step].bits, {to_bf16(now[u].parameter.x, now[u].parameter.y),
                                                                to_bf16(now[u].parameter.z, now[u].parameter.w)});
                }
            }
        }
        at_parameter += kAtOnce * step;
        at_first += kAtOnce * step;
        at_second += kAtOnce * step;
        at_rounded += std::is_same_v<T, Bf16> ? kAtOnce * step : 0;
        gradient += kAtOnce * kWarps * kGradientLine;
    }
}

// What becomes of C's row i, some pairs of columns a thread from column j on, and where it goes; in place, as
// dot_rows() wants it. All that is read is read first, so that nothing waits in line. `whole`: all columns are there.
template <Layout L, typename T>
__device__ __forceinline__ void finish_row(const ProductOf<T>& product, std::int64_t model, int i, int j, bool whole,
                                           const float2 (&bias)[kEights], float (&sums)[kEights][4], int half) {
    const std::int64_t at = static_cast<std::int64_t>(i) * product.c.ld + j;
    float2 y[kEights];
    const bool slopes = L == Layout::kInputGradient && product.slope.data != nullptr;
    if (slopes) {
        const T* from = row(product.slope, model, i) + j;
#pragma unroll
        for (int n = 0; n < kEights; ++n) {
            // Between rows is room up to a multiple of four, so a pair is there whole or not at all.
            y[n] = whole || j + 8 * n < product.n ? two_at(from + 8 * n) : float2{0.0F, 0.0F};
        }
    }
    T* to = part(product.c, model) + at;
#pragma unroll
    for (int n = 0; n < kEights; ++n) {
        float2 sum{sums[n][2 * half], sums[n][2 * half + 1]};
        if constexpr (L == Layout::kForward) {
            sum = {sum.x + bias[n].x, sum.y + bias[n].y};
            if (product.tanh) {
                sum = {tanh_of(sum.x), tanh_of(sum.y)};
            }
        }
        if (slopes) {
            sum = {sum.x * (1.0F - y[n].x * y[n].x), sum.y * (1.0F - y[n].y * y[n].y)};
        }
        // A column behind the last is 0, as it is to be: weights and biases have 0 there.
        if (whole || j + 8 * n < product.n) {
            store_two(to + 8 * n, sum);
        }
        sums[n][2 * half] = sum.x;
        sums[n][2 * half + 1] = sum.y;
    }
}

// Products of the rows of C, which the block has whole, with a few vectors.
template <typename T>
__device__ __forceinline__ void dot_rows(const ProductOf<T>& product, std::int64_t model, int first_m, int m0, int n0,
                                         const Sums& values, float* shared) {
    const int lane = static_cast<int>(threadIdx.x) % 32;
    const float* vectors = part(product.dot_vectors, model);
    const std::int64_t ld = product.dot_vectors.ld;
    for (int q = 0; q < product.dots; ++q) {
        float2 by[kEights];
#pragma unroll
        for (int j = 0; j < kEights; ++j) {
            const int c = n0 + 8 * j + lane % 4 * 2;
            const auto at = [&](int column) {
                return column >= product.n  ? 0.0F
                       : product.dot_across ? vectors[column * ld + q]
                                            : vectors[q * ld + column];
            };
            by[j] = {at(c), at(c + 1)};
        }
        __syncthreads();
#pragma unroll
        for (int i = 0; i < kSixteens; ++i) {
#pragma unroll
            for (int half = 0; half < 2; ++half) {
                float sum = 0.0F;
#pragma unroll
                for (int j = 0; j < kEights; ++j) {
                    sum += values[i][j][2 * half] * by[j].x + values[i][j][2 * half + 1] * by[j].y;
                }
                sum += __shfl_xor_sync(kAll, sum, 1);
                sum += __shfl_xor_sync(kAll, sum, 2);
                if (lane % 4 == 0) {
                    shared[(m0 + 16 * i + 8 * half + lane / 4) * 4 + n0 / 32] = sum;
                }
            }
        }
        __syncthreads();
        const int r = static_cast<int>(threadIdx.x);
        if (r < kTileM && first_m + r < product.m) {
            const float bias = product.dot_bias.data == nullptr ? 0.0F : part(product.dot_bias, model)[q];
            row(product.dot_out, model, first_m + r)[q] =
                (shared[4 * r] + shared[4 * r + 1]) + (shared[4 * r + 2] + shared[4 * r + 3]) + bias;
        }
    }
}

// Updates learned columns of A, which no other block reads, and this one no more.
template <typename T>
__device__ __forceinline__ void update_learned(const ProductOf<T>& product, std::int64_t model) {
    const int count = product.learned_count;
    for (int n = static_cast<int>(threadIdx.x); n < product.k * count; n += kThreads) {
        const int r = n / count;
        const int c = n % count;
        const std::int64_t at = static_cast<std::int64_t>(r) * product.learned.parameter.ld + c;
        apply(product.learned, model, at, part(product.learned.gradient, model)[at]);
        store_number(row(product.mirror, model, r) + product.learned_first + c,
                     part(product.learned.parameter, model)[at]);
    }
}

// Uses a piece of C. `column_sum`: of B, the block's column threadIdx.x, where its biases are to be updated. `shared`:
// the block's memory, in which nothing is needed any more.
template <Layout L, typename T>
__device__ __forceinline__ void finish(const Piece<T>& piece, bool sums_columns, float column_sum, Sums& sums,
                                       float* shared) {
    const ProductOf<T>& product = piece.product;
    const std::int64_t model = piece.model;
    if constexpr (L == Layout::kWeightGradient) {
        const int column = piece.first_n + static_cast<int>(threadIdx.x);
        if (sums_columns && threadIdx.x < kTileN && column < product.n) {
            apply(product.bias_update, model, column, column_sum);
        }
        // By way of shared memory, since the rows of eights that a warp has in registers are scattered.
        const int lane = static_cast<int>(threadIdx.x) % 32;
        __syncthreads();
#pragma unroll
        for (int i = 0; i < kSixteens; ++i) {
#pragma unroll
            for (int half = 0; half < 2; ++half) {
                float* line = shared + (piece.m0 + 16 * i + 8 * half + lane / 4) * kGradientLine + piece.n0;
#pragma unroll
                for (int j = 0; j < kEights; ++j) {
                    store_two(line + 8 * j + lane % 4 * 2, {sums[i][j][2 * half], sums[i][j][2 * half + 1]});
                }
            }
        }
        __syncthreads();
        use_rows<T>(product.weight, model, piece.first_m, min(kTileM, product.m - piece.first_m), piece.first_n,
                    min(kTileN, product.n - piece.first_n), shared);
        if (product.learned.adam != nullptr && product.learned_first / kTileM * kTileM == piece.first_m) {
            update_learned(product, model);
        }
    } else {
        const int lane = static_cast<int>(threadIdx.x) % 32;
        const int c = piece.first_n + piece.n0 + lane % 4 * 2;
        const bool whole = piece.first_n + piece.n0 + 8 * kEights <= product.n;
        float2 bias[kEights] = {};
        if (L == Layout::kForward && product.bias.data != nullptr) {
#pragma unroll
            for (int j = 0; j < kEights; ++j) {
                if (whole || c + 8 * j < product.n) {
                    bias[j] = two_at(part(product.bias, model) + c + 8 * j);
                }
            }
        }
#pragma unroll
        for (int i = 0; i < kSixteens; ++i) {
#pragma unroll
            for (int half = 0; half < 2; ++half) {
                const int r = piece.first_m + piece.m0 + 16 * i + 8 * half + lane / 4;
                if (r < product.m && !piece.idle()) {
                    finish_row<L>(product, model, r, c, whole, bias, sums[i], half);
                }
            }
        }
        if (product.dots > 0) {
            dot_rows(product, model, piece.first_m, piece.m0, piece.n0, sums, shared);
        }
    }
}
template <Layout L, typename T>
__device__ __forceinline__ bool sums_columns(const Piece<T>& piece) {
    return L == Layout::kWeightGradient && piece.first_m == 0 && piece.product.bias_update.parameter.data != nullptr;
}

// Fills in the tiles of each product and returns how many there are in all.
template <typename T>
std::int32_t lay_out(ProductsOf<T>& products) {
    std::int32_t tiles = 0;
    for (std::int32_t n = 0; n < products.count; ++n) {
        ProductOf<T>& product = products.product[n];
        product.first_tile = tiles;
        product.tiles_n = (product.n + kTileN - 1) / kTileN;
        tiles += (product.m + kTileM - 1) / kTileM * product.tiles_n;
    }
    return tiles;
}

}  // namespace pitot::backend::cuda
