// Batches drawn where they are used: the same counters and keys as core::Key, so the same rows as on the processor.
// Rows of one platform are brought together in the order in which they were drawn or first by their modules, and so are
// the mentions of a module.
#include <algorithm>

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

// Of the two numbers below a bound that a counter gives, those of positions 2 · counter and the next.
struct Drawn {
    std::int64_t even, odd;
};
__device__ Drawn draw_below(std::uint64_t key, std::uint64_t counter, std::uint64_t bound) {
    const Words words = philox(key, counter);
    return {static_cast<std::int64_t>(__umul64hi(words.low, bound)),
            static_cast<std::int64_t>(__umul64hi(words.high, bound))};
}

// Exclusive sums of n counts, in place and in `out`, by all threads of the block; the total follows them there.
__device__ __forceinline__ void sum_up(std::int32_t* counts, int n, std::int32_t* out) {
    __shared__ std::int32_t of_warp[kThreads / 32];
    const int thread = static_cast<int>(threadIdx.x);
    const int lane = thread % 32;
    const int each = (n + kThreads - 1) / kThreads;
    const int first = min(n, thread * each);
    const int last = min(n, first + each);
    std::int32_t mine = 0;
    for (int i = first; i < last; ++i) {
        mine += counts[i];
    }
    std::int32_t sum = mine;  // of this thread and those before it
    for (int offset = 1; offset < 32; offset *= 2) {
        const std::int32_t before = __shfl_sync(kAll, sum, max(lane - offset, 0));
        sum += lane >= offset ? before : 0;
    }
    if (lane == 31) {
        of_warp[thread / 32] = sum;
    }
    __syncthreads();
    for (int warp = 0; warp < thread / 32; ++warp) {
        sum += of_warp[warp];
    }
    if (thread == kThreads - 1) {
        out[n] = sum;
    }
    sum -= mine;
    for (int i = first; i < last; ++i) {
        const std::int32_t count = counts[i];
        counts[i] = sum;
        out[i] = sum;
        sum += count;
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

// The place among the numbers order[begin … end), all different and none negative, that `mine` has when they are
// sorted.
__device__ __forceinline__ int rank_of(const std::int32_t* order, int begin, int end, std::int32_t mine) {
    int rank = 0;
#pragma unroll 4
    for (int n = begin; n < end; ++n) {
        rank += order[n] < mine ? 1 : 0;
    }
    return rank;
}

// The rows of an objective in a batch.
struct Source {
    std::int64_t begin, size;  // of what is drawn from
    int count;                 // of the batch
};
__device__ Source source_of(const DrawObjective& objective, std::int64_t model) {
    const std::int64_t begin = objective.rows_begin[model];
    const std::int64_t size = objective.rows_begin[model + 1] - begin;
    return {begin, size, size == 0 ? 0 : objective.batch == 0 ? static_cast<int>(size) : objective.batch};
}
// What each row of it counts.
__device__ float scale_of(const DrawObjective& objective, int count) {
    return static_cast<float>(objective.weight / count);
}

// Where things lie in shared memory. Batches that do not fit are ordered in global memory, by one warp.
struct Shared {
    std::int32_t *platforms, *modules;  // counts, then cursors, one more than there are
    std::int32_t *order, *mention;
    std::int32_t* number;  // of a row as it was drawn, in its table
    std::uint32_t* pair;   // its module, and its platform times 65536; in shared memory alone
};
constexpr std::int32_t kMostOfSide = 65536;  // platforms or modules, in shared memory

// Draws, and counts platforms and mentions. Returns how many rows.
template <bool InShared>
__device__ __forceinline__ int draw_numbers(const Draw& d, std::int64_t model, std::int64_t step, const Shared& s) {
    const int thread = static_cast<int>(threadIdx.x);
    int rows = 0;
    for (int o = 0; o < d.objectives; ++o) {
        const DrawObjective& objective = d.objective[o];
        const DrawTable& table = objective.table;
        const Source source = source_of(objective, model);
        // Rows that a thread looks up side by side, so that it does not wait for one after the other.
        constexpr int at_once = 4;
        struct Looked {
            std::int64_t n, at;
            bool there;
        };
        const auto take = [&](const Looked(&looked)[at_once]) {
            std::int32_t number[at_once];
            std::int32_t i[at_once];
            std::int32_t j[at_once];
#pragma unroll
            for (int u = 0; u < at_once; ++u) {
                number[u] = looked[u].there ? objective.rows[source.begin + looked[u].at] : 0;
            }
#pragma unroll
            for (int u = 0; u < at_once; ++u) {
                i[u] = looked[u].there ? table.platform[number[u]] : 0;
                j[u] = looked[u].there ? table.module[number[u]] : 0;
            }
#pragma unroll
            for (int u = 0; u < at_once; ++u) {
                if (!looked[u].there) {
                    continue;
                }
                s.number[rows + looked[u].n] = number[u];
                if constexpr (InShared) {
                    s.pair[rows + looked[u].n] = static_cast<std::uint32_t>(j[u]) | static_cast<std::uint32_t>(i[u])
                                                                                        << 16U;
                }
                atomicAdd(s.platforms + i[u], 1);
                if (d.mention == nullptr) {
                    continue;
                }
                atomicAdd(s.modules + j[u], 1);
                for (int c = 0; c < table.width; ++c) {
                    const int k = table.co_runner[static_cast<std::int64_t>(number[u]) * table.width + c];
                    if (k >= 0) {
                        atomicAdd(s.modules + k, 1);
                    }
                }
            }
        };
        if (objective.batch == 0) {
            for (int n = thread; n < source.count; n += at_once * kThreads) {
                Looked looked[at_once];
#pragma unroll
                for (int u = 0; u < at_once; ++u) {
                    const int mine = n + u * kThreads;
                    looked[u] = {mine, mine, mine < source.count};
                }
                take(looked);
            }
        } else {
            const std::int64_t begin = step * objective.batch;
            const std::int64_t end = begin + source.count;
            const std::uint64_t key = objective.key[model];
            for (std::int64_t counter = begin / 2 + thread; 2 * counter < end; counter += at_once / 2 * kThreads) {
                Looked looked[at_once];
#pragma unroll
                for (int u = 0; u < at_once; u += 2) {
                    const std::int64_t mine = counter + u / 2 * kThreads;
                    const Drawn drawn =
                        draw_below(key, static_cast<std::uint64_t>(mine), static_cast<std::uint64_t>(source.size));
                    looked[u] = {2 * mine - begin, drawn.even, 2 * mine >= begin && 2 * mine < end};
                    looked[u + 1] = {2 * mine + 1 - begin, drawn.odd, 2 * mine + 1 < end};
                }
                take(looked);
            }
        }
        rows += source.count;
    }
    return rows;
}

// Orders mentions in shared memory. `Alone`: whether no row has room for co-runners.
template <bool Alone>
__device__ __forceinline__ void order_mentions(const Draw& d, std::int64_t first, int rows, const Shared& s) {
    const int each = Alone ? 1 : 1 + d.width;
    const auto mentioned = [&](int number) {
        const int b = Alone ? number : number / each;
        const int which = Alone ? 0 : number % each;
        return which == 0 ? d.module[first + b] : d.co_runner[(first + b) * d.width + which - 1];
    };
    for (int number = static_cast<int>(threadIdx.x); number < rows * each; number += kThreads) {
        const int j = mentioned(number);
        if (j >= 0) {
            s.mention[atomicAdd(s.modules + j, 1)] = number;
        }
    }
    __syncthreads();
    const int mentions = s.modules[d.modules - 1];
    for (int at = static_cast<int>(threadIdx.x); at < mentions; at += kThreads) {
        const int number = s.mention[at];
        const int j = mentioned(number);
        const int begin = j == 0 ? 0 : s.modules[j - 1];
        d.mention[first * each + begin + rank_of(s.mention, begin, s.modules[j], number)] = number;
    }
}

// Orders a batch in shared memory: whoever comes first takes a place of its platform, then each finds its rank there.
__device__ __forceinline__ void order_in_shared(const Draw& d, std::int64_t model, std::int64_t first, int rows,
                                                const Shared& s) {
    __shared__ float scales[kMostObjectives];
    __shared__ int ends[kMostObjectives];
    const int thread = static_cast<int>(threadIdx.x);
    if (thread < d.objectives) {
        int count = 0;
        int end = 0;
        for (int o = 0; o <= thread; ++o) {
            count = source_of(d.objective[o], model).count;
            end += count;
        }
        ends[thread] = end;
        scales[thread] = scale_of(d.objective[thread], count);
    }
    for (int n = thread; n < rows; n += kThreads) {
        const std::uint32_t pair = s.pair[n];
        const auto before = d.by_module ? static_cast<std::int32_t>((pair & 0xFFFFU) * kSortedRows) : 0;
        s.order[atomicAdd(s.platforms + (pair >> 16U), 1)] = before + n;
    }
    __syncthreads();
    // A cursor is now where its platform's rows end, and the next one's begin.
    for (int at = thread; at < rows; at += kThreads) {
        const std::int32_t mine = s.order[at];
        const int n = d.by_module ? mine % kSortedRows : mine;
        int o = 0;
        while (o + 1 < d.objectives && n >= ends[o]) {
            ++o;
        }
        const DrawTable& table = d.objective[o].table;
        const std::int32_t number = s.number[n];
        const float target = table.target[number];
        const auto i = static_cast<std::int32_t>(s.pair[n] >> 16U);
        const int begin = i == 0 ? 0 : s.platforms[i - 1];
        const int b = begin + rank_of(s.order, begin, s.platforms[i], mine);
        d.platform[first + b] = i;
        d.module[first + b] = static_cast<std::int32_t>(s.pair[n] & 0xFFFFU);
        d.target[first + b] = target;
        d.scale[first + b] = scales[o];
        for (int c = 0; c < d.width; ++c) {
            d.co_runner[(first + b) * d.width + c] =
                c < table.width ? table.co_runner[static_cast<std::int64_t>(number) * table.width + c] : -1;
        }
    }
    if (d.mention != nullptr) {
        __syncthreads();
        d.width == 0 ? order_mentions<true>(d, first, rows, s) : order_mentions<false>(d, first, rows, s);
    }
}

// The same in global memory by one warp, 32 rows at a time, with cursors that are where the rows of each begin.
__device__ void order_by_warp(const Draw& d, std::int64_t model, std::int64_t first, const Shared& s) {
    const int thread = static_cast<int>(threadIdx.x);
    const int each = 1 + d.width;
    int begin = 0;
    for (int o = 0; o < d.objectives; ++o) {
        const DrawObjective& objective = d.objective[o];
        const DrawTable& table = objective.table;
        const int count = source_of(objective, model).count;
        const float scale = scale_of(objective, count);
        for (int n = 0; n < count; n += 32) {
            const bool there = n + thread < count;
            const std::int32_t number = there ? s.number[begin + n + thread] : 0;
            const int i = there ? table.platform[number] : 0;
            const std::int32_t b = place_of(s.platforms, i, there);
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
    for (int from = 0; from < (d.mention == nullptr ? 0 : begin * each); from += 32) {
        const int number = from + thread;
        int j = -1;
        if (number < begin * each) {
            const std::int64_t b = first + number / each;
            j = number % each == 0 ? d.module[b] : d.co_runner[b * d.width + number % each - 1];
        }
        const std::int32_t at = place_of(s.modules, j, j >= 0);
        if (j >= 0) {
            d.mention[first * each + at] = number;
        }
    }
}

template <bool InShared>
__global__ void __launch_bounds__(kThreads) draw_kernel(const __grid_constant__ Draw d) {
    auto* const shared = shared_memory<std::int32_t>();
    const int thread = static_cast<int>(threadIdx.x);
    const std::int64_t model = blockIdx.x;
    const std::int64_t batch = static_cast<std::int64_t>(blockIdx.y) * d.models + model;
    const std::int64_t first = batch * d.rows;
    Shared s{};
    if constexpr (InShared) {
        s.platforms = shared;
        s.order = shared + d.platforms + d.modules + 2;
        s.number = s.order + d.rows;
        s.pair = reinterpret_cast<std::uint32_t*>(s.number + d.rows);
        s.mention = s.number + 2 * static_cast<std::int64_t>(d.rows);
    } else {
        s.platforms = d.cursor + batch * (d.platforms + d.modules + 2);
        s.number = d.place + first;
    }
    s.modules = s.platforms + d.platforms + 1;
    for (int n = thread; n < d.platforms + d.modules + 2; n += kThreads) {
        s.platforms[n] = 0;
    }
    __syncthreads();
    const int rows = draw_numbers<InShared>(d, model, d.first_step + blockIdx.y, s);
    __syncthreads();
    sum_up(s.platforms, d.platforms, d.platform_end + batch * (d.platforms + 1));
    if (d.mention != nullptr) {
        sum_up(s.modules, d.modules, d.module_end + batch * (d.modules + 1));
    }
    if constexpr (InShared) {
        order_in_shared(d, model, first, rows, s);
    } else if (thread < 32) {
        order_by_warp(d, model, first, s);
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
    const std::int64_t of_row = 3 + (draw.mention == nullptr ? 0 : 1 + draw.width);
    const std::int64_t bytes = (std::int64_t{draw.platforms} + draw.modules + 2 + of_row * std::int64_t{draw.rows}) * 4;
    const bool in_shared =
        bytes <= most_shared && draw.rows <= most_rows && std::max(draw.platforms, draw.modules) <= kMostOfSide;
    if (draw.by_module && !(in_shared && draw.rows <= kSortedRows)) {
        return cudaErrorInvalidValue;
    }
    return start(in_shared ? draw_kernel<true> : draw_kernel<false>,
                 {dim3(static_cast<unsigned>(draw.models), static_cast<unsigned>(steps)), kThreads,
                  in_shared ? static_cast<std::size_t>(bytes) : 0, most_shared},
                 stream, draw);
}

}  // namespace pitot::backend::cuda
