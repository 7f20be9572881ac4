// A network on pairs in a training step, forward and backward at once: tanh of sums of both sides' rows, a layer with
// tanh, and an output. What its layers give never leaves a block, which takes strips of a batch's rows, tile by tile; a
// second kernel adds what the strips have of each weight's gradient.
#include <algorithm>

#include "backend/cuda/loss.cuh"
#include "backend/cuda/pair_tile.cuh"

namespace pitot::backend::cuda {
namespace {

using namespace pairs;

constexpr int kWarpsAcross = kTile / (8 * kEights);
constexpr int kWarps = kTile / (16 * kSixteens) * kWarpsAcross;
constexpr int kThreads = 32 * kWarps;
constexpr int kRowsOfWarp = kTile / kWarps;  // gathered
constexpr int kAtOnce = 2 * kSixteens;       // rows whose loads are begun before any is waited for

// Shared memory, in floats.
constexpr int kOfTile = kTile * kTile;
constexpr int kSmall = kTile * (kWarpsAcross + 6) + 2 * kPairStrip;
static_assert((3 * kOfTile + kSmall) * static_cast<int>(sizeof(float)) == kPairNetworkShared);
static_assert(kThreads >= kTile && kPairStrip % kTile == 0);

// Of four numbers by one division. Of 10 and more it is 1.
__device__ __forceinline__ float4 tanh_of(float4 x) {
    const auto power = [](float a) { return 1.0F + __expf(2.0F * (a > 10.0F ? 10.0F : a)); };  // NaN passes
    const float4 e{power(x.x), power(x.y), power(x.z), power(x.w)};
    const float first = e.x * e.y;
    const float second = e.z * e.w;
    const float both = __fdividef(2.0F, first * second);
    const float of_first = both * second;
    const float of_second = both * first;
    return {1.0F - of_first * e.y, 1.0F - of_first * e.x, 1.0F - of_second * e.w, 1.0F - of_second * e.z};
}

template <Precision P>
__device__ void load_weight(const PairNetwork& n, std::int64_t model, float* weight, float* bias, float* top) {
    const int thread = static_cast<int>(threadIdx.x);
#pragma unroll 8
    for (int at = 4 * thread; at < kOfTile; at += 4 * kThreads) {
        const int r = at / kTile;
        const int c = at % kTile;
        float4 w{0.0F, 0.0F, 0.0F, 0.0F};
        if (r < n.cols && c < n.hidden) {
            w = *reinterpret_cast<const float4*>(row(n.weight.parameter, model, r) + c);
        }
        *reinterpret_cast<float4*>(weight + place_of(r, c)) = {rounded<P>(w.x), rounded<P>(w.y), rounded<P>(w.z),
                                                               rounded<P>(w.w)};
    }
    if (thread < kTile) {
        const bool there = thread < n.hidden;
        bias[thread] = there && n.bias.parameter.data != nullptr ? part(n.bias.parameter, model)[thread] : 0.0F;
        top[thread] = there ? *row(n.top.parameter, model, thread) : 0.0F;
    }
}

// Rows of both sides that a strip's rows are of.
struct Sides {
    std::int32_t *platform, *module;
};
__device__ __forceinline__ void load_sides(const Batch& batch, std::int64_t model, int begin, int end,
                                           const Sides& to) {
#pragma unroll
    for (int at = static_cast<int>(threadIdx.x); at < kPairStrip; at += kThreads) {
        const bool there = begin + at < end;
        to.platform[at] = there ? part(batch.platform, model)[begin + at] : 0;
        to.module[at] = there ? part(batch.module, model)[begin + at] : 0;
    }
}

// tanh of the sums of both sides' rows, `rows` of them; behind them 0.
__device__ __forceinline__ void gather(const PairNetwork& n, std::int64_t model, const Sides& sides, int rows,
                                       float* to) {
    const int column = static_cast<int>(threadIdx.x) % 32 * 4;
    const int r0 = static_cast<int>(threadIdx.x) / 32 * kRowsOfWarp;
    const float* const left = part(n.left, model) + column;
    const float* const right = part(n.right, model) + column;
#pragma unroll 1
    for (int r = r0; r < r0 + kRowsOfWarp; r += kAtOnce) {
        float4 x[kAtOnce];
        float4 y[kAtOnce];
#pragma unroll
        for (int q = 0; q < kAtOnce; ++q) {
            const bool wanted = column < n.cols && r + q < rows;
            const std::int64_t i = sides.platform[r + q];
            const std::int64_t j = sides.module[r + q];
            const float4 none{0.0F, 0.0F, 0.0F, 0.0F};
            x[q] = wanted ? *reinterpret_cast<const float4*>(left + i * n.left.ld) : none;
            y[q] = wanted ? *reinterpret_cast<const float4*>(right + j * n.right.ld) : none;
        }
#pragma unroll
        for (int q = 0; q < kAtOnce; ++q) {
            add_scaled(x[q], 1.0F, y[q]);
            *reinterpret_cast<float4*>(to + place_of(r + q, column)) = tanh_of(x[q]);
        }
    }
}

// What lies in a block's shared memory.
struct Memory {
    float* weight;
    float* below;      // what the first layer gives
    float* slopes;     // the gradient of what the second layer gives, tanh' included
    float* bias;       // of the second layer
    float* top;        // weights of the output
    float* row_slope;  // the gradient of the output
    float* dots;       // products of rows and `top`, in kWarpsAcross parts
    RowTerms* terms;   // of rows, each its thread's
    Sides sides;       // of the strip
};
__device__ __forceinline__ Memory memory_of() {
    Memory m;
    m.weight = shared_memory<float>();
    m.below = m.weight + kOfTile;
    m.slopes = m.below + kOfTile;
    m.bias = m.slopes + kOfTile;
    m.top = m.bias + kTile;
    m.row_slope = m.top + kTile;
    m.dots = m.row_slope + kTile;
    m.terms = reinterpret_cast<RowTerms*>(m.dots + kTile * kWarpsAcross);
    auto* const of_sides = reinterpret_cast<std::int32_t*>(m.terms + kTile);
    m.sides = {of_sides, of_sides + kPairStrip};
    return m;
}

// A warp's piece of a tile, and this thread's first row and column of it.
struct Piece {
    int m0, n0, row, column;
};
__device__ __forceinline__ Piece piece_of() {
    const int lane = static_cast<int>(threadIdx.x) % 32;
    const int warp = static_cast<int>(threadIdx.x) / 32;
    const int m0 = warp / kWarpsAcross * 16 * kSixteens;
    const int n0 = warp % kWarpsAcross * 8 * kEights;
    return {m0, n0, m0 + lane / 4, n0 + lane % 4 * 2};
}

// What a thread adds over the tiles of a strip.
struct StripSums {
    Sums weight = {};
    float2 top[kEights] = {};
    float2 bias[kEights] = {};
    float slope = 0.0F;
};

// Sums of the second layer's products to what it gives, and the products of its rows and `top`.
__device__ __forceinline__ void finish_second(const Memory& m, const Piece& p, Sums& sums) {
    const int lane = static_cast<int>(threadIdx.x) % 32;
#pragma unroll
    for (int i = 0; i < kSixteens; ++i) {
        float dot[2] = {};
#pragma unroll
        for (int j = 0; j < kEights; ++j) {
            const float2 b = *reinterpret_cast<const float2*>(m.bias + p.column + 8 * j);
            const float2 w = *reinterpret_cast<const float2*>(m.top + p.column + 8 * j);
            float(&s)[4] = sums[i][j];
            const float4 y = tanh_of(float4{s[0] + b.x, s[1] + b.y, s[2] + b.x, s[3] + b.y});
            s[0] = y.x;
            s[1] = y.y;
            s[2] = y.z;
            s[3] = y.w;
            dot[0] += y.x * w.x + y.y * w.y;
            dot[1] += y.z * w.x + y.w * w.y;
        }
#pragma unroll
        for (int half = 0; half < 2; ++half) {
            dot[half] += __shfl_xor_sync(kAll, dot[half], 1);
            dot[half] += __shfl_xor_sync(kAll, dot[half], 2);
            if (lane % 4 == 0) {
                m.dots[(p.row + 16 * i + 8 * half) * kWarpsAcross + p.n0 / (8 * kEights)] = dot[half];
            }
        }
    }
}

// Losses of the tile's rows from `first` on, and the gradient of the output; 0 behind the last.
__device__ __forceinline__ void find_slopes(const PairNetwork& n, std::int64_t model, const Memory& m, int first,
                                            int rows, StripSums& strip) {
    const int thread = static_cast<int>(threadIdx.x);
    if (thread >= kTile) {
        return;
    }
    float slope = 0.0F;
    if (thread < rows) {
        const float* d = m.dots + thread * kWarpsAcross;
        const float out = (d[0] + d[1]) + (d[2] + d[3]);
        const RowLoss at = loss_at(n.loss, m.terms[thread], n.loss.output_scale * out);
        part(n.row_loss, model)[first + thread] = at.loss;
        slope = n.loss.output_scale * at.slope;
    }
    m.row_slope[thread] = slope;
    strip.slope += slope;
}

// The gradient of the second layer from what it gives, which is 0 after.
template <Precision P>
__device__ __forceinline__ void differentiate_second(const Memory& m, const Piece& p, Sums& sums, StripSums& strip) {
#pragma unroll
    for (int j = 0; j < kEights; ++j) {
        const float2 w = *reinterpret_cast<const float2*>(m.top + p.column + 8 * j);
#pragma unroll
        for (int i = 0; i < kSixteens; ++i) {
#pragma unroll
            for (int half = 0; half < 2; ++half) {
                const int r = p.row + 16 * i + 8 * half;
                const float slope = m.row_slope[r];
                const float2 y{sums[i][j][2 * half], sums[i][j][2 * half + 1]};
                const float2 d{slope * w.x * (1.0F - y.x * y.x), slope * w.y * (1.0F - y.y * y.y)};
                strip.top[j] = {strip.top[j].x + slope * y.x, strip.top[j].y + slope * y.y};
                strip.bias[j] = {strip.bias[j].x + d.x, strip.bias[j].y + d.y};
                *reinterpret_cast<float2*>(m.slopes + place_of(r, p.column + 8 * j)) = {rounded<P>(d.x),
                                                                                        rounded<P>(d.y)};
                sums[i][j][2 * half] = 0.0F;
                sums[i][j][2 * half + 1] = 0.0F;
            }
        }
    }
}

// The gradient of the first layer's sums, from that of what it gives.
__device__ __forceinline__ void store_below(const PairNetwork& n, std::int64_t model, const Memory& m, const Piece& p,
                                            int first, int rows, const Sums& sums) {
#pragma unroll
    for (int i = 0; i < kSixteens; ++i) {
#pragma unroll
        for (int half = 0; half < 2; ++half) {
            const int r = p.row + 16 * i + 8 * half;
            if (r >= rows) {
                continue;
            }
            float* to = row(n.gradient, model, first + r) + p.column;
#pragma unroll
            for (int j = 0; j < kEights; ++j) {
                const float2 y = *reinterpret_cast<const float2*>(m.below + place_of(r, p.column + 8 * j));
                // Between rows is room up to a multiple of four, so a pair is there whole or not at all.
                if (p.column + 8 * j < n.cols) {
                    *reinterpret_cast<float2*>(to + 8 * j) = {sums[i][j][2 * half] * (1.0F - y.x * y.x),
                                                              sums[i][j][2 * half + 1] * (1.0F - y.y * y.y)};
                }
            }
        }
    }
}

// What a strip has of the gradients of all weights and biases, where the second kernel finds it.
__device__ __forceinline__ void store_strip(const PairNetwork& n, std::int64_t model, const Memory& m, const Piece& p,
                                            const StripSums& strip) {
    const int thread = static_cast<int>(threadIdx.x);
    const int lane = thread % 32;
    float* const out = row(n.sums, model, blockIdx.x);
    const int ld = n.weight.parameter.ld;
#pragma unroll
    for (int i = 0; i < kSixteens; ++i) {
#pragma unroll
        for (int half = 0; half < 2; ++half) {
            const int r = p.row + 16 * i + 8 * half;
#pragma unroll
            for (int j = 0; j < kEights; ++j) {
                if (r < n.cols && p.column + 8 * j < ld) {
                    *reinterpret_cast<float2*>(out + r * ld + p.column + 8 * j) = {strip.weight[i][j][2 * half],
                                                                                   strip.weight[i][j][2 * half + 1]};
                }
            }
        }
    }
    // Sums of columns over the lanes of a warp, then over the warps that have the same ones.
    float* const column_sums = m.slopes + p.m0 / (16 * kSixteens) * 2 * kTile;
#pragma unroll
    for (int j = 0; j < kEights; ++j) {
        float of[4] = {strip.bias[j].x, strip.bias[j].y, strip.top[j].x, strip.top[j].y};
#pragma unroll
        for (int q = 0; q < 4; ++q) {
            for (int offset = 4; offset < 32; offset *= 2) {
                of[q] += __shfl_xor_sync(kAll, of[q], offset);
            }
            if (lane < 4) {
                column_sums[q / 2 * kTile + p.column + 8 * j + q % 2] = of[q];
            }
        }
    }
    if (thread < kTile) {
        m.row_slope[thread] = strip.slope;
    }
    __syncthreads();
    const PairSumPlaces places = pair_sum_places(n);
    for (int at = thread; at < 2 * kTile; at += kThreads) {
        float sum = 0.0F;
        for (int w = 0; w < kWarps / kWarpsAcross; ++w) {
            sum += m.slopes[w * 2 * kTile + at];
        }
        if (at % kTile < ld) {
            out[(at < kTile ? places.bias : places.top) + at % kTile] = sum;
        }
    }
    if (thread < 32) {
        float sum = 0.0F;
        for (int at = lane; at < kTile; at += 32) {
            sum += m.row_slope[at];
        }
        sum = sum_of_warp(sum);
        if (lane == 0) {
            out[places.top_bias] = sum;
        }
    }
}

template <Precision P>
__global__ void __launch_bounds__(kThreads, 1) pair_network_kernel(const __grid_constant__ PairNetwork n) {
    const Memory m = memory_of();
    const Piece p = piece_of();
    const std::int64_t model = blockIdx.y;
    const int thread = static_cast<int>(threadIdx.x);
    const int begin = static_cast<int>(blockIdx.x) * kPairStrip;
    const int end = min(begin + kPairStrip, part(n.batch.platform_end, model)[n.batch.platforms]);
    const int cols = (n.cols + 31) / 32 * 32;
    const int hidden = (n.hidden + 31) / 32 * 32;
    load_sides(n.batch, model, begin, end, m.sides);
    load_weight<P>(n, model, m.weight, m.bias, m.top);
    __syncthreads();

    StripSums strip;
    for (int first = begin; first < end; first += kTile) {
        const int rows = min(kTile, end - first);
        const Sides sides{m.sides.platform + (first - begin), m.sides.module + (first - begin)};
        RowTerms of_row;  // asked for before the rows, and there after them
        if (thread < rows) {
            of_row = terms_of(n.loss, n.batch, model, sides.platform[thread], first + thread);
        }
        gather(n, model, sides, rows, m.below);
        if (thread < rows) {
            if (n.top_bias.parameter.data != nullptr) {
                of_row.prediction += n.loss.output_scale * *part(n.top_bias.parameter, model);
            }
            m.terms[thread] = of_row;
        }
        __syncthreads();

        Sums sums = {};
        if (p.n0 < hidden) {
            multiply<P>(Operand<false, false>(m.below, p.m0), Operand<true, true>(m.weight, p.n0), cols, sums);
        }
        finish_second(m, p, sums);
        __syncthreads();

        find_slopes(n, model, m, first, rows, strip);
        __syncthreads();

        differentiate_second<P>(m, p, sums, strip);
        __syncthreads();

        if (p.n0 < cols) {
            multiply<P>(Operand<false, true>(m.slopes, p.m0), Operand<false, true>(m.weight, p.n0), hidden, sums);
            store_below(n, model, m, p, first, rows, sums);
        }
        if (p.m0 < cols && p.n0 < hidden) {
            multiply<P>(Operand<true, false>(m.below, p.m0), Operand<true, true>(m.slopes, p.n0), (rows + 31) / 32 * 32,
                        strip.weight);
        }
        __syncthreads();
    }
    store_strip(n, model, m, p, strip);
}

template <Precision P>
cudaError_t launch(const PairNetwork& network, std::int32_t models, cudaStream_t stream) {
    const auto strips = static_cast<unsigned>(pair_network_strips(network.batch.rows));
    return start(pair_network_kernel<P>,
                 {dim3(strips, static_cast<unsigned>(models)), kThreads, kPairNetworkShared, kPairNetworkShared},
                 stream, network);
}

cudaError_t launch(Precision precision, const PairNetwork& network, std::int32_t models, cudaStream_t stream) {
    switch (precision) {
        case Precision::kFp32:
            return launch<Precision::kFp32>(network, models, stream);
        case Precision::kTf32:
            return launch<Precision::kTf32>(network, models, stream);
        case Precision::kBf16:
            return launch<Precision::kBf16>(network, models, stream);
    }
    return cudaErrorInvalidValue;
}

}  // namespace

cudaError_t launch_pair_network(Precision precision, const PairNetwork& network, std::int32_t models,
                                cudaStream_t stream) {
    const cudaError_t error = launch(precision, network, models, stream);
    return error == cudaSuccess ? launch_pair_update(network, models, stream) : error;
}

}  // namespace pitot::backend::cuda
