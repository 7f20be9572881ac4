// Batched matrix products on tensor cores, with what comes before and after them: bias, tanh and its derivative, column
// sums, and Adam. A block computes 64 × 128 of one product of one model, each of its eight warps 32 × 32.
#include "backend/cuda/tile.cuh"

namespace pitot::backend::cuda {
namespace {

// What becomes of C's row i, some pairs of columns a thread from column j on, and where it goes; in place, as
// dot_rows() wants it. All that is read is read first, so that nothing waits in line. `whole`: all columns are there.
template <Layout L>
__device__ __forceinline__ void finish_row(const Product& product, std::int64_t model, int i, int j, bool whole,
                                           const float2 (&bias)[kEights], float (&sums)[kEights][4], int half) {
    const std::int64_t at = static_cast<std::int64_t>(i) * product.c.ld + j;
    float2 y[kEights];
    const bool slopes = L == Layout::kInputGradient && product.slope.data != nullptr;
    if (slopes) {
        const float* from = row(product.slope, model, i) + j;
#pragma unroll
        for (int n = 0; n < kEights; ++n) {
            // Between rows is room up to a multiple of four, so a pair is there whole or not at all.
            y[n] = whole || j + 8 * n < product.n ? *reinterpret_cast<const float2*>(from + 8 * n) : float2{0.0F, 0.0F};
        }
    }
    float* to = part(product.c, model) + at;
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
            *reinterpret_cast<float2*>(to + 8 * n) = sum;
        }
        sums[n][2 * half] = sum.x;
        sums[n][2 * half + 1] = sum.y;
    }
}

// Products of the rows of C, which the block has whole, with a few vectors.
template <Layout L>
__device__ __forceinline__ void dot_rows(const Product& product, std::int64_t model, int first_m, int m0, int n0,
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
__device__ __forceinline__ void update_learned(const Product& product, std::int64_t model) {
    const int count = product.learned_count;
    for (int n = static_cast<int>(threadIdx.x); n < product.k * count; n += kThreads) {
        const int r = n / count;
        const int c = n % count;
        const std::int64_t at = static_cast<std::int64_t>(r) * product.learned.parameter.ld + c;
        apply(product.learned, model, at, part(product.learned.gradient, model)[at]);
        row(product.mirror, model, r)[product.learned_first + c] = part(product.learned.parameter, model)[at];
    }
}

template <Layout L, Precision P>
__global__ void __launch_bounds__(kThreads, P == Precision::kFp32 ? 2 : 3)
    products_kernel(const __grid_constant__ Products products) {
    auto* const shared = shared_memory<float>();
    constexpr int stage = size_a(L) + size_b(L);
    int number = 0;
    while (number + 1 < products.count && static_cast<int>(blockIdx.x) >= products.product[number + 1].first_tile) {
        ++number;
    }
    const Product& product = products.product[number];
    const int tile = static_cast<int>(blockIdx.x) - product.first_tile;
    const int first_m = tile / product.tiles_n * kTileM;
    const int first_n = tile % product.tiles_n * kTileN;
    const std::int64_t model = blockIdx.y;
    const int k_end = product.k;

    constexpr bool a_down = L == Layout::kWeightGradient;
    constexpr bool b_down = L != Layout::kInputGradient;
    typename Loaders<L>::A a(part(product.a, model), product.a.ld, a_down ? 0 : first_m, a_down ? k_end : product.m,
                             a_down ? first_m : 0, a_down ? product.m : k_end);
    typename Loaders<L>::B b(part(product.b, model), product.b.ld, b_down ? 0 : first_n, b_down ? k_end : product.n,
                             b_down ? first_n : 0, b_down ? product.n : k_end);
    const auto load_stage = [&](int buffer) {
        float* to = shared + buffer * stage;
        a.load(to);
        b.load(to + size_a(L));
        commit_copies();
        if constexpr (a_down) {
            a.move_down(kTileK);
        } else {
            a.move_right(kTileK);
        }
        if constexpr (b_down) {
            b.move_down(kTileK);
        } else {
            b.move_right(kTileK);
        }
    };

    const int warp = static_cast<int>(threadIdx.x) / 32;
    const int m0 = warp / 4 * 16 * kSixteens;
    const int n0 = warp % 4 * 8 * kEights;
    const bool idle = first_m + m0 >= product.m || first_n + n0 >= product.n;
    const bool sums_columns =
        L == Layout::kWeightGradient && first_m == 0 && product.bias_update.parameter.data != nullptr;
    Sums sums = {};
    float column_sum = 0.0F;
    load_stage(0);
    int buffer = 0;
    for (int k = 0; k < k_end; k += kTileK) {
        wait_for_copies();
        __syncthreads();
        if (k + kTileK < k_end) {
            load_stage(buffer ^ 1);
        }
        const float* a_tile = shared + buffer * stage;
        const float* b_tile = a_tile + size_a(L);
        if (!idle) {
            multiply<P>(
                kTileK, [&](int m, int kk) { return element_a<L>(a_tile, m0 + m, kk); },
                [&](int kk, int n) { return element_b<L>(b_tile, kk, n0 + n); }, sums);
        }
        if constexpr (L == Layout::kWeightGradient) {
            if (sums_columns && threadIdx.x < kTileN) {
#pragma unroll 8
                for (int r = 0; r < kTileK; ++r) {
                    column_sum += b_tile[r * across(kTileN) + static_cast<int>(threadIdx.x)];
                }
            }
        }
        buffer ^= 1;
    }
    const int lane = static_cast<int>(threadIdx.x) % 32;
    if constexpr (L == Layout::kWeightGradient) {
        const int column = first_n + static_cast<int>(threadIdx.x);
        if (sums_columns && threadIdx.x < kTileN && column < product.n) {
            apply(product.bias_update, model, column, column_sum);
        }
        if (!idle) {
            use_gradient(product.weight, model, product.m, product.n, first_m + m0, first_n + n0, sums);
        }
        if (product.learned.adam != nullptr && product.learned_first / kTileM * kTileM == first_m) {
            update_learned(product, model);
        }
        return;
    } else {
        const int c = first_n + n0 + lane % 4 * 2;
        const bool whole = first_n + n0 + 8 * kEights <= product.n;
        float2 bias[kEights] = {};
        if (L == Layout::kForward && product.bias.data != nullptr) {
#pragma unroll
            for (int j = 0; j < kEights; ++j) {
                if (whole || c + 8 * j < product.n) {
                    bias[j] = *reinterpret_cast<const float2*>(part(product.bias, model) + c + 8 * j);
                }
            }
        }
#pragma unroll
        for (int i = 0; i < kSixteens; ++i) {
#pragma unroll
            for (int half = 0; half < 2; ++half) {
                const int r = first_m + m0 + 16 * i + 8 * half + lane / 4;
                if (r < product.m && !idle) {
                    finish_row<L>(product, model, r, c, whole, bias, sums[i], half);
                }
            }
        }
        if (product.dots > 0) {
            dot_rows<L>(product, model, first_m, m0, n0, sums, shared);
        }
    }
}

template <Layout L, Precision P>
cudaError_t launch(const Products& products, std::int32_t tiles, std::int32_t models, cudaStream_t stream) {
    constexpr int bytes = 2 * (size_a(L) + size_b(L)) * static_cast<int>(sizeof(float));
    return start(products_kernel<L, P>,
                 {dim3(static_cast<unsigned>(tiles), static_cast<unsigned>(models)), kThreads, bytes, bytes}, stream,
                 products);
}

template <Layout L>
cudaError_t launch(Precision precision, const Products& products, std::int32_t tiles, std::int32_t models,
                   cudaStream_t stream) {
    switch (precision) {
        case Precision::kFp32:
            return launch<L, Precision::kFp32>(products, tiles, models, stream);
        case Precision::kTf32:
            return launch<L, Precision::kTf32>(products, tiles, models, stream);
        case Precision::kBf16:
            return launch<L, Precision::kBf16>(products, tiles, models, stream);
    }
    return cudaErrorInvalidValue;
}

// Fills in the tiles of each product and returns how many there are in all.
std::int32_t lay_out(Products& products) {
    std::int32_t tiles = 0;
    for (std::int32_t n = 0; n < products.count; ++n) {
        Product& product = products.product[n];
        product.first_tile = tiles;
        product.tiles_n = (product.n + kTileN - 1) / kTileN;
        tiles += (product.m + kTileM - 1) / kTileM * product.tiles_n;
    }
    return tiles;
}

}  // namespace

cudaError_t launch_products(Layout layout, Precision precision, Products products, std::int32_t models,
                            cudaStream_t stream) {
    const std::int32_t tiles = lay_out(products);
    if (tiles == 0 || models == 0) {
        return cudaSuccess;
    }
    switch (layout) {
        case Layout::kForward:
            return launch<Layout::kForward>(precision, products, tiles, models, stream);
        case Layout::kInputGradient:
            return launch<Layout::kInputGradient>(precision, products, tiles, models, stream);
        case Layout::kWeightGradient:
            return launch<Layout::kWeightGradient>(precision, products, tiles, models, stream);
    }
    return cudaErrorInvalidValue;
}

}  // namespace pitot::backend::cuda
