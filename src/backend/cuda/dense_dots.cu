// Dot products of rounded rows where they are all there is, by tensor cores, forward and backward in one block a model.
//
// Of a strip of platforms all products with all modules are made, which costs less than to gather the rows that a batch
// has. Its losses and their slopes follow; a matrix of these, platforms by modules and 0 where the batch has no row,
// times the rows of one side is the gradient of the other.
#include <algorithm>

#include "backend/cuda/multiplied_rows.cuh"
#include "backend/cuda/product.cuh"
#include "backend/cuda/rounded_tile.cuh"

namespace pitot::backend::cuda {
namespace {

constexpr int kStrip = 64;  // platforms
constexpr int kDenseThreads = 512;
constexpr int kDenseWarps = kDenseThreads / 32;
constexpr int kMostModules = 256;
constexpr int kGroup = 32;  // columns of a warp's piece of a gradient
constexpr int kGroups = kChunk / kGroup;
constexpr int kPieces = kMostModules / 16 * kGroups / kDenseWarps;  // of the modules' gradient, a warp

template <typename T>
__host__ __device__ constexpr T rounded_up(T n, T to) {
    return (n + to - 1) / to * to;
}

// What lies in a block's memory, in this order.
struct Sizes {
    int modules, cols;  // padded with zeros
    int stride;         // between rows of either side
    int line;           // between rows of products
    __host__ __device__ explicit Sizes(const FactorsOf<Bf16>& f)
        : modules(rounded_up(f.batch.modules, 16)),
          cols(rounded_up(f.rank, kGroup)),
          stride(padded(cols)),
          line(modules + 4) {}
};
std::size_t dense_bytes(const FactorsOf<Bf16>& f) {
    const Sizes sizes(f);
    const auto bytes = [](std::int64_t count, std::size_t each) { return static_cast<std::size_t>(count) * each; };
    return bytes((std::int64_t{sizes.modules} + 2 * kStrip) * sizes.stride, sizeof(Bf16)) +
           bytes(std::int64_t{kStrip} * sizes.line, 4) + bytes(f.batch.rows, 12) +
           bytes(2 * std::int64_t{f.batch.platforms} + 1 + f.batch.modules, 4);
}
struct DenseMemory {
    Bf16 *right, *left;
    float* products;      // then slopes
    std::int32_t* module;  // of a row of the batch, as the next two
    float *target, *scale;
    std::int32_t* ends;  // of platforms
    float *platform_term, *module_term;
};
__device__ __forceinline__ DenseMemory dense_memory(const FactorsOf<Bf16>& f, const Sizes& sizes) {
    DenseMemory memory;
    memory.right = shared_memory<Bf16>();
    memory.left = memory.right + sizes.modules * sizes.stride;
    memory.products = reinterpret_cast<float*>(memory.left + 2 * kStrip * sizes.stride);
    memory.module = reinterpret_cast<std::int32_t*>(memory.products + kStrip * sizes.line);
    memory.target = reinterpret_cast<float*>(memory.module + f.batch.rows);
    memory.scale = memory.target + f.batch.rows;
    memory.ends = reinterpret_cast<std::int32_t*>(memory.scale + f.batch.rows);
    memory.platform_term = reinterpret_cast<float*>(memory.ends + f.batch.platforms + 1);
    memory.module_term = memory.platform_term + f.batch.platforms;
    return memory;
}

// Rows first … first + count of one side; 0 behind its last row and column.
__device__ __forceinline__ void copy_side(Bf16* to, const View<const Bf16>& from, std::int64_t model, int first,
                                          int count, int rows, int rank, const Sizes& sizes) {
    const int vectors = sizes.cols / 8;
    const Bf16* const begin = part(from, model);
    for (int n = static_cast<int>(threadIdx.x); n < count * vectors; n += kDenseThreads) {
        const int r = n / vectors;
        const int c = n % vectors * 8;
        const bool there = first + r < rows && c < rank;
        copy_16(to + r * sizes.stride + c,
                there ? begin + static_cast<std::int64_t>(first + r) * from.ld + c : begin, there);
    }
    commit_copies();
}

__device__ __forceinline__ void copy_batch(const FactorsOf<Bf16>& f, const DenseMemory& memory, std::int64_t model) {
    const std::int32_t* module = part(f.batch.module, model);
    const float* target = part(f.batch.target, model);
    const float* scale = part(f.batch.scale, model);
#pragma unroll 4
    for (int b = static_cast<int>(threadIdx.x); b < f.batch.rows; b += kDenseThreads) {
        memory.module[b] = module[b];
        memory.target[b] = target[b];
        memory.scale[b] = scale[b];
    }
    const bool terms = f.loss.platform_term.data != nullptr;
    for (int i = static_cast<int>(threadIdx.x); i <= f.batch.platforms; i += kDenseThreads) {
        memory.ends[i] = part(f.batch.platform_end, model)[i];
        if (i < f.batch.platforms) {
            memory.platform_term[i] = terms ? *row(f.loss.platform_term, model, i) : 0.0F;
        }
    }
    for (int j = static_cast<int>(threadIdx.x); j < f.batch.modules; j += kDenseThreads) {
        memory.module_term[j] = terms ? *row(f.loss.module_term, model, j) : 0.0F;
    }
}

// All products of the strip's rows with those of modules. A warp has every fourth sixteen modules, two sixteens at once.
__device__ __forceinline__ void multiply_strip(const Bf16* left, const DenseMemory& memory, const Sizes& sizes) {
    const int lane = static_cast<int>(threadIdx.x) % 32;
    const int warp = static_cast<int>(threadIdx.x) / 32;
    const int m0 = warp / 4 * 16;
    for (int n0 = warp % 4 * 16; n0 < sizes.modules; n0 += 128) {
        const bool two = n0 + 64 < sizes.modules;
        float sums[2][2][4] = {};
#pragma unroll 4
        for (int k = 0; k < sizes.cols; k += 16) {
            std::uint32_t a[4];
            load_left<false>(a, left, sizes.stride, m0, k);
#pragma unroll
            for (int n = 0; n < 2; ++n) {
                if (n == 0 || two) {
                    std::uint32_t b[2][2];
                    load_right<false>(b, memory.right, sizes.stride, k, n0 + 64 * n);
                    multiply_bf16(sums[n][0], a, b[0]);
                    multiply_bf16(sums[n][1], a, b[1]);
                }
            }
        }
#pragma unroll
        for (int n = 0; n < 2; ++n) {
            if (n == 0 || two) {
                float* to = memory.products + (m0 + lane / 4) * sizes.line + n0 + 64 * n + lane % 4 * 2;
#pragma unroll
                for (int j = 0; j < 2; ++j) {
                    store_two(to + 8 * j, {sums[n][j][0], sums[n][j][1]});
                    store_two(to + 8 * sizes.line + 8 * j, {sums[n][j][2], sums[n][j][3]});
                }
            }
        }
    }
}

// The sum of x over the lanes of `same`, from the first of them on, for each lane.
__device__ __forceinline__ float sum_of_same(unsigned same, float x) {
    float sum = 0.0F;
    while (__any_sync(kAll, same != 0 ? 1 : 0) != 0) {
        const float of_next = __shfl_sync(kAll, x, same != 0 ? __ffs(static_cast<int>(same)) - 1 : 0);
        if (same != 0) {
            sum += of_next;
            same &= same - 1;
        }
    }
    return sum;
}

// Losses of platform i, and slopes for its products.
__device__ __forceinline__ void slopes_of_platform(const FactorsOf<Bf16>& f, const DenseMemory& memory,
                                                   const Sizes& sizes, std::int64_t model, int i, float* line) {
    const int lane = static_cast<int>(threadIdx.x) % 32;
    const int begin = i < f.batch.platforms ? memory.ends[i] : 0;
    const int end = i < f.batch.platforms ? memory.ends[i + 1] : 0;
    float loss = 0.0F;
    float* const slope = memory.scale;  // of a row whose scale has been used
    for (int b = begin + lane; b < end; b += 32) {
        const int j = memory.module[b];
        const RowLoss at = loss_at(
            f.loss, {memory.platform_term[i] + memory.module_term[j], memory.target[b], memory.scale[b]},
            f.dot_scale * line[j]);
        loss += at.loss;
        slope[b] = at.slope * f.dot_scale;
    }
    __syncwarp();
    for (int j = 4 * lane; j < sizes.modules; j += 128) {
        store_four(line + j, {0.0F, 0.0F, 0.0F, 0.0F});
    }
    __syncwarp();
    for (int first = begin; first < end; first += 32) {
        const int b = first + lane;
        const bool there = b < end;
        const int j = there ? memory.module[b] : -1 - lane;
        const unsigned same = __match_any_sync(kAll, j);
        const float sum = sum_of_same(same, there ? slope[b] : 0.0F);
        if (there && __ffs(static_cast<int>(same)) - 1 == lane) {
            line[j] += sum;
        }
        __syncwarp();
    }
    loss = sum_of_warp(loss);
    if (lane == 0 && i < f.batch.platforms) {
        part(f.loss.loss, model)[i] = loss;
    }
}

using Gradient = float[1][kGroup / 8][4];

// Adds slopes times rows: A is 16 rows of slopes, or `Across` columns, from m0 on, over k; B `rows`, columns n0 ….
template <bool Across>
__device__ __forceinline__ void add_product(const float* slopes, int line, const Bf16* rows, int stride, int m0, int n0,
                                            int k_end, Gradient& sums) {
    const int lane = static_cast<int>(threadIdx.x) % 32;
#pragma unroll 2
    for (int k = 0; k < k_end; k += 16) {
        std::uint32_t a[4];
#pragma unroll
        for (int n = 0; n < 4; ++n) {
            const int m = m0 + lane / 4 + n % 2 * 8;
            const int at = k + lane % 4 * 2 + n / 2 * 8;
            if constexpr (Across) {
                a[n] = to_bf16(slopes[at * line + m], slopes[(at + 1) * line + m]);
            } else {
                const float2 two = two_at(slopes + m * line + at);
                a[n] = to_bf16(two.x, two.y);
            }
        }
#pragma unroll
        for (int j = 0; j < kGroup / 8; j += 2) {
            std::uint32_t b[2][2];
            load_right<true>(b, rows, stride, k, n0 + 8 * j);
            multiply_bf16(sums[0][j], a, b[0]);
            multiply_bf16(sums[0][j + 1], a, b[1]);
        }
    }
}

// Uses a piece of a side's gradient, or stores it.
__device__ __forceinline__ void use(const Update& update, const View<Bf16>& to, std::int64_t model, int rows, int rank,
                                    int m0, int n0, const Gradient& sums) {
    if (to.data == nullptr) {
        use_gradient(update, model, rows, rank, m0, n0, sums);
        return;
    }
    const int lane = static_cast<int>(threadIdx.x) % 32;
#pragma unroll
    for (int half = 0; half < 2; ++half) {
        const int r = m0 + 8 * half + lane / 4;
#pragma unroll
        for (int j = 0; j < kGroup / 8; ++j) {
            const int c = n0 + 8 * j + lane % 4 * 2;
            if (r < rows && c < rank) {
                store_two(row(to, model, r) + c, {sums[0][j][2 * half], sums[0][j][2 * half + 1]});
            }
        }
    }
}

__global__ void __launch_bounds__(kDenseThreads, 1) dense_kernel(const __grid_constant__ FactorsOf<Bf16> f) {
    const std::int64_t model = blockIdx.x;
    const int warp = static_cast<int>(threadIdx.x) / 32;
    const Sizes sizes(f);
    const DenseMemory memory = dense_memory(f, sizes);
    const int platforms = f.batch.platforms;
    const int modules = f.batch.modules;
    const auto copy_strip = [&](int first) {
        copy_side(memory.left + first / kStrip % 2 * kStrip * sizes.stride, f.left, model, first, kStrip, platforms,
                  f.rank, sizes);
    };
    copy_side(memory.right, f.right, model, 0, sizes.modules, modules, f.rank, sizes);
    copy_strip(0);
    copy_batch(f, memory, model);
    Gradient of_modules[kPieces] = {};
    const int m0 = warp / kGroups * 16;
    const int n0 = warp % kGroups * kGroup;
    for (int first = 0; first < platforms; first += kStrip) {
        wait_for_copies();
        __syncthreads();
        if (first + kStrip < platforms) {
            copy_strip(first + kStrip);
        }
        const Bf16* left = memory.left + first / kStrip % 2 * kStrip * sizes.stride;
        const int rows = rounded_up(min(kStrip, platforms - first), 16);
        multiply_strip(left, memory, sizes);
        __syncthreads();
        for (int r = warp; r < rows; r += kDenseWarps) {
            slopes_of_platform(f, memory, sizes, model, first + r, memory.products + r * sizes.line);
        }
        __syncthreads();
        if (n0 < sizes.cols) {
            if (m0 < rows) {
                Gradient sums = {};
                add_product<false>(memory.products, sizes.line, memory.right, sizes.stride, m0, n0, sizes.modules,
                                   sums);
                use(f.left_update, f.left_rounded, model, platforms, f.rank, first + m0, n0, sums);
            }
#pragma unroll
            for (int piece = 0; piece < kPieces; ++piece) {
                const int j0 = m0 + piece * kDenseWarps / kGroups * 16;
                if (j0 < modules) {
                    add_product<true>(memory.products, sizes.line, left, sizes.stride, j0, n0, rows,
                                      of_modules[piece]);
                }
            }
        }
    }
#pragma unroll
    for (int piece = 0; piece < kPieces; ++piece) {
        const int j0 = m0 + piece * kDenseWarps / kGroups * 16;
        if (n0 < sizes.cols && j0 < modules) {
            use(f.right_update, f.right_rounded, model, modules, f.rank, j0, n0, of_modules[piece]);
        }
    }
}

}  // namespace

bool dots_fit(const FactorsOf<Bf16>& f, std::int64_t shared) {
    return dots_alone(f) && f.rank <= kChunk && f.batch.modules <= kMostModules &&
           dense_bytes(f) <= static_cast<std::size_t>(shared);
}

cudaError_t launch_dots_step(const FactorsOf<Bf16>& factors, std::int64_t shared, std::int32_t models,
                             cudaStream_t stream) {
    return start(
        dense_kernel,
        {static_cast<unsigned>(models), kDenseThreads, dense_bytes(factors), static_cast<std::size_t>(shared)}, stream,
        factors);
}

}  // namespace pitot::backend::cuda
