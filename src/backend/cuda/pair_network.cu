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

// Where partial sums of a strip lie.
struct Places {
    int bias, top, top_bias;
};
__device__ __forceinline__ Places places_of(const PairNetwork& n) {
    const int ld = n.weight.parameter.ld;
    return {n.cols * ld, (n.cols + 1) * ld, (n.cols + 2) * ld};
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

template <Precision P>
__global__ void __launch_bounds__(kThreads, 1) pair_network_kernel(const __grid_constant__ PairNetwork n) {
    auto* const weight = shared_memory<float>();
    float* const below = weight + kOfTile;  // what the first layer gives
    float* const slopes = below + kOfTile;  // the gradient of what the second layer gives, tanh' included
    float* const bias = slopes + kOfTile;   // of the second layer
    float* const top = bias + kTile;        // weights of the output
    float* const row_slope = top + kTile;   // the gradient of the output
    float* const dots = row_slope + kTile;  // products of rows and `top`, in kWarpsAcross parts
    const std::int64_t model = blockIdx.y;
    const int thread = static_cast<int>(threadIdx.x);
    const int lane = thread % 32;
    const int group = lane / 4;
    const int m0 = thread / 32 / kWarpsAcross * 16 * kSixteens;
    const int n0 = thread / 32 % kWarpsAcross * 8 * kEights;
    const int c0 = n0 + lane % 4 * 2;  // the first column of this thread's pairs
    const int begin = static_cast<int>(blockIdx.x) * kPairStrip;
    const int end = min(begin + kPairStrip, part(n.batch.platform_end, model)[n.batch.platforms]);
    const int cols = (n.cols + 31) / 32 * 32;
    const int hidden = (n.hidden + 31) / 32 * 32;
    auto* const terms = reinterpret_cast<RowTerms*>(dots + kTile * kWarpsAcross);  // of rows, each its thread's
    auto* const of_sides = reinterpret_cast<std::int32_t*>(terms + kTile);
    const Sides strip{of_sides, of_sides + kPairStrip};
    load_sides(n.batch, model, begin, end, strip);
    load_weight<P>(n, model, weight, bias, top);
    __syncthreads();

    Sums weight_sums = {};
    float2 top_sums[kEights] = {};
    float2 bias_sums[kEights] = {};
    float slope_sum = 0.0F;
    for (int first = begin; first < end; first += kTile) {
        const int rows = min(kTile, end - first);
        const Sides sides{strip.platform + (first - begin), strip.module + (first - begin)};
        RowTerms of_row;  // asked for before the rows, and there after them
        if (thread < rows) {
            of_row = terms_of(n.loss, n.batch, model, sides.platform[thread], first + thread);
        }
        gather(n, model, sides, rows, below);
        if (thread < rows) {
            if (n.top_bias.parameter.data != nullptr) {
                of_row.prediction += n.loss.output_scale * *part(n.top_bias.parameter, model);
            }
            terms[thread] = of_row;
        }
        __syncthreads();

        Sums sums = {};
        if (n0 < hidden) {
            multiply<P>(Operand<false, false>(below, m0), Operand<true, true>(weight, n0), cols, sums);
        }
#pragma unroll
        for (int i = 0; i < kSixteens; ++i) {
            float dot[2] = {};
#pragma unroll
            for (int j = 0; j < kEights; ++j) {
                const float2 b = *reinterpret_cast<const float2*>(bias + c0 + 8 * j);
                const float2 w = *reinterpret_cast<const float2*>(top + c0 + 8 * j);
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
                    dots[(m0 + 16 * i + 8 * half + group) * kWarpsAcross + n0 / (8 * kEights)] = dot[half];
                }
            }
        }
        __syncthreads();

        if (thread < kTile) {
            float slope = 0.0F;
            if (thread < rows) {
                const float* d = dots + thread * kWarpsAcross;
                const float out = (d[0] + d[1]) + (d[2] + d[3]);
                const RowLoss at = loss_at(n.loss, terms[thread], n.loss.output_scale * out);
                part(n.row_loss, model)[first + thread] = at.loss;
                slope = n.loss.output_scale * at.slope;
            }
            row_slope[thread] = slope;
            slope_sum += slope;
        }
        __syncthreads();

#pragma unroll
        for (int j = 0; j < kEights; ++j) {
            const float2 w = *reinterpret_cast<const float2*>(top + c0 + 8 * j);
#pragma unroll
            for (int i = 0; i < kSixteens; ++i) {
#pragma unroll
                for (int half = 0; half < 2; ++half) {
                    const int r = m0 + 16 * i + 8 * half + group;
                    const float slope = row_slope[r];
                    const float2 y{sums[i][j][2 * half], sums[i][j][2 * half + 1]};
                    const float2 d{slope * w.x * (1.0F - y.x * y.x), slope * w.y * (1.0F - y.y * y.y)};
                    top_sums[j] = {top_sums[j].x + slope * y.x, top_sums[j].y + slope * y.y};
                    bias_sums[j] = {bias_sums[j].x + d.x, bias_sums[j].y + d.y};
                    *reinterpret_cast<float2*>(slopes + place_of(r, c0 + 8 * j)) = {rounded<P>(d.x), rounded<P>(d.y)};
                    sums[i][j][2 * half] = 0.0F;
                    sums[i][j][2 * half + 1] = 0.0F;
                }
            }
        }
        __syncthreads();

        if (n0 < cols) {
            multiply<P>(Operand<false, true>(slopes, m0), Operand<false, true>(weight, n0), hidden, sums);
#pragma unroll
            for (int i = 0; i < kSixteens; ++i) {
#pragma unroll
                for (int half = 0; half < 2; ++half) {
                    const int r = m0 + 16 * i + 8 * half + group;
                    if (r >= rows) {
                        continue;
                    }
                    float* to = row(n.gradient, model, first + r) + c0;
#pragma unroll
                    for (int j = 0; j < kEights; ++j) {
                        const float2 y = *reinterpret_cast<const float2*>(below + place_of(r, c0 + 8 * j));
                        // Between rows is room up to a multiple of four, so a pair is there whole or not at all.
                        if (c0 + 8 * j < n.cols) {
                            *reinterpret_cast<float2*>(to + 8 * j) = {sums[i][j][2 * half] * (1.0F - y.x * y.x),
                                                                      sums[i][j][2 * half + 1] * (1.0F - y.y * y.y)};
                        }
                    }
                }
            }
        }
        if (m0 < cols && n0 < hidden) {
            multiply<P>(Operand<true, false>(below, m0), Operand<true, true>(slopes, n0), (rows + 31) / 32 * 32,
                        weight_sums);
        }
        __syncthreads();
    }

    float* const out = row(n.sums, model, blockIdx.x);
    const int ld = n.weight.parameter.ld;
#pragma unroll
    for (int i = 0; i < kSixteens; ++i) {
#pragma unroll
        for (int half = 0; half < 2; ++half) {
            const int r = m0 + 16 * i + 8 * half + group;
#pragma unroll
            for (int j = 0; j < kEights; ++j) {
                if (r < n.cols && c0 + 8 * j < ld) {
                    *reinterpret_cast<float2*>(out + r * ld + c0 + 8 * j) = {weight_sums[i][j][2 * half],
                                                                             weight_sums[i][j][2 * half + 1]};
                }
            }
        }
    }
    // Sums of columns over the lanes of a warp, then over the warps that have the same ones.
    float* const column_sums = slopes + m0 / (16 * kSixteens) * 2 * kTile;
#pragma unroll
    for (int j = 0; j < kEights; ++j) {
        float of[4] = {bias_sums[j].x, bias_sums[j].y, top_sums[j].x, top_sums[j].y};
#pragma unroll
        for (int q = 0; q < 4; ++q) {
            for (int offset = 4; offset < 32; offset *= 2) {
                of[q] += __shfl_xor_sync(kAll, of[q], offset);
            }
            if (group == 0) {
                column_sums[q / 2 * kTile + c0 + 8 * j + q % 2] = of[q];
            }
        }
    }
    if (thread < kTile) {
        row_slope[thread] = slope_sum;
    }
    __syncthreads();
    const Places places = places_of(n);
    for (int at = thread; at < 2 * kTile; at += kThreads) {
        float sum = 0.0F;
        for (int w = 0; w < kWarps / kWarpsAcross; ++w) {
            sum += slopes[w * 2 * kTile + at];
        }
        if (at % kTile < ld) {
            out[(at < kTile ? places.bias : places.top) + at % kTile] = sum;
        }
    }
    if (thread < 32) {
        float sum = 0.0F;
        for (int at = lane; at < kTile; at += 32) {
            sum += row_slope[at];
        }
        sum = sum_of_warp(sum);
        if (lane == 0) {
            out[places.top_bias] = sum;
        }
    }
}

constexpr int kUpdateThreads = 256;

int weight_blocks(const PairNetwork& n) {
    return (n.cols * n.weight.parameter.ld / 2 + kUpdateThreads - 1) / kUpdateThreads;
}

// Blocks for the weights of the second layer, one for what else learns, and the others for losses of platforms.
__global__ void __launch_bounds__(kUpdateThreads)
    pair_update_kernel(const __grid_constant__ PairNetwork n, int strips, int for_weight) {
    const std::int64_t model = blockIdx.y;
    const int thread = static_cast<int>(threadIdx.x);
    const int block = static_cast<int>(blockIdx.x);
    const auto sum_at = [&](int at) {
        float sum = 0.0F;
        for (int strip = 0; strip < strips; ++strip) {
            sum += row(n.sums, model, strip)[at];
        }
        return sum;
    };
    if (block < for_weight) {
        const int at = 2 * (block * kUpdateThreads + thread);
        if (at < n.cols * n.weight.parameter.ld) {
            float2 sum{0.0F, 0.0F};
            for (int strip = 0; strip < strips; ++strip) {
                const float2 more = *reinterpret_cast<const float2*>(row(n.sums, model, strip) + at);
                sum = {sum.x + more.x, sum.y + more.y};
            }
            apply(n.weight, model, at, sum);
        }
    } else if (block == for_weight) {
        const Places places = places_of(n);
        if (thread < n.hidden && n.bias.parameter.data != nullptr) {
            apply(n.bias, model, thread, sum_at(places.bias + thread));
        }
        if (thread < n.hidden) {
            apply(n.top, model, std::int64_t{thread} * n.top.parameter.ld, sum_at(places.top + thread));
        } else if (thread == n.hidden && n.top_bias.parameter.data != nullptr) {
            apply(n.top_bias, model, 0, sum_at(places.top_bias));
        }
    } else {
        const int i = (block - for_weight - 1) * (kUpdateThreads / 32) + thread / 32;
        if (i < n.batch.platforms) {
            const RowRange rows = rows_of(n.batch.platform_end, model, i);
            float loss = 0.0F;
            for (int b = rows.begin + thread % 32; b < rows.end; b += 32) {
                loss += part(n.row_loss, model)[b];
            }
            loss = sum_of_warp(loss);
            if (thread % 32 == 0) {
                part(n.loss.loss, model)[i] = loss;
            }
        }
    }
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
    if (const cudaError_t error = launch(precision, network, models, stream); error != cudaSuccess) {
        return error;
    }
    constexpr int platforms_of_block = kUpdateThreads / 32;
    const int for_weight = weight_blocks(network);
    const int for_losses = (network.batch.platforms + platforms_of_block - 1) / platforms_of_block;
    const dim3 grid(static_cast<unsigned>(for_weight + 1 + for_losses), static_cast<unsigned>(models));
    return start(pair_update_kernel, {grid, kUpdateThreads}, stream, network,
                 static_cast<int>(pair_network_strips(network.batch.rows)), for_weight);
}

}  // namespace pitot::backend::cuda
