// Dot products of rows of both sides where they are all there is: of rows of whole chunks, and of rows of which a side
// fits into a block's memory.
#include <algorithm>

#include "backend/cuda/multiplied_rows.cuh"

namespace pitot::backend::cuda {
namespace {

__device__ __forceinline__ float dot(float4 a, float4 b) { return a.x * b.x + a.y * b.y + a.z * b.z + a.w * b.w; }

// Dot products alone, of rows of whole chunks: 32 rows of a platform at a time, whose products never leave the
// registers. Eight lanes make a product; lane 8 n + l keeps that of row 4 l + n.
template <typename T>
__global__ void __launch_bounds__(kRowThreads) forward_kernel(const __grid_constant__ FactorsOf<T> f) {
    const std::int64_t model = blockIdx.y;
    const int lane = static_cast<int>(threadIdx.x) % 32;
    const int l = lane % 8;
    const int warps = static_cast<int>(gridDim.x) * kRowWarps;
    const std::int32_t* module = part(f.batch.module, model);
    const T* right = part(f.right, model) + 4 * l;
    const auto ld = static_cast<unsigned>(f.right.ld);
    float* weight = part(f.weight, model);
    for (int i = static_cast<int>(blockIdx.x) * kRowWarps + static_cast<int>(threadIdx.x) / 32; i < f.batch.platforms;
         i += warps) {
        const RowRange rows = rows_of(f.batch.platform_end, model, i);
        const T* left = row(f.left, model, i) + 4 * l;
        float loss = 0.0F;
        for (int first = rows.begin; first < rows.end; first += 32) {
            float product = 0.0F;
            const int count = min(32, rows.end - first);
            for (int chunk = 0; chunk < f.rank; chunk += kChunk) {
                float4 mine[4];
#pragma unroll
                for (int n = 0; n < 4; ++n) {
                    mine[n] = four_at(left + chunk + 32 * n);
                }
#pragma unroll 2
                for (int four = 0; four < count; four += 4) {
                    const int b = min(first + four + lane / 8, rows.end - 1);
                    const T* from = right + static_cast<std::size_t>(static_cast<unsigned>(module[b]) * ld) + chunk;
                    float4 other[4];
#pragma unroll
                    for (int n = 0; n < 4; ++n) {
                        other[n] = four_at(from + 32 * n);
                    }
                    float sum = 0.0F;
#pragma unroll
                    for (int n = 0; n < 4; ++n) {
                        sum += dot(mine[n], other[n]);
                    }
                    sum += __shfl_xor_sync(kAll, sum, 4);
                    sum += __shfl_xor_sync(kAll, sum, 2);
                    sum += __shfl_xor_sync(kAll, sum, 1);
                    product += 4 * l == four ? sum : 0.0F;
                }
            }
            const int b = first + 4 * l + lane / 8;
            if (b < rows.end) {
                const RowLoss at = loss_of(f.loss, f.batch, model, i, b, f.dot_scale * product);
                loss += at.loss;
                if (f.loss.slope.data != nullptr) {
                    weight[b] = at.slope * f.dot_scale;
                }
            }
        }
        loss = sum_of_warp(loss);
        if (lane == 0) {
            part(f.loss.loss, model)[i] = loss;
        }
    }
}

// A row's gradient where dot products are all there is, of rows of whole chunks: mentions first … end, of which
// `row_of` tells the row of the batch and `other_of` the row of the other side.
template <typename T, typename Number, typename Other>
__device__ __forceinline__ float4 gradient_of_dots(const float* weight, const T* rows, unsigned ld, RowRange range,
                                                   Number row_of, Other other_of) {
    const int lane = static_cast<int>(threadIdx.x) % 32;
    float4 sum{0.0F, 0.0F, 0.0F, 0.0F};
    for (int first = range.begin; first < range.end; first += 32) {
        const int mine = min(first + lane, range.end - 1);
        const int b = row_of(mine);
        const bool counts = first + lane < range.end && b >= 0;
        const float w = counts ? weight[b] : 0.0F;
        const unsigned at = static_cast<unsigned>(other_of(max(b, 0))) * ld;
        const int count = min(32, range.end - first);
        int n = 0;
        for (; n + 4 <= count; n += 4) {
            float4 x[4];
            float by[4];
#pragma unroll
            for (int u = 0; u < 4; ++u) {
                x[u] = four_at(rows + __shfl_sync(kAll, at, n + u));
                by[u] = __shfl_sync(kAll, w, n + u);
            }
#pragma unroll
            for (int u = 0; u < 4; ++u) {
                add_scaled(sum, by[u], x[u]);
            }
        }
        for (; n < count; ++n) {
            const float4 x = four_at(rows + __shfl_sync(kAll, at, n));
            add_scaled(sum, __shfl_sync(kAll, w, n), x);
        }
    }
    return sum;
}
__device__ __forceinline__ void store(const View<float>& gradient, const View<Bf16>& rounded, std::int64_t model, int i,
                                      int c, float4 x) {
    if (rounded.data != nullptr) {
        store_four(row(rounded, model, i) + c, x);
    } else {
        store_four(row(gradient, model, i) + c, x);
    }
}

template <typename T>
__global__ void __launch_bounds__(kRowThreads) backward_kernel(const __grid_constant__ FactorsOf<T> f) {
    const std::int64_t model = blockIdx.y;
    const int chunks = f.rank / kChunk;
    const bool left = blockIdx.x % 2 == 0;
    const int warps = static_cast<int>(gridDim.x) / 2 * kRowWarps;
    const int first = static_cast<int>(blockIdx.x) / 2 * kRowWarps + static_cast<int>(threadIdx.x) / 32;
    const int column = 4 * (static_cast<int>(threadIdx.x) % 32);
    const float* weight = part(f.weight, model);
    const int each = 1 + f.batch.width;
    if (left) {
        const std::int32_t* module = part(f.batch.module, model);
        for (int n = first; n < f.batch.platforms * chunks; n += warps) {
            const int i = n / chunks;
            const int c = n % chunks * kChunk + column;
            const float4 sum = gradient_of_dots(
                weight, part(f.right, model) + c, static_cast<unsigned>(f.right.ld),
                rows_of(f.batch.platform_end, model, i), [](int b) { return b; }, [&](int b) { return module[b]; });
            store(f.left_gradient, f.left_rounded, model, i, c, sum);
        }
        return;
    }
    const std::int32_t* platform = part(f.batch.platform, model);
    const std::int32_t* mention = part(f.batch.mention, model);
    for (int n = first; n < f.batch.modules * chunks; n += warps) {
        const int j = n / chunks;
        const int c = n % chunks * kChunk + column;
        const float4 sum = gradient_of_dots(
            weight, part(f.left, model) + c, static_cast<unsigned>(f.left.ld), rows_of(f.batch.module_end, model, j),
            [&](int m) {
                const int number = mention[m];
                return number % each == 0 ? number / each : -1;
            },
            [&](int b) { return platform[b]; });
        store(f.right_gradient, f.right_rounded, model, j, c, sum);
    }
}

// A step of a model in one block: losses, slopes and the gradients of both sides, or what Adam makes of them. First the
// rows of modules are in the block's memory, and a warp takes the rows of a platform, eight at a time, whose modules
// stay in its registers until the slopes are known; then the rows of platforms, and a warp takes the mentions of a
// module.
constexpr int kEight = 8;

struct Weighted {
    float weight;
    std::int32_t platform;
};

// What lanes of a warp have for one another: where rows begin, and what they count.
struct Mentions {
    std::int32_t from[32];
    float weight[32];
};
__device__ __forceinline__ int4 four_of(const std::int32_t* from) { return *reinterpret_cast<const int4*>(from); }

// Numbers between rows of either side, in the block's memory as in the card's.
template <typename T>
__host__ __device__ constexpr std::int32_t stride_of(const FactorsOf<T>& f) {
    return (f.rank + kVector - 1) / kVector * kVector;
}

// What lies in the block's memory.
template <typename T>
struct StepMemory {
    T* rows;             // of the other side
    Mentions* mentions;  // a warp
    Weighted* weighted;  // a row of the batch: what it counts in the gradient
    std::int32_t* ends;  // of platforms, then of modules
    float* module_term;  // a baseline's
};
template <typename T>
std::size_t step_bytes(const FactorsOf<T>& f) {
    const std::size_t rows = static_cast<std::size_t>(std::max(f.batch.platforms, f.batch.modules)) * sizeof(T);
    const std::size_t ends =
        static_cast<std::size_t>(f.batch.platforms) + 2U * static_cast<std::size_t>(f.batch.modules);
    return rows * static_cast<std::size_t>(stride_of(f)) + kRowWarps * sizeof(Mentions) +
           sizeof(Weighted) * static_cast<std::size_t>(f.batch.rows) + 4U * (ends + 2U);
}
template <typename T>
__device__ __forceinline__ StepMemory<T> step_memory(const FactorsOf<T>& f) {
    StepMemory<T> memory;
    memory.rows = shared_memory<T>();
    memory.mentions = reinterpret_cast<Mentions*>(memory.rows + max(f.batch.platforms, f.batch.modules) * stride_of(f));
    memory.weighted = reinterpret_cast<Weighted*>(memory.mentions + kRowWarps);
    memory.ends = reinterpret_cast<std::int32_t*>(memory.weighted + f.batch.rows);
    memory.module_term = reinterpret_cast<float*>(memory.ends + f.batch.platforms + f.batch.modules + 2);
    return memory;
}
template <typename T>
__device__ __forceinline__ void copy_rows(T* to, const T* from, int count) {
    constexpr int each = 16 / static_cast<int>(sizeof(T));
#pragma unroll 4
    for (int at = each * static_cast<int>(threadIdx.x); at < count; at += each * kRowThreads) {
        copy_16(to + at, from + at, true);
    }
    commit_copies();
}

// The sums over lanes of eight numbers each: lane l has that of number l / 4.
__device__ __forceinline__ float sum_of_eight(const float (&x)[kEight]) {
    const int lane = static_cast<int>(threadIdx.x) % 32;
    float four[4];
#pragma unroll
    for (int n = 0; n < 4; ++n) {
        const bool upper = lane >= 16;
        four[n] = (upper ? x[n + 4] : x[n]) + __shfl_xor_sync(kAll, upper ? x[n] : x[n + 4], 16);
    }
    float two[2];
#pragma unroll
    for (int n = 0; n < 2; ++n) {
        const bool upper = lane % 16 >= 8;
        two[n] = (upper ? four[n + 2] : four[n]) + __shfl_xor_sync(kAll, upper ? four[n] : four[n + 2], 8);
    }
    const bool upper = lane % 8 >= 4;
    float one = (upper ? two[1] : two[0]) + __shfl_xor_sync(kAll, upper ? two[0] : two[1], 4);
    one += __shfl_xor_sync(kAll, one, 2);
    return one + __shfl_xor_sync(kAll, one, 1);
}

template <typename T>
__device__ void step_of_platform(const FactorsOf<T>& f, const StepMemory<T>& memory, std::int64_t model, int i) {
    const int lane = static_cast<int>(threadIdx.x) % 32;
    const int c = 4 * lane;
    const bool there = c < f.rank;
    const int begin = memory.ends[i];
    const int end = memory.ends[i + 1];
    const float4 none{0.0F, 0.0F, 0.0F, 0.0F};
    const float4 mine = there ? four_at(row(f.left, model, i) + c) : none;
    const bool terms = f.loss.platform_term.data != nullptr;
    const float platform_term = terms ? *row(f.loss.platform_term, model, i) : 0.0F;
    const std::int32_t* module = part(f.batch.module, model);
    const float* target = part(f.batch.target, model);
    const float* scale = part(f.batch.scale, model);
    const T* rows = memory.rows + (there ? c : 0);  // lanes behind the last column multiply by 0
    Mentions& mentions = memory.mentions[threadIdx.x / 32];
    float4 gradient = none;
    float loss = 0.0F;
    for (int first = begin; first < end; first += 32) {
        const int b_mine = min(first + lane, end - 1);
        const int j_mine = module[b_mine];
        const float target_mine = target[b_mine];
        const float scale_mine = first + lane < end ? scale[b_mine] : 0.0F;
        const float term_mine = terms ? platform_term + memory.module_term[j_mine] : 0.0F;
        mentions.from[lane] = j_mine * stride_of(f);
        __syncwarp();
        const int count = min(32, end - first);
        for (int eight = 0; eight < count; eight += kEight) {
            float4 other[kEight];
            float products[kEight];
#pragma unroll
            for (int n = 0; n < kEight; n += 4) {
                const int4 from = four_of(mentions.from + eight + n);
                other[n] = four_at(rows + from.x);
                other[n + 1] = four_at(rows + from.y);
                other[n + 2] = four_at(rows + from.z);
                other[n + 3] = four_at(rows + from.w);
            }
#pragma unroll
            for (int n = 0; n < kEight; ++n) {
                products[n] = dot(mine, other[n]);
            }
            const float product = sum_of_eight(products);
            const int n = eight + lane / 4;
            const float term = __shfl_sync(kAll, term_mine, n);
            const float counts = __shfl_sync(kAll, scale_mine, n);
            const RowLoss at =
                loss_at(f.loss, {term, __shfl_sync(kAll, target_mine, n), counts}, f.dot_scale * product);
            const float weight = at.slope * f.dot_scale;
            if (lane % 4 == 0) {
                mentions.weight[n] = weight;
                if (first + n < end) {
                    loss += at.loss;
                    memory.weighted[first + n] = {weight, i};
                }
            }
            __syncwarp();
#pragma unroll
            for (int m = 0; m < kEight; m += 4) {
                const float4 by = four_at(mentions.weight + eight + m);
                add_scaled(gradient, by.x, other[m]);
                add_scaled(gradient, by.y, other[m + 1]);
                add_scaled(gradient, by.z, other[m + 2]);
                add_scaled(gradient, by.w, other[m + 3]);
            }
        }
    }
    if (there) {
        store(f.left_gradient, f.left_rounded, model, i, c, gradient);
    }
    loss = sum_of_warp(loss);
    if (lane == 0) {
        part(f.loss.loss, model)[i] = loss;
    }
}

// `Alone`: whether no row has room for co-runners, so that mentions are rows.
template <bool Alone, typename T>
__device__ void step_of_module(const FactorsOf<T>& f, const StepMemory<T>& memory, std::int64_t model, int j) {
    const int lane = static_cast<int>(threadIdx.x) % 32;
    const int c = 4 * lane;
    const bool there = c < f.rank;
    const int each = Alone ? 1 : 1 + f.batch.width;
    const std::int32_t* ends = memory.ends + f.batch.platforms + 1;
    const int begin = ends[j];
    const int end = ends[j + 1];
    const std::int32_t* mention = part(f.batch.mention, model);
    const T* rows = memory.rows + (there ? c : 0);
    Mentions& mentions = memory.mentions[threadIdx.x / 32];
    const std::int64_t at = static_cast<std::int64_t>(j) * stride_of(f) + c;
    const bool learns = f.right_update.adam != nullptr;
    const Moments before = learns && there ? moments_of(f.right_update, model, at) : Moments{};
    float4 gradient{0.0F, 0.0F, 0.0F, 0.0F};
    for (int first = begin; first < end; first += 32) {
        // Of each the weight and where its platform's row begins; behind the last a weight of 0.
        Weighted mine{0.0F, 0};
        if (first + lane < end) {
            const int number = mention[first + lane];
            if (Alone || number % each == 0) {
                mine = memory.weighted[Alone ? number : number / each];
            }
        }
        __syncwarp();
        mentions.from[lane] = mine.platform * stride_of(f);
        mentions.weight[lane] = mine.weight;
        __syncwarp();
        const int count = min(32, end - first);
#pragma unroll 2
        for (int four = 0; four < count; four += 4) {
            const int4 from = four_of(mentions.from + four);
            const float4 by = four_at(mentions.weight + four);
            add_scaled(gradient, by.x, four_at(rows + from.x));
            add_scaled(gradient, by.y, four_at(rows + from.y));
            add_scaled(gradient, by.z, four_at(rows + from.z));
            add_scaled(gradient, by.w, four_at(rows + from.w));
        }
    }
    if (!there) {
        return;
    }
    if (learns) {
        apply(f.right_update, model, at, gradient, before);
    } else {
        store(f.right_gradient, f.right_rounded, model, j, c, gradient);
    }
}

template <bool Alone, typename T>
__global__ void __launch_bounds__(kRowThreads) step_kernel(const __grid_constant__ FactorsOf<T> f) {
    const std::int64_t model = blockIdx.x;
    const int thread = static_cast<int>(threadIdx.x);
    const int warp = thread / 32;
    const int platforms = f.batch.platforms;
    const int modules = f.batch.modules;
    const StepMemory<T> memory = step_memory(f);
    copy_rows(memory.rows, part(f.right, model), modules * stride_of(f));
    for (int n = thread; n <= platforms; n += kRowThreads) {
        memory.ends[n] = part(f.batch.platform_end, model)[n];
    }
    for (int n = thread; n <= modules; n += kRowThreads) {
        memory.ends[platforms + 1 + n] = part(f.batch.module_end, model)[n];
    }
    if (f.loss.module_term.data != nullptr) {
        for (int n = thread; n < modules; n += kRowThreads) {
            memory.module_term[n] = *row(f.loss.module_term, model, n);
        }
    }
    wait_for_copies();
    __syncthreads();
    for (int i = warp; i < platforms; i += kRowWarps) {
        step_of_platform(f, memory, model, i);
    }
    __syncthreads();
    copy_rows(memory.rows, part(f.left, model), platforms * stride_of(f));
    wait_for_copies();
    __syncthreads();
    for (int j = warp; j < modules; j += kRowWarps) {
        step_of_module<Alone>(f, memory, model, j);
    }
    if (f.left_update.adam != nullptr) {
        // Nobody reads it in the card's memory any more: the block has a copy.
#pragma unroll 2
        for (int at = 4 * thread; at < platforms * stride_of(f); at += 4 * kRowThreads) {
            Moments before = moments_of(f.left_update, model, at);
            apply(f.left_update, model, at, four_at(part(f.left_update.gradient, model) + at), before);
        }
    }
}

template <typename T>
bool dots_alone(const FactorsOf<T>& f) {
    return f.dot && f.types == 0;
}

}  // namespace

template <typename T>
bool dots_of_chunks(const FactorsOf<T>& f) {
    constexpr std::int64_t most = std::int64_t{1} << 31;  // places are numbered in 32 bits
    return dots_alone(f) && f.rank % kChunk == 0 && std::int64_t{f.batch.platforms} * f.left.ld < most &&
           std::int64_t{f.batch.modules} * f.right.ld < most;
}

template <typename T>
bool dots_fit(const FactorsOf<T>& f, std::int64_t shared) {
    return dots_alone(f) && f.rank % 4 == 0 && f.rank <= kChunk && step_bytes(f) <= static_cast<std::size_t>(shared);
}

template <typename T>
cudaError_t launch_dots_forward(const FactorsOf<T>& factors, std::int32_t models, cudaStream_t stream) {
    const dim3 grid(blocks(models, factors.batch.platforms), static_cast<unsigned>(models));
    return start(forward_kernel<T>, {grid, kRowThreads}, stream, factors);
}

template <typename T>
cudaError_t launch_dots_backward(const FactorsOf<T>& factors, std::int32_t models, cudaStream_t stream) {
    const std::int64_t tasks =
        std::int64_t{std::max(factors.batch.platforms, factors.batch.modules)} * (factors.rank / kChunk);
    const dim3 grid(2 * blocks(2 * models, tasks), static_cast<unsigned>(models));
    return start(backward_kernel<T>, {grid, kRowThreads}, stream, factors);
}

template bool dots_of_chunks(const FactorsOf<float>&);
template bool dots_of_chunks(const FactorsOf<Bf16>&);
template cudaError_t launch_dots_forward(const FactorsOf<float>&, std::int32_t, cudaStream_t);
template cudaError_t launch_dots_forward(const FactorsOf<Bf16>&, std::int32_t, cudaStream_t);
template cudaError_t launch_dots_backward(const FactorsOf<float>&, std::int32_t, cudaStream_t);
template cudaError_t launch_dots_backward(const FactorsOf<Bf16>&, std::int32_t, cudaStream_t);
template bool dots_fit(const FactorsOf<float>&, std::int64_t);
template bool dots_fit(const FactorsOf<Bf16>&, std::int64_t);

template <typename T>
cudaError_t launch_dots_step(const FactorsOf<T>& factors, std::int64_t shared, std::int32_t models,
                             cudaStream_t stream) {
    if (factors.left.ld != stride_of(factors) || factors.right.ld != stride_of(factors)) {
        return cudaErrorInvalidValue;  // rows are copied as one
    }
    return start(factors.batch.width == 0 ? step_kernel<true, T> : step_kernel<false, T>,
                 {static_cast<unsigned>(models), kRowThreads, step_bytes(factors), static_cast<std::size_t>(shared)},
                 stream, factors);
}
template cudaError_t launch_dots_step(const FactorsOf<float>&, std::int64_t, std::int32_t, cudaStream_t);
template cudaError_t launch_dots_step(const FactorsOf<Bf16>&, std::int64_t, std::int32_t, cudaStream_t);

}  // namespace pitot::backend::cuda
