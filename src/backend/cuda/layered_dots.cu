// A step of models whose rows of both sides are made by two layers each and multiplied, but for updates: one block a
// model, whose memory holds the rows of both sides and, of the batch, each pair's slope.
//
// A warp takes sixteen rows of a side at a time, from the features to what the second layer gives, and later from their
// gradient back to that of the first layer: what one product gives is what the next takes, in the same registers. All
// products of platforms with modules, on tensor cores, cost less than to gather the rows that a batch has.
#include <algorithm>

#include "backend/cuda/layered_memory.cuh"
#include "backend/cuda/loss.cuh"
#include "backend/cuda/rounded_strip.cuh"

namespace pitot::backend::cuda {
namespace {

constexpr int kThreads = 384;
constexpr int kWarps = kThreads / 32;
constexpr int kAtOnce = 96;  // modules that a strip is multiplied with at a time, at most

// Begins to copy rows of a weight, padded with zeros to so many rows and kColumns columns. `Permuted`: of sixteen,
// those of features that a lane reads as four neighbours go where a product expects two and two: see Features.
template <bool Permuted>
__device__ __forceinline__ void copy_weight(Bf16* to, int padded_rows, const Bf16* from, int ld, int rows, int cols) {
    constexpr int across = kColumns / 8;
    const int c = static_cast<int>(threadIdx.x) % across * 8;
#pragma unroll 2
    for (int r = static_cast<int>(threadIdx.x) / across; r < padded_rows; r += kThreads / across) {
        const bool there = r < rows && c < cols;
        const int place = Permuted ? r / 16 * 16 + r % 16 / 4 * 2 + r % 2 + r % 4 / 2 * 8 : r;
        copy_16(to + place * kStride + c, there ? from + r * ld + c : from, there);
    }
}

// Begins to copy a bias, zeros where there is none; behind the last column it has zeros up to a multiple of four.
__device__ __forceinline__ void copy_bias(float* to, const View<const float>& bias, std::int64_t model, int cols) {
    const int c = 4 * static_cast<int>(threadIdx.x);
    if (c >= kColumns) {
        return;
    }
    if (bias.data == nullptr) {
        store_four(to + c, {0.0F, 0.0F, 0.0F, 0.0F});
    } else {
        const float* from = part(bias, model);
        copy_16(to + c, c < cols ? from + c : from, c < cols);
    }
}

// The features of a strip's rows, sixteen columns at a time, some of them ahead. A lane reads four neighbours; the
// weight is in the order in which a product takes these.
class Features {
public:
    __device__ Features(const LayeredSide& side, std::int64_t model, int first) : ld_(side.x.ld) {
        const int lane = anew(static_cast<int>(threadIdx.x)) % 32;
        column_ = lane % 4 * 4;
        const int r = first + lane / 4;
        low_there_ = r < side.rows;
        high_there_ = r + 8 < side.rows;
        from_ = row(side.x, model, r) + column_;
#pragma unroll
        for (auto& some : ahead_) {
            load(some);
        }
    }
    __device__ void next(std::uint32_t (&to)[4]) {
#pragma unroll
        for (int n = 0; n < 4; ++n) {
            to[n] = ahead_[0][n];
#pragma unroll
            for (int some = 0; some + 1 < kAhead; ++some) {
                ahead_[some][n] = ahead_[some + 1][n];
            }
        }
        load(ahead_[kAhead - 1]);
    }

private:
    static constexpr int kAhead = 3;
    __device__ void load(std::uint32_t (&to)[4]) {
        const bool there = column_ < ld_;
        const uint2 low = there && low_there_ ? *reinterpret_cast<const uint2*>(from_) : uint2{0, 0};
        const uint2 high = there && high_there_ ? *reinterpret_cast<const uint2*>(from_ + 8 * ld_) : uint2{0, 0};
        to[0] = low.x;
        to[1] = high.x;
        to[2] = low.y;
        to[3] = high.y;
        from_ += 16;
        column_ += 16;
    }

    const Bf16* from_;
    int ld_, column_;
    bool low_there_, high_there_;
    std::uint32_t ahead_[kAhead][4];
};

// Both layers of a strip: what the first gives to the card's memory, the rows to the block's.
template <bool Whole>
__device__ __forceinline__ void forward(const LayeredSide& side, std::int64_t model, int first, Features& x,
                                        const float* biases, const Bf16* first_weight, const Bf16* second_weight,
                                        Bf16* out) {
    Strip sums;
    Factor rounded;
    add_bias(biases, sums);
    multiply<true>(
        sixteens(side.in), lane_of<true>(first_weight, kStride), [&](int, std::uint32_t(&a)[4]) { x.next(a); }, sums);
#pragma unroll
    for (auto& eight : sums) {
#pragma unroll
        for (float& sum : eight) {
            sum = tanh_of(sum);
        }
    }
    round_all(sums, rounded);
    store<Whole>(rounded, side.hidden, model, first, side.rows, side.width);
    add_bias(biases + kColumns, sums);
    multiply<true>(rounded, lane_of<true>(second_weight, kStride), sums);
    round_all(sums, rounded);
    const int lane = anew(static_cast<int>(threadIdx.x)) % 32;
    const int r = first + lane / 4;
    auto* const low = reinterpret_cast<std::uint32_t*>(out + r * kStride) + lane % 4;
    auto* const high = low + 8 * kStride / 2;
#pragma unroll
    for (int k = 0; k < kDepths; ++k) {
        low[8 * k] = r < side.rows ? rounded[k][0] : 0U;
        low[8 * k + 4] = r < side.rows ? rounded[k][2] : 0U;
        high[8 * k] = r + 8 < side.rows ? rounded[k][1] : 0U;
        high[8 * k + 4] = r + 8 < side.rows ? rounded[k][3] : 0U;
    }
}

// From the gradient of a strip's rows to that of what the first layer gave, before its tanh, and that of learned
// columns, by the rows of its weight that belong to them.
template <bool Whole>
__device__ __forceinline__ void backward(const LayeredSide& side, std::int64_t model, int first, int rank,
                                         Factor& hidden, Strip& sums, const Bf16* second_weight, const Bf16* learned) {
    Factor rounded;
    round_all(sums, rounded);
    store<Whole>(rounded, side.gradient, model, first, side.rows, rank);
    clear(sums);
    exchange_all(hidden);
    multiply<false>(rounded, lane_of<false>(second_weight, kStride), sums);
#pragma unroll
    for (int k = 0; k < kDepths; ++k) {
#pragma unroll
        for (int n = 0; n < 4; ++n) {
            const float2 y = two_of(hidden[k][n]);
            float* const two = sums[2 * k + n / 2] + n % 2 * 2;
            two[0] *= 1.0F - y.x * y.x;
            two[1] *= 1.0F - y.y * y.y;
        }
    }
    round_all(sums, rounded);
    store<Whole>(rounded, side.hidden_gradient, model, first, side.rows, side.width);
    const int lane = anew(static_cast<int>(threadIdx.x)) % 32;
#pragma unroll 1
    for (int q = 0; q < side.learned_count; q += 8) {
        float of_learned[4] = {};
        const Bf16* at = learned + (q + lane % 8) * kStride + lane / 8 * 8;
#pragma unroll
        for (int k = 0; k < kDepths; k += 2) {
            std::uint32_t b[4];  // of eight columns over two sixteens of k
            load_matrices<false>(b, at + 16 * k);
            const std::uint32_t low[2] = {b[0], b[1]};
            const std::uint32_t high[2] = {b[2], b[3]};
            multiply_bf16(of_learned, rounded[k], low);
            multiply_bf16(of_learned, rounded[k + 1], high);
        }
#pragma unroll
        for (int n = 0; n < 4; ++n) {
            const int r = first + lane / 4 + n / 2 * 8;
            const int c = q + lane % 4 * 2 + n % 2;
            if (r < side.rows && c < side.learned_count) {
                row(side.learned_gradient, model, r)[c] = of_learned[n];
            }
        }
    }
}

// The products of a strip of platforms, the losses of the batch's rows that have these, and their slopes. The sum of
// losses is written for the first of the platforms, and 0 for the others.
__device__ __forceinline__ void slopes_of(const FactorsOf<Bf16>& f, const LayeredMemory& memory, std::int64_t model,
                                          int first, int modules) {
    const int lane = anew(static_cast<int>(threadIdx.x)) % 32;
    const std::int32_t* ends = part(f.batch.platform_end, model);
    const int begin = ends[first];
    const int end = ends[min(first + kStrip, f.batch.platforms)];
#pragma unroll 4
    for (int b = begin + lane; b < end; b += 32) {
        memory.target[b] = part(f.batch.target, model)[b];
        memory.scale[b] = part(f.batch.scale, model)[b];
        memory.pair[b] = static_cast<std::uint32_t>(part(f.batch.module, model)[b]) |
                         static_cast<std::uint32_t>(part(f.batch.platform, model)[b]) << 16U;
    }
    Bf16* const slopes = memory.slopes + first * memory.slope_stride;
    auto* const products = reinterpret_cast<float*>(slopes);
    const int stride = memory.slope_stride / 2;
    const int at_once = min(kAtOnce, stride / 16 * 16);
    Factor left;
#pragma unroll
    for (int k = 0; k < kDepths; ++k) {
        load_left<false>(left[k], memory.left, kStride, first, 16 * k);
    }
    float loss = 0.0F;
    for (int from = 0; from < modules; from += at_once) {
        float sums[kAtOnce / 8][4] = {};
        const int last =
            min(at_once, modules - from) - 16;  // where the last sixteen begin; what would follow is not stored
#pragma unroll
        for (int k = 0; k < kDepths; ++k) {
            const Bf16* at = lane_of<false>(memory.right, kStride) + from * kStride + 16 * k;
            Group<kAtOnce / 16> b;
#pragma unroll
            for (int j = 0; j < kAtOnce / 16; ++j) {
                load_matrices<false>(b[j], at + min(16 * j, last) * kStride);
            }
            multiply_group<0>(left[k], b, sums);
        }
#pragma unroll
        for (int j = 0; j < kAtOnce / 8; ++j) {
            if (8 * j < last + 16) {
                float* const to = products + lane / 4 * stride + 8 * j + lane % 4 * 2;
                store_two(to, {sums[j][0], sums[j][1]});
                store_two(to + 8 * stride, {sums[j][2], sums[j][3]});
            }
        }
        __syncwarp();
#pragma unroll 2
        for (int b = begin + lane; b < end; b += 32) {
            const int j = static_cast<int>(memory.pair[b] & 0xFFFFU);
            const int i = static_cast<int>(memory.pair[b] >> 16U);
            const bool here = j >= from && j < from + at_once;
            const float product = products[(i - first) * stride + (here ? j - from : 0)];
            const float terms = memory.platform_term[i] + memory.module_term[j];
            const float target = memory.target[b];
            const RowLoss at = loss_at(f.loss, {terms, target, memory.scale[b]}, f.dot_scale * product);
            loss += here ? at.loss : 0.0F;
            memory.target[b] = here ? at.slope * f.dot_scale : target;
        }
        __syncwarp();
    }
    for (int n = 8 * lane; n < kStrip * memory.slope_stride; n += 8 * 32) {
        store_four(reinterpret_cast<float*>(slopes + n), {0.0F, 0.0F, 0.0F, 0.0F});
    }
    __syncwarp();
    for (int b = begin + lane; b < end; b += 32) {
        const std::uint32_t pair = memory.pair[b];
        if (b == begin || memory.pair[b - 1] != pair) {  // the first of a pair's rows
            float sum = memory.target[b];
            for (int other = b + 1; other < end && memory.pair[other] == pair; ++other) {
                sum += memory.target[other];
            }
            store_number(slopes + (static_cast<int>(pair >> 16U) - first) * memory.slope_stride +
                             static_cast<int>(pair & 0xFFFFU),
                         sum);
        }
    }
    __syncwarp();
    loss = sum_of_warp(loss);
    if (lane < kStrip && first + lane < f.batch.platforms) {
        part(f.loss.loss, model)[first + lane] = lane == 0 ? loss : 0.0F;
    }
}

// What a step needs late of the card's memory, brought closer at its beginning: of the warp's first strips the
// modules' features and the batch's rows.
__device__ __forceinline__ void prefetch_strip(const LayeredDots& s, std::int64_t model, int first) {
    constexpr int line = 64;  // rounded numbers
    const int lane = anew(static_cast<int>(threadIdx.x)) % 32;
    const LayeredSide& modules = s.side[1];
    const int count = (min(first + kStrip, modules.rows) - first) * modules.x.ld;
    for (int n = line * lane; n < count; n += 32 * line) {
        prefetch(row(modules.x, model, first) + n);
    }
    const Batch& batch = s.factors.batch;
    const std::int32_t* ends = part(batch.platform_end, model);
    const int begin = first < batch.platforms ? ends[first] : 0;
    const int end = first < batch.platforms ? ends[min(first + kStrip, batch.platforms)] : 0;
    for (int b = begin + lane * line / 2; b < end; b += 32 * line / 2) {
        prefetch(part(batch.target, model) + b);
        prefetch(part(batch.scale, model) + b);
        prefetch(part(batch.module, model) + b);
        prefetch(part(batch.platform, model) + b);
    }
}

// `Whole`: whether all layers give kColumns columns.
template <bool Whole>
__global__ void __launch_bounds__(kThreads, 1)
    step_kernel(const __grid_constant__ LayeredDots s, const __grid_constant__ LayeredPlaces at) {
    const std::int64_t model = blockIdx.x;
    const FactorsOf<Bf16>& f = s.factors;
    const int thread = anew(static_cast<int>(threadIdx.x));
    const int warp = thread / 32;
    const int platforms = whole(s.side[0].rows);
    const int modules = whole(s.side[1].rows);
    const LayeredMemory memory = memory_of(at, f.batch.rows, platforms);

#pragma unroll 1
    for (int n = 0; n < 2; ++n) {
        const LayeredSide& side = s.side[n];
        const Bf16* const first = part(side.first, model);
        const int ld = side.first.ld;
        copy_weight<true>(weight_at(at.first[n]), whole(side.in), first, ld, side.in, side.width);
        copy_weight<false>(weight_at(at.second[n]), kColumns, part(side.second, model), side.second.ld, side.width,
                           f.rank);
        copy_weight<false>(weight_at(at.learned[n]), 8 * eights(side.learned_count), first + side.learned_first * ld,
                           ld, side.learned_count, side.width);
        copy_bias(bias_at(at, n), side.first_bias, model, side.width);
        copy_bias(bias_at(at, n) + kColumns, side.second_bias, model, f.rank);
        commit_copies();
    }
    const bool terms = f.loss.platform_term.data != nullptr;
#pragma unroll 1
    for (int n = 0; n < 2; ++n) {
        const LayeredSide& side = s.side[n];
        Features x(side, model, kStrip * warp);
        if (n == 0) {
            prefetch_strip(s, model, kStrip * warp);
            wait_for_copies<1>();
        } else {
            for (int i = thread; i < f.batch.platforms; i += kThreads) {
                memory.platform_term[i] = terms ? *row(f.loss.platform_term, model, i) : 0.0F;
            }
            for (int j = thread; j < f.batch.modules; j += kThreads) {
                memory.module_term[j] = terms ? *row(f.loss.module_term, model, j) : 0.0F;
            }
            wait_for_copies<0>();
        }
        __syncthreads();
#pragma unroll 1
        for (int first = kStrip * warp; first < side.rows; first += kStrip * kWarps) {
            if (first >= kStrip * kWarps) {
                x = Features(side, model, first);
            }
            forward<Whole>(side, model, first, x, bias_at(at, n), weight_at(at.first[n]), weight_at(at.second[n]),
                           n == 0 ? memory.left : memory.right);
        }
    }
    __syncthreads();

    // Backward, platforms first, with losses. Both sides have the same code, of which little is in a multiprocessor's
    // cache.
    Strip sums;
    Factor hidden;
#pragma unroll 1
    for (int n = 0; n < 2; ++n) {
        const LayeredSide& side = s.side[n];
        const bool of_platforms = n == 0;
        if (!of_platforms) {
            __syncthreads();
            copy_weight<false>(memory.right, kColumns, part(side.second, model), side.second.ld, side.width, f.rank);
            commit_copies();
        }
        const Bf16* const others = of_platforms ? memory.right : memory.left;
        const int depths = (of_platforms ? modules : platforms) / 16;
#pragma unroll 1
        for (int base = 0; base < side.rows; base += kStrip * kWarps) {
            const int first = base + kStrip * warp;
            const bool there = first < side.rows;
            if (there) {
                if (of_platforms) {
                    slopes_of(f, memory, model, first, modules);
                }
                load<Whole>(side.hidden, model, first, side.rows, hidden);
                clear(sums);
                multiply<true>(
                    depths, lane_of<true>(others, kStride),
                    [&](int k, std::uint32_t(&a)[4]) {
                        if (of_platforms) {
                            load_left<false>(a, memory.slopes, memory.slope_stride, first, 16 * k);
                        } else {
                            load_left<true>(a, memory.slopes, memory.slope_stride, first, 16 * k);
                        }
                    },
                    sums);
            }
            if (base == 0 && n == 1) {  // modules' second weight is on its way
                wait_for_copies();
                __syncthreads();
            }
            if (there) {
                backward<Whole>(side, model, first, f.rank, hidden, sums,
                                of_platforms ? weight_at(at.second[0]) : memory.right, weight_at(at.learned[n]));
            }
        }
    }
}

}  // namespace

bool layered_dots_fit(const LayeredDots& s, std::int64_t shared) {
    const FactorsOf<Bf16>& f = s.factors;
    constexpr std::int32_t most = 1024;  // of rows and features: more are too many for any block
    const auto may_fit = [](const LayeredSide& side) {
        return side.rows <= most && side.in <= most && side.width <= kColumns;
    };
    return f.dot && f.types == 0 && f.rank <= kColumns && f.batch.rows <= kSortedRows && may_fit(s.side[0]) &&
           may_fit(s.side[1]) && places_of(s).bytes <= shared;
}

cudaError_t launch_layered_dots(const LayeredDots& s, std::int64_t shared, std::int32_t models, cudaStream_t stream) {
    const LayeredPlaces at = places_of(s);
    const bool whole_columns = s.factors.rank == kColumns && s.side[0].width == kColumns && s.side[1].width == kColumns;
    return start(
        whole_columns ? step_kernel<true> : step_kernel<false>,
        {static_cast<unsigned>(models), kThreads, static_cast<std::size_t>(at.bytes), static_cast<std::size_t>(shared)},
        stream, s, at);
}

}  // namespace pitot::backend::cuda
