// Batches drawn where they are used: the same counters and keys as core::Key, so the same rows as on the processor. Rows
// of one platform are brought together in the order in which they were drawn, and so are the mentions of a module.
#include "backend/cuda/device.cuh"

namespace pitot::backend::cuda {
namespace {

constexpr int kThreads = 128;

struct Words {
    std::uint64_t low, high;
};

// Philox4x32-10 (Salmon et al. 2011), as in core/key.cpp.
__device__ Words philox(std::uint64_t key, std::uint64_t counter) {
    auto x0 = static_cast<std::uint32_t>(counter);
    auto x1 = static_cast<std::uint32_t>(counter >> 32U);
    std::uint32_t x2 = 0;
    std::uint32_t x3 = 0;
    auto key0 = static_cast<std::uint32_t>(key);
    auto key1 = static_cast<std::uint32_t>(key >> 32U);
#pragma unroll
    for (int round = 0; round < 10; ++round) {
        const std::uint64_t product0 = std::uint64_t{0xD2511F53} * x0;
        const std::uint64_t product1 = std::uint64_t{0xCD9E8D57} * x2;
        x0 = static_cast<std::uint32_t>(product1 >> 32U) ^ x1 ^ key0;
        x1 = static_cast<std::uint32_t>(product1);
        x2 = static_cast<std::uint32_t>(product0 >> 32U) ^ x3 ^ key1;
        x3 = static_cast<std::uint32_t>(product0);
        key0 += 0x9E3779B9U;
        key1 += 0xBB67AE85U;
    }
    return {x0 | (static_cast<std::uint64_t>(x1) << 32U), x2 | (static_cast<std::uint64_t>(x3) << 32U)};
}

__device__ std::uint64_t draw_below(std::uint64_t key, std::uint64_t position, std::uint64_t bound) {
    const Words words = philox(key, position / 2);
    return __umul64hi(position % 2 == 0 ? words.low : words.high, bound);
}

// Exclusive sums of n counts, in place, by all threads of the block; `total` follows them.
__device__ void sum_up(std::int32_t* counts, int n, std::int32_t* out) {
    __shared__ std::int32_t sums[kThreads];
    const int thread = static_cast<int>(threadIdx.x);
    const int each = (n + kThreads - 1) / kThreads;
    const int first = min(n, thread * each);
    const int last = min(n, first + each);
    std::int32_t mine = 0;
    for (int i = first; i < last; ++i) {
        mine += counts[i];
    }
    sums[thread] = mine;
    __syncthreads();
    for (int offset = 1; offset < kThreads; offset *= 2) {
        const std::int32_t before = thread >= offset ? sums[thread - offset] : 0;
        __syncthreads();
        sums[thread] += before;
        __syncthreads();
    }
    std::int32_t sum = sums[thread] - mine;
    for (int i = first; i < last; ++i) {
        const std::int32_t count = counts[i];
        counts[i] = sum;
        out[i] = sum;
        sum += count;
    }
    if (thread == kThreads - 1) {
        out[n] = sums[thread];
    }
    __syncthreads();
}

// The place of each item of the first warp's 32 among those of its bin: a bin's cursor, in the order of the lanes.
__device__ std::int32_t place_of(std::int32_t* cursors, int bin, bool there) {
    const int lane = static_cast<int>(threadIdx.x) % 32;
    const unsigned same = __match_any_sync(kAll, there ? bin : -1);
    const int before = __popc(same & ((1U << lane) - 1U));
    std::int32_t place = 0;
    if (there) {
        place = cursors[bin] + before;
    }
    __syncwarp();
    if (there && before == 0) {
        cursors[bin] += __popc(same);
    }
    __syncwarp();
    return place;
}

__global__ void __launch_bounds__(kThreads) draw_kernel(const __grid_constant__ Draw d, bool in_shared) {
    extern __shared__ std::int32_t shared[];
    const int thread = static_cast<int>(threadIdx.x);
    const std::int64_t model = blockIdx.x;
    const std::int64_t batch = static_cast<std::int64_t>(blockIdx.y) * d.models + model;
    const std::int64_t step = d.first_step + blockIdx.y;
    std::int32_t* platforms = in_shared ? shared : d.cursor + batch * (d.platforms + d.modules + 2);
    std::int32_t* modules = platforms + d.platforms + 1;
    const int each = 1 + d.width;
    const std::int64_t first = batch * d.rows;
    std::int32_t* place = d.place + first;

    for (int n = thread; n < d.platforms + d.modules + 2; n += kThreads) {
        platforms[n] = 0;
    }
    __syncthreads();

    // What is drawn: into `place` for now, a row number of its table.
    int rows = 0;
    for (int o = 0; o < d.objectives; ++o) {
        const DrawObjective& objective = d.objective[o];
        const std::int64_t begin = objective.rows_begin[model];
        const std::int64_t size = objective.rows_begin[model + 1] - begin;
        const int count = size == 0 ? 0 : objective.batch == 0 ? static_cast<int>(size) : objective.batch;
        for (int n = thread; n < count; n += kThreads) {
            const std::int64_t at =
                objective.batch == 0
                    ? n
                    : static_cast<std::int64_t>(draw_below(objective.key[model],
                                                           static_cast<std::uint64_t>(step * objective.batch + n),
                                                           static_cast<std::uint64_t>(size)));
            const std::int32_t number = objective.rows[begin + at];
            place[rows + n] = number;
            atomicAdd(platforms + objective.table.platform[number], 1);
            atomicAdd(modules + objective.table.module[number], 1);
            for (int c = 0; c < objective.table.width; ++c) {
                const int k = objective.table.co_runner[static_cast<std::int64_t>(number) * objective.table.width + c];
                if (k >= 0) {
                    atomicAdd(modules + k, 1);
                }
            }
        }
        rows += count;
    }
    __syncthreads();
    sum_up(platforms, d.platforms, d.platform_end + batch * (d.platforms + 1));
    sum_up(modules, d.modules, d.module_end + batch * (d.modules + 1));

    // The first warp knows the order; all others wait.
    if (thread < 32) {
        int begin = 0;
        for (int o = 0; o < d.objectives; ++o) {
            const DrawObjective& objective = d.objective[o];
            const DrawTable& table = objective.table;
            const std::int64_t size = objective.rows_begin[model + 1] - objective.rows_begin[model];
            const int count = size == 0 ? 0 : objective.batch == 0 ? static_cast<int>(size) : objective.batch;
            const auto scale = static_cast<float>(objective.weight / count);
            for (int n = 0; n < count; n += 32) {
                const bool there = n + thread < count;
                const std::int32_t number = there ? place[begin + n + thread] : 0;
                const int i = there ? table.platform[number] : 0;
                const int j = there ? table.module[number] : 0;
                const std::int32_t b = place_of(platforms, i, there);
                std::int32_t mention = place_of(modules, j, there);
                if (there) {
                    d.platform[first + b] = i;
                    d.module[first + b] = j;
                    d.target[first + b] = table.target[number];
                    d.scale[first + b] = scale;
                    d.mention[first * each + mention] = b * each;
                }
                for (int c = 0; c < d.width; ++c) {
                    const int k = there && c < table.width
                                      ? table.co_runner[static_cast<std::int64_t>(number) * table.width + c]
                                      : -1;
                    mention = place_of(modules, k, k >= 0);
                    if (k >= 0) {
                        d.mention[first * each + mention] = b * each + 1 + c;
                    }
                    if (there) {
                        d.co_runner[(first + b) * d.width + c] = k;
                    }
                }
            }
            begin += count;
        }
    }
    // Rows that no objective fills count nothing.
    for (int b = rows + thread; b < d.rows; b += kThreads) {
        d.platform[first + b] = 0;
        d.module[first + b] = 0;
        d.target[first + b] = 1.0F;
        d.scale[first + b] = 0.0F;
        for (int c = 0; c < d.width; ++c) {
            d.co_runner[(first + b) * d.width + c] = -1;
        }
    }
}

}  // namespace

cudaError_t launch_draw(const Draw& draw, std::int32_t steps, cudaStream_t stream) {
    constexpr int most_shared = 160 * 1024;
    const std::int64_t bytes = (std::int64_t{draw.platforms} + draw.modules + 2) * 4;
    const bool in_shared = bytes <= most_shared;
    if (const cudaError_t error = cudaFuncSetAttribute(reinterpret_cast<const void*>(&draw_kernel),
                                                       cudaFuncAttributeMaxDynamicSharedMemorySize, most_shared);
        error != cudaSuccess) {
        return error;
    }
    draw_kernel<<<dim3(static_cast<unsigned>(draw.models), static_cast<unsigned>(steps)), kThreads,
                  in_shared ? static_cast<std::size_t>(bytes) : 0, stream>>>(draw, in_shared);
    return cudaGetLastError();
}

}  // namespace pitot::backend::cuda
