// Batched matrix products on tensor cores, with what comes before and after them: bias, tanh and its derivative, column
// sums, and Adam. A block computes 64 × 128 of one product of one model; its four warps 32 × 64 each.
#include <cuda_bf16.h>

#include "backend/cuda/device.cuh"

namespace pitot::backend::cuda {
namespace {

constexpr int kTileM = 64;
constexpr int kTileN = 128;
constexpr int kTileK = 32;
constexpr int kThreads = 128;

// Shared memory of one operand's tile: with k along its rows or across them. The padding sends the eight by four
// elements that a warp reads at once to different banks.
constexpr int kAlongK = kTileK + 4;
constexpr int across(int tile) { return tile + 8; }
constexpr int size_a(Layout layout) {
    return layout == Layout::kWeightGradient ? kTileK * across(kTileM) : kTileM * kAlongK;
}
constexpr int size_b(Layout layout) {
    return layout == Layout::kInputGradient ? kTileN * kAlongK : kTileK * across(kTileN);
}

__device__ __forceinline__ void copy_16(float* to, const float* from, bool there) {
    const auto address = static_cast<std::uint32_t>(__cvta_generic_to_shared(to));
    const int bytes = there ? 16 : 0;
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(address), "l"(from), "r"(bytes));
}

// Rows first … first + Rows of a row-major matrix, columns column … column + Cols; what is outside is 0.
template <int Rows, int Cols, int Stride>
__device__ __forceinline__ void load(float* to, const float* from, std::int64_t ld, int first, int rows, int column,
                                     int cols) {
    constexpr int vectors = Cols / 4;
#pragma unroll
    for (int n = static_cast<int>(threadIdx.x); n < Rows * vectors; n += kThreads) {
        const int r = n / vectors;
        const int c = n % vectors * 4;
        const bool there = first + r < rows && column + c < cols;
        copy_16(to + r * Stride + c, there ? from + (first + r) * ld + column + c : from, there);
    }
}

__device__ __forceinline__ std::uint32_t to_tf32(float x) {
    std::uint32_t out;
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(out) : "f"(x));
    return out;
}

__device__ __forceinline__ void multiply_tf32(float (&c)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2]) {
    asm volatile(
        "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
__device__ __forceinline__ void multiply_bf16(float (&c)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2]) {
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
__device__ __forceinline__ std::uint32_t to_bf16(float low, float high) {
    const __nv_bfloat162 both = __floats2bfloat162_rn(low, high);
    return *reinterpret_cast<const std::uint32_t*>(&both);
}

template <Layout L>
__device__ __forceinline__ float element_a(const float* tile, int m, int k) {
    return L == Layout::kWeightGradient ? tile[k * across(kTileM) + m] : tile[m * kAlongK + k];
}
template <Layout L>
__device__ __forceinline__ float element_b(const float* tile, int k, int n) {
    return L == Layout::kInputGradient ? tile[n * kAlongK + k] : tile[k * across(kTileN) + n];
}

// Fragments of a warp's piece: 2 × 16 rows and 8 × 8 columns, for 8 (tf32) or 16 (bf16) of k.
template <Layout L, Precision P>
__device__ __forceinline__ void multiply_tile(const float* a_tile, const float* b_tile, int m0, int n0,
                                              float (&sums)[2][8][4]) {
    const int lane = static_cast<int>(threadIdx.x) % 32;
    const int group = lane / 4;
    const int place = lane % 4;
    if constexpr (P == Precision::kBf16) {
#pragma unroll
        for (int k = 0; k < kTileK; k += 16) {
            std::uint32_t a[2][4];
#pragma unroll
            for (int i = 0; i < 2; ++i) {
#pragma unroll
                for (int part = 0; part < 4; ++part) {
                    const int m = m0 + 16 * i + group + 8 * (part % 2);
                    const int kk = k + 2 * place + 8 * (part / 2);
                    a[i][part] = to_bf16(element_a<L>(a_tile, m, kk), element_a<L>(a_tile, m, kk + 1));
                }
            }
#pragma unroll
            for (int j = 0; j < 8; ++j) {
                std::uint32_t b[2];
#pragma unroll
                for (int part = 0; part < 2; ++part) {
                    const int kk = k + 2 * place + 8 * part;
                    const int n = n0 + 8 * j + group;
                    b[part] = to_bf16(element_b<L>(b_tile, kk, n), element_b<L>(b_tile, kk + 1, n));
                }
                multiply_bf16(sums[0][j], a[0], b);
                multiply_bf16(sums[1][j], a[1], b);
            }
        }
    } else {
#pragma unroll
        for (int k = 0; k < kTileK; k += 8) {
            std::uint32_t a[2][4];
            std::uint32_t a_rest[2][4];
#pragma unroll
            for (int i = 0; i < 2; ++i) {
#pragma unroll
                for (int part = 0; part < 4; ++part) {
                    const float x = element_a<L>(a_tile, m0 + 16 * i + group + 8 * (part % 2), k + place + 4 * (part / 2));
                    a[i][part] = to_tf32(x);
                    if constexpr (P == Precision::kFp32) {
                        a_rest[i][part] = to_tf32(x - __uint_as_float(a[i][part]));
                    }
                }
            }
#pragma unroll
            for (int j = 0; j < 8; ++j) {
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
                for (int i = 0; i < 2; ++i) {
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
__device__ __forceinline__ void finish(const Product& product, std::int64_t model, int i, int j, float2 sum) {
    const bool both = j + 1 < product.n;
    if constexpr (L == Layout::kWeightGradient) {
        const std::int64_t at = static_cast<std::int64_t>(i) * product.weight.parameter.ld + j;
        if (both) {
            apply(product.weight, model, at, sum);
        } else {
            apply(product.weight, model, at, sum.x);
        }
        return;
    }
    if constexpr (L == Layout::kForward) {
        if (product.bias.data != nullptr) {
            const float* bias = part(product.bias, model) + j;
            sum.x += bias[0];
            sum.y += both ? bias[1] : 0.0F;
        }
        if (product.tanh) {
            sum = {tanh_of(sum.x), tanh_of(sum.y)};
        }
    }
    if constexpr (L == Layout::kInputGradient) {
        if (product.slope.data != nullptr) {
            const float* y = row(product.slope, model, i) + j;
            sum.x *= 1.0F - y[0] * y[0];
            sum.y *= both ? 1.0F - y[1] * y[1] : 1.0F;
        }
    }
    float* to = row(product.c, model, i) + j;
    if (both) {
        *reinterpret_cast<float2*>(to) = sum;
    } else {
        *to = sum.x;
    }
}

template <Layout L, Precision P>
__global__ void __launch_bounds__(kThreads) products_kernel(const __grid_constant__ Products products) {
    extern __shared__ float shared[];
    constexpr int stage = size_a(L) + size_b(L);
    int number = 0;
    while (number + 1 < products.count &&
           static_cast<int>(blockIdx.x) >= products.product[number + 1].first_tile) {
        ++number;
    }
    const Product& product = products.product[number];
    const int tile = static_cast<int>(blockIdx.x) - product.first_tile;
    const int first_m = tile / product.tiles_n * kTileM;
    const int first_n = tile % product.tiles_n * kTileN;
    const std::int64_t model = blockIdx.y;
    const float* a = part(product.a, model);
    const float* b = part(product.b, model);
    const int k_end = product.k;

    const auto load_stage = [&](int buffer, int k) {
        float* to_a = shared + buffer * stage;
        float* to_b = to_a + size_a(L);
        if constexpr (L == Layout::kWeightGradient) {
            load<kTileK, kTileM, across(kTileM)>(to_a, a, product.a.ld, k, k_end, first_m, product.m);
        } else {
            load<kTileM, kTileK, kAlongK>(to_a, a, product.a.ld, first_m, product.m, k, k_end);
        }
        if constexpr (L == Layout::kInputGradient) {
            load<kTileN, kTileK, kAlongK>(to_b, b, product.b.ld, first_n, product.n, k, k_end);
        } else {
            load<kTileK, kTileN, across(kTileN)>(to_b, b, product.b.ld, k, k_end, first_n, product.n);
        }
        asm volatile("cp.async.commit_group;");
    };

    const int warp = static_cast<int>(threadIdx.x) / 32;
    const int m0 = warp / 2 * 32;
    const int n0 = warp % 2 * 64;
    const bool idle = first_m + m0 >= product.m || first_n + n0 >= product.n;
    const bool sums_columns = L == Layout::kWeightGradient && first_m == 0 && product.bias_update.parameter.data != nullptr;
    float sums[2][8][4] = {};
    float column_sum = 0.0F;
    load_stage(0, 0);
    int buffer = 0;
    for (int k = 0; k < k_end; k += kTileK) {
        asm volatile("cp.async.wait_group 0;");
        __syncthreads();
        if (k + kTileK < k_end) {
            load_stage(buffer ^ 1, k + kTileK);
        }
        const float* a_tile = shared + buffer * stage;
        const float* b_tile = a_tile + size_a(L);
        if (!idle) {
            multiply_tile<L, P>(a_tile, b_tile, m0, n0, sums);
        }
        if constexpr (L == Layout::kWeightGradient) {
            if (sums_columns) {
                for (int r = 0; r < kTileK; ++r) {
                    column_sum += b_tile[r * across(kTileN) + static_cast<int>(threadIdx.x)];
                }
            }
        }
        buffer ^= 1;
    }
    if constexpr (L == Layout::kWeightGradient) {
        const int j = first_n + static_cast<int>(threadIdx.x);
        if (sums_columns && j < product.n) {
            apply(product.bias_update, model, j, column_sum);
        }
    }
    if (idle) {
        return;
    }
    const int lane = static_cast<int>(threadIdx.x) % 32;
#pragma unroll
    for (int i = 0; i < 2; ++i) {
#pragma unroll
        for (int j = 0; j < 8; ++j) {
            const int r = first_m + m0 + 16 * i + lane / 4;
            const int c = first_n + n0 + 8 * j + lane % 4 * 2;
            if (c < product.n) {
                if (r < product.m) {
                    finish<L>(product, model, r, c, {sums[i][j][0], sums[i][j][1]});
                }
                if (r + 8 < product.m) {
                    finish<L>(product, model, r + 8, c, {sums[i][j][2], sums[i][j][3]});
                }
            }
        }
    }
}

template <Layout L, Precision P>
cudaError_t launch(const Products& products, std::int32_t tiles, std::int32_t models, cudaStream_t stream) {
    constexpr int bytes = 2 * (size_a(L) + size_b(L)) * static_cast<int>(sizeof(float));
    if (const cudaError_t error = cudaFuncSetAttribute(reinterpret_cast<const void*>(&products_kernel<L, P>),
                                                       cudaFuncAttributeMaxDynamicSharedMemorySize, bytes);
        error != cudaSuccess) {
        return error;
    }
    products_kernel<L, P><<<dim3(static_cast<unsigned>(tiles), static_cast<unsigned>(models)), kThreads, bytes, stream>>>(
        products);
    return cudaGetLastError();
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

}  // namespace

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
