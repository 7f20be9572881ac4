// Batches drawn where they are used: the same counters and keys as core::Key, so the same rows as on the processor.
// Rows of one platform are brought together in the order in which they were drawn, and so are the mentions of a module.
#include "backend/cuda/device.cuh"

namespace pitot::backend::cuda {
namespace {

constexpr int kThreads = 256;

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

// The place among the numbers order[begin … end), all different, that `mine` has when they are sorted.
__device__ int rank_of(const std::int32_t* order, int begin, int end, std::int32_t mine) {
    int rank = 0;
#pragma unroll 4
    for (int n = begin; n < end; ++n) {
        rank += order[n] < mine ? 1 : 0;
    }
    return rank;
}

// Where things lie in shared memory. Batches that do not fit are ordered in global memory, by one warp.
struct Shared {
    std::int32_t *platforms, *modules;  // counts, then cursors, one more than there are
    std::int32_t *order, *place, *mention;
};

// Draws into `numbers`, and counts platforms and mentions. Returns how many rows.
__device__ int draw_numbers(const Draw& d, std::int64_t model, std::int64_t step, std::int32_t* numbers,
                            std::int32_t* platforms, std::int32_t* modules) {
    const int thread = static_cast<int>(threadIdx.x);
    int rows = 0;
    for (int o = 0; o < d.objectives; ++o) {
        const DrawObjective& objective = d.objective[o];
        const DrawTable& table = objective.table;
        const std::int64_t begin = objective.rows_begin[model];
        const std::int64_t size = objective.rows_begin[model + 1] - begin;
        const int count = size == 0 ? 0 : objective.batch == 0 ? static_cast<int>(size) : objective.batch;
        for (int n = thread; n < count; n += kThreads) {
            const std::int64_t at =
                objective.batch == 0 ? n
                                     : static_cast<std::int64_t>(draw_below(
                                           objective.key[model], static_cast<std::uint64_t>(step * objective.batch + n),
                                           static_cast<std::uint64_t>(size)));
            const std::int32_t number = objective.rows[begin + at];
            numbers[rows + n] = number;
            atomicAdd(platforms + table.platform[number], 1);
            atomicAdd(modules + table.module[number], 1);
            for (int c = 0; c < table.width; ++c) {
                const int k = table.co_runner[static_cast<std::int64_t>(number) * table.width + c];
                if (k >= 0) {
                    atomicAdd(modules + k, 1);
                }
            }
        }
        rows += count;
    }
    return rows;
}

// The objective that row n of a batch is of, where its rows begin and how many they are.
struct Source {
    const DrawObjective* objective;
    int count;
};
__device__ Source source_of(const Draw& d, std::int64_t model, int n) {
    for (int o = 0;; ++o) {
        const DrawObjective& objective = d.objective[o];
        const std::int64_t size = objective.rows_begin[model + 1] - objective.rows_begin[model];
        const int count = size == 0 ? 0 : objective.batch == 0 ? static_cast<int>(size) : objective.batch;
        if (n < count || o + 1 == d.objectives) {
            return {&objective, count};
        }
        n -= count;
    }
}

// Orders a batch in shared memory: whoever comes first takes a place of its platform, then each finds its rank there.
__device__ void order_in_shared(const Draw& d, std::int64_t model, std::int64_t first, int rows, const Shared& s,
                                const std::int32_t* numbers) {
    const int thread = static_cast<int>(threadIdx.x);
    const int each = 1 + d.width;
    for (int n = thread; n < rows; n += kThreads) {
        const int i = source_of(d, model, n).objective->table.platform[numbers[n]];
        s.order[atomicAdd(s.platforms + i, 1)] = n;
    }
    __syncthreads();
    // A cursor is now where its platform's rows end, and the next one's begin.
    for (int at = thread; at < rows; at += kThreads) {
        const int n = s.order[at];
        const Source source = source_of(d, model, n);
        const DrawTable& table = source.objective->table;
        const std::int32_t number = numbers[n];
        const int i = table.platform[number];
        const int begin = i == 0 ? 0 : s.platforms[i - 1];
        const int b = begin + rank_of(s.order, begin, s.platforms[i], n);
        d.platform[first + b] = i;
        d.module[first + b] = table.module[number];
        d.target[first + b] = table.target[number];
        d.scale[first + b] = static_cast<float>(source.objective->weight / source.count);
        for (int c = 0; c < d.width; ++c) {
            d.co_runner[(first + b) * d.width + c] =
                c < table.width ? table.co_runner[static_cast<std::int64_t>(number) * table.width + c] : -1;
        }
    }
    __syncthreads();
    const auto mentioned = [&](int b, int which) {
        return which == 0 ? d.module[first + b] : d.co_runner[(first + b) * d.width + which - 1];
    };
    for (int number = thread; number < rows * each; number += kThreads) {
        const int j = mentioned(number / each, number % each);
        if (j >= 0) {
            s.mention[atomicAdd(s.modules + j, 1)] = number;
        }
    }
    __syncthreads();
    const int mentions = s.modules[d.modules - 1];
    for (int at = thread; at < mentions; at += kThreads) {
        const int number = s.mention[at];
        const int j = mentioned(number / each, number % each);
        const int begin = j == 0 ? 0 : s.modules[j - 1];
        d.mention[first * each + begin + rank_of(s.mention, begin, s.modules[j], number)] = number;
    }
}

// The same in global memory by one warp, 32 rows at a time, with cursors that are where the rows of each begin.
__device__ void order_by_warp(const Draw& d, std::int64_t model, std::int64_t first, std::int32_t* platforms,
                              std::int32_t* modules, const std::int32_t* numbers) {
    const int thread = static_cast<int>(threadIdx.x);
    const int each = 1 + d.width;
    int begin = 0;
    for (int o = 0; o < d.objectives; ++o) {
        const DrawObjective& objective = d.objective[o];
        const DrawTable& table = objective.table;
        const std::int64_t size = objective.rows_begin[model + 1] - objective.rows_begin[model];
        const int count = size == 0 ? 0 : objective.batch == 0 ? static_cast<int>(size) : objective.batch;
        const auto scale = static_cast<float>(objective.weight / count);
        for (int n = 0; n < count; n += 32) {
            const bool there = n + thread < count;
            const std::int32_t number = there ? numbers[begin + n + thread] : 0;
            const int i = there ? table.platform[number] : 0;
            const std::int32_t b = place_of(platforms, i, there);
            if (there) {
                d.platform[first + b] = i;
                d.module[first + b] = table.module[number];
                d.target[first + b] = table.target[number];
                d.scale[first + b] = scale;
                for (int c = 0; c < d.width; ++c) {
                    d.co_runner[(first + b) * d.width + c] =
                        c < table.width ? table.co_runner[static_cast<std::int64_t>(number) * table.width + c] : -1;
                }
            }
        }
        begin += count;
    }
    // Mentions in the order of rows, as in shared memory.
    __syncwarp();
    for (int from = 0; from < begin * each; from += 32) {
        const int number = from + thread;
        int j = -1;
        if (number < begin * each) {
            const std::int64_t b = first + number / each;
            j = number % each == 0 ? d.module[b] : d.co_runner[b * d.width + number % each - 1];
        }
        const std::int32_t at = place_of(modules, j, j >= 0);
        if (j >= 0) {
            d.mention[first * each + at] = number;
        }
    }
}

__global__ void __launch_bounds__(kThreads) draw_kernel(const __grid_constant__ Draw d, bool in_shared) {
    auto* const shared = shared_memory<std::int32_t>();
    const int thread = static_cast<int>(threadIdx.x);
    const std::int64_t model = blockIdx.x;
    const std::int64_t batch = static_cast<std::int64_t>(blockIdx.y) * d.models + model;
    const int each = 1 + d.width;
    const std::int64_t first = batch * d.rows;
    Shared s;
    s.platforms = in_shared ? shared : d.cursor + batch * (d.platforms + d.modules + 2);
    s.modules = s.platforms + d.platforms + 1;
    s.order = shared + d.platforms + d.modules + 2;
    s.mention = s.order + d.rows;
    s.place = in_shared ? s.mention + static_cast<std::int64_t>(d.rows) * each : d.place + first;
    for (int n = thread; n < d.platforms + d.modules + 2; n += kThreads) {
        s.platforms[n] = 0;
    }
    __syncthreads();
    const int rows = draw_numbers(d, model, d.first_step + blockIdx.y, s.place, s.platforms, s.modules);
    __syncthreads();
    sum_up(s.platforms, d.platforms, d.platform_end + batch * (d.platforms + 1));
    sum_up(s.modules, d.modules, d.module_end + batch * (d.modules + 1));
    if (in_shared) {
        order_in_shared(d, model, first, rows, s, s.place);
    } else if (thread < 32) {
        order_by_warp(d, model, first, s.platforms, s.modules, s.place);
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
    constexpr int most_shared = 96 * 1024;
    // Ranks among few rows of a platform are soon counted; of very many they are not.
    constexpr std::int32_t most_rows = 16384;
    const std::int64_t bytes =
        (std::int64_t{draw.platforms} + draw.modules + 2 + (3 + draw.width) * std::int64_t{draw.rows}) * 4;
    const bool in_shared = bytes <= most_shared && draw.rows <= most_rows;
    return start(draw_kernel,
                 {dim3(static_cast<unsigned>(draw.models), static_cast<unsigned>(steps)), kThreads,
                  in_shared ? static_cast<std::size_t>(bytes) : 0, most_shared},
                 stream, draw, in_shared);
}

}  // namespace pitot::backend::cuda
