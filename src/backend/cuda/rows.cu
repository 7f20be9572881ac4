// What is done row by row or element by element: narrow layers, gathered and summed rows, copies, Adam on stored
// gradients, sums of losses.
#include <algorithm>

#include "backend/cuda/loss.cuh"

namespace pitot::backend::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kWarps = kThreads / 32;

dim3 grid_of(std::int64_t work, std::int64_t each, std::int32_t models) {
    constexpr std::int64_t most = 65535;
    return {static_cast<unsigned>(std::clamp<std::int64_t>((work + each - 1) / each, 1, most)),
            static_cast<unsigned>(models)};
}
__device__ __forceinline__ std::int64_t first_thread() {
    return static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x;
}
__device__ __forceinline__ std::int64_t all_threads() { return static_cast<std::int64_t>(gridDim.x) * kThreads; }
__device__ __forceinline__ int first_warp() {
    return static_cast<int>(blockIdx.x) * kWarps + static_cast<int>(threadIdx.x) / 32;
}
__device__ __forceinline__ int all_warps() { return static_cast<int>(gridDim.x) * kWarps; }

__global__ void __launch_bounds__(kThreads) narrow_forward_kernel(const __grid_constant__ Narrow layer) {
    const std::int64_t model = blockIdx.y;
    const int lane = static_cast<int>(threadIdx.x) % 32;
    const float* weight = part(layer.weight, model);
    for (int i = first_warp(); i < layer.rows; i += all_warps()) {
        const float* x = row(layer.x, model, i);
        float* out = row(layer.out, model, i);
        for (int n = 0; n < layer.n; ++n) {
            float sum = 0.0F;
            for (int k = lane; k < layer.k; k += 32) {
                sum += x[k] * weight[static_cast<std::int64_t>(k) * layer.weight.ld + n];
            }
            sum = sum_of_warp(sum);
            if (lane == 0) {
                sum += layer.bias.data != nullptr ? part(layer.bias, model)[n] : 0.0F;
                out[n] = layer.tanh ? tanh_of(sum) : sum;
            }
        }
    }
}

template <typename T>
__global__ void __launch_bounds__(kThreads) narrow_rows_kernel(const __grid_constant__ NarrowOf<T> layer) {
    const std::int64_t model = blockIdx.y;
    const int lane = static_cast<int>(threadIdx.x) % 32;
    for (int i = first_warp(); i < layer.rows; i += all_warps()) {
        const T* x = row(layer.x, model, i);
        for (int q = 0; q < layer.n; ++q) {
            const float* weight = row(layer.weight, model, q);
            float sum = 0.0F;
            for (int k = lane; k < layer.k; k += 32) {
                sum += number_of(x[k]) * weight[k];
            }
            sum = sum_of_warp(sum);
            if (lane == 0) {
                row(layer.out, model, i)[q] = sum;
            }
        }
    }
}

// Four columns a lane, whose weights stay in registers from row to row.
__global__ void __launch_bounds__(kThreads) narrow_spread_kernel(const __grid_constant__ Narrow layer) {
    constexpr int most = 4;
    const std::int64_t model = blockIdx.y;
    const int lane = static_cast<int>(threadIdx.x) % 32;
    for (int c = 4 * lane; c < layer.k; c += 128) {
        float4 weight[most];
#pragma unroll
        for (int n = 0; n < most; ++n) {
            const auto of = [&](int k) { return k < layer.k && n < layer.n ? row(layer.weight, model, k)[n] : 0.0F; };
            weight[n] = {of(c), of(c + 1), of(c + 2), of(c + 3)};
        }
#pragma unroll 4
        for (int i = first_warp(); i < layer.rows; i += all_warps()) {
            const float* x = row(layer.x, model, i);
            float4 sum{0.0F, 0.0F, 0.0F, 0.0F};
#pragma unroll
            for (int n = 0; n < most; ++n) {
                if (n < layer.n) {
                    add_scaled(sum, x[n], weight[n]);
                }
            }
            if (layer.slope.data != nullptr) {
                const float4 y = *reinterpret_cast<const float4*>(row(layer.slope, model, i) + c);
                sum.x *= 1.0F - y.x * y.x;
                sum.y *= 1.0F - y.y * y.y;
                sum.z *= 1.0F - y.z * y.z;
                sum.w *= 1.0F - y.w * y.w;
            }
            // Behind the last column the weights are 0, and so is what lies between rows.
            *reinterpret_cast<float4*>(row(layer.out, model, i) + c) = sum;
        }
    }
}

// A block sums 32 of the weight's rows, its warps taking every eighth row of x.
__global__ void __launch_bounds__(kThreads) narrow_weight_kernel(const __grid_constant__ NarrowWeight layer) {
    __shared__ float sums[kWarps][32];
    const std::int64_t model = blockIdx.y;
    const int lane = static_cast<int>(threadIdx.x) % 32;
    const int warp = static_cast<int>(threadIdx.x) / 32;
    const int k = static_cast<int>(blockIdx.x) * 32 + lane;
    const bool bias = layer.has_bias && k == layer.k;  // one place more, whose x is 1
    for (int n = 0; n < layer.n; ++n) {
        float sum = 0.0F;
        if (k < layer.k || bias) {
#pragma unroll 8
            for (int i = warp; i < layer.rows; i += kWarps) {
                const float d = row(layer.dout, model, i)[n];
                sum += bias ? d : row(layer.x, model, i)[k] * d;
            }
        }
        sums[warp][lane] = sum;
        __syncthreads();
        if (warp == 0 && (k < layer.k || bias)) {
            sum = 0.0F;
            for (int w = 0; w < kWarps; ++w) {
                sum += sums[w][lane];
            }
            if (bias) {
                apply(layer.bias, model, n, sum);
            } else {
                apply(layer.weight, model, static_cast<std::int64_t>(k) * layer.weight.parameter.ld + n, sum);
            }
        }
        __syncthreads();
    }
}

__global__ void __launch_bounds__(kThreads) sum_tanh_kernel(const __grid_constant__ PairRows p) {
    const std::int64_t model = blockIdx.y;
    const int lane = static_cast<int>(threadIdx.x) % 32;
    const std::int32_t* platform = part(p.batch.platform, model);
    const std::int32_t* module = part(p.batch.module, model);
#pragma unroll 4
    for (int b = first_warp(); b < p.batch.rows; b += all_warps()) {
        const float* left = row(p.left, model, platform[b]);
        const float* right = row(p.right, model, module[b]);
        float* out = row(p.out, model, b);
        for (int c = 4 * lane; c < p.cols; c += 128) {  // tanh(0) = 0 between rows
            const float4 l = *reinterpret_cast<const float4*>(left + c);
            const float4 r = *reinterpret_cast<const float4*>(right + c);
            *reinterpret_cast<float4*>(out + c) = {tanh_of(l.x + r.x), tanh_of(l.y + r.y), tanh_of(l.z + r.z),
                                                   tanh_of(l.w + r.w)};
        }
    }
}

__global__ void __launch_bounds__(kThreads) gather_kernel(const __grid_constant__ PairRows p) {
    const std::int64_t model = blockIdx.y;
    const int lane = static_cast<int>(threadIdx.x) % 32;
    for (int b = first_warp(); b < p.batch.rows; b += all_warps()) {
        const float* from = row(p.right, model, part(p.batch.module, model)[b]);
        float* out = row(p.out, model, b);
        for (int c = lane; c < p.cols; c += 32) {
            out[c] = from[c];
        }
    }
}

// Sums of the rows of dout of each platform and of each module, 128 columns a warp.
__global__ void __launch_bounds__(kThreads) sum_rows_kernel(const __grid_constant__ PairRows p) {
    const std::int64_t model = blockIdx.y;
    const int lane = static_cast<int>(threadIdx.x) % 32;
    const int pieces = (p.cols + 127) / 128;
    const int each = 1 + p.batch.width;
    const int tasks = (p.batch.platforms + p.batch.modules) * pieces;
    const std::int32_t* mention = part(p.batch.mention, model);
    for (int task = first_warp(); task < tasks; task += all_warps()) {
        const int r = task / pieces;
        const int c = task % pieces * 128 + 4 * lane;
        const bool there = c < p.cols;
        const bool left = r < p.batch.platforms;
        const int i = left ? r : r - p.batch.platforms;
        const RowRange range = rows_of(left ? p.batch.platform_end : p.batch.module_end, model, i);
        float4 sum{0.0F, 0.0F, 0.0F, 0.0F};
        for (int first = range.begin; first < range.end; first += 32) {
            const int mine = first + lane;
            const int number = mine >= range.end ? 1 : left ? mine * each : mention[mine];
            const int row_number = number % each == 0 && mine < range.end ? number / each : -1;
            const int count = min(32, range.end - first);
#pragma unroll 4
            for (int n = 0; n < count; ++n) {
                const int b = __shfl_sync(kAll, row_number, n);
                if (b >= 0 && there) {
                    add_scaled(sum, 1.0F, *reinterpret_cast<const float4*>(row(p.dout, model, b) + c));
                }
            }
        }
        if (there) {
            *reinterpret_cast<float4*>(row(left ? p.left_gradient : p.right_gradient, model, i) + c) = sum;
        }
    }
}

__global__ void __launch_bounds__(kThreads)
    output_backward_kernel(View<const float> slope, float scale, View<float> din, std::int32_t rows) {
    const std::int64_t model = blockIdx.y;
    for (std::int64_t b = first_thread(); b < rows; b += all_threads()) {
        *row(din, model, b) = scale * part(slope, model)[b];
    }
}

__global__ void __launch_bounds__(kThreads)
    slope_kernel(View<const float> out, View<float> dout, std::int32_t rows, std::int32_t cols) {
    const std::int64_t model = blockIdx.y;
    for (std::int64_t at = first_thread(); at < static_cast<std::int64_t>(rows) * cols; at += all_threads()) {
        const float y = row(out, model, at / cols)[at % cols];
        row(dout, model, at / cols)[at % cols] *= 1.0F - y * y;
    }
}

template <typename T>
__global__ void __launch_bounds__(kThreads)
    copy_columns_kernel(View<const float> from, View<T> to, std::int32_t column, std::int32_t rows, std::int32_t cols) {
    const std::int64_t model = blockIdx.y;
    for (std::int64_t at = first_thread(); at < static_cast<std::int64_t>(rows) * cols; at += all_threads()) {
        store_number(row(to, model, at / cols) + column + at % cols, row(from, model, at / cols)[at % cols]);
    }
}

__global__ void __launch_bounds__(kThreads) round_kernel(const float* from, Bf16* to, std::int64_t count) {
    for (std::int64_t at = first_thread(); at < count; at += all_threads()) {
        store_number(to + at, from[at]);
    }
}

__host__ __device__ __forceinline__ bool has_mirror(const Elementwise& e) {
    return e.mirror.data != nullptr || e.rounded_mirror.data != nullptr;
}

__global__ void __launch_bounds__(kThreads) elementwise_kernel(const __grid_constant__ Elementwises parts) {
    const std::int64_t model = blockIdx.y;
    for (int n = 0; n < parts.count; ++n) {
        const Elementwise& e = parts.part[n];
        const int ld = e.update.parameter.ld;
        if (!has_mirror(e)) {
            // Whole rows with what lies between them, which stays 0.
            const std::int64_t pairs = static_cast<std::int64_t>(e.rows) * ld / 2;
            for (std::int64_t at = first_thread(); at < pairs; at += all_threads()) {
                const float2 g = reinterpret_cast<const float2*>(part(e.update.gradient, model))[at];
                apply(e.update, model, 2 * at, g);
            }
            continue;
        }
        for (std::int64_t at = first_thread(); at < static_cast<std::int64_t>(e.rows) * e.cols; at += all_threads()) {
            const std::int64_t i = at / e.cols;
            const std::int64_t c = at % e.cols;
            const std::int64_t place = i * ld + c;
            apply(e.update, model, place, part(e.update.gradient, model)[place]);
            const float learned = part(e.update.parameter, model)[place];
            if (e.mirror.data != nullptr) {
                row(e.mirror, model, i)[e.mirror_column + c] = learned;
            } else {
                store_number(row(e.rounded_mirror, model, i) + e.mirror_column + c, learned);
            }
        }
    }
}

// A block a model. Steps one after the other, so that the order of a sum does not depend on how many there are.
__global__ void __launch_bounds__(kThreads) sum_kernel(View<const float> losses, std::int64_t steps,
                                                       std::int64_t step_stride, std::int32_t count, double* out) {
    __shared__ double sums[kThreads];
    const std::int64_t model = blockIdx.x;
    const int thread = static_cast<int>(threadIdx.x);
    double sum = 0.0;
    for (std::int64_t step = 0; step < steps; ++step) {
        const float* from = part(losses, model) + step * step_stride;
        for (int n = thread; n < count; n += kThreads) {
            sum += static_cast<double>(from[n]);
        }
    }
    sums[thread] = sum;
    __syncthreads();
    for (int half = kThreads / 2; half > 0; half /= 2) {
        if (thread < half) {
            sums[thread] += sums[thread + half];
        }
        __syncthreads();
    }
    if (thread == 0) {
        out[model] = sums[0];
    }
}

}  // namespace

cudaError_t launch_narrow_forward(const Narrow& layer, std::int32_t models, cudaStream_t stream) {
    return start(narrow_forward_kernel, {grid_of(layer.rows, kWarps, models), kThreads}, stream, layer);
}
cudaError_t launch_narrow_rows(const Narrow& layer, std::int32_t models, cudaStream_t stream) {
    return start(narrow_rows_kernel<float>, {grid_of(layer.rows, kWarps, models), kThreads}, stream, layer);
}
cudaError_t launch_narrow_rows(const NarrowOf<Bf16>& layer, std::int32_t models, cudaStream_t stream) {
    return start(narrow_rows_kernel<Bf16>, {grid_of(layer.rows, kWarps, models), kThreads}, stream, layer);
}
cudaError_t launch_narrow_spread(const Narrow& layer, std::int32_t models, cudaStream_t stream) {
    return start(narrow_spread_kernel, {grid_of(layer.rows, 8 * kWarps, models), kThreads}, stream, layer);
}
cudaError_t launch_narrow_weight(const NarrowWeight& layer, std::int32_t models, cudaStream_t stream) {
    const int columns = layer.k + (layer.has_bias ? 1 : 0);
    return start(narrow_weight_kernel, {grid_of(columns, 32, models), kThreads}, stream, layer);
}
cudaError_t launch_sum_tanh(const PairRows& rows, std::int32_t models, cudaStream_t stream) {
    return start(sum_tanh_kernel, {grid_of(rows.batch.rows, 4 * kWarps, models), kThreads}, stream, rows);
}
cudaError_t launch_gather(const PairRows& rows, std::int32_t models, cudaStream_t stream) {
    return start(gather_kernel, {grid_of(rows.batch.rows, 4 * kWarps, models), kThreads}, stream, rows);
}
cudaError_t launch_sum_rows(const PairRows& rows, std::int32_t models, cudaStream_t stream) {
    const std::int64_t tasks = (std::int64_t{rows.batch.platforms} + rows.batch.modules) * ((rows.cols + 127) / 128);
    return start(sum_rows_kernel, {grid_of(tasks, kWarps, models), kThreads}, stream, rows);
}
cudaError_t launch_output_backward(View<const float> slope, float scale, View<float> din, std::int32_t rows,
                                   std::int32_t models, cudaStream_t stream) {
    return start(output_backward_kernel, {grid_of(rows, kThreads, models), kThreads}, stream, slope, scale, din, rows);
}
cudaError_t launch_slope(View<const float> out, View<float> dout, std::int32_t rows, std::int32_t cols,
                         std::int32_t models, cudaStream_t stream) {
    return start(slope_kernel, {grid_of(std::int64_t{rows} * cols, 4 * kThreads, models), kThreads}, stream, out, dout,
                 rows, cols);
}
cudaError_t launch_copy_columns(View<const float> from, View<float> to, std::int32_t column, std::int32_t rows,
                                std::int32_t cols, std::int32_t models, cudaStream_t stream) {
    return start(copy_columns_kernel<float>, {grid_of(std::int64_t{rows} * cols, 4 * kThreads, models), kThreads},
                 stream, from, to, column, rows, cols);
}
cudaError_t launch_copy_columns(View<const float> from, View<Bf16> to, std::int32_t column, std::int32_t rows,
                                std::int32_t cols, std::int32_t models, cudaStream_t stream) {
    return start(copy_columns_kernel<Bf16>, {grid_of(std::int64_t{rows} * cols, 4 * kThreads, models), kThreads},
                 stream, from, to, column, rows, cols);
}
cudaError_t launch_round(const float* from, Bf16* to, std::int64_t count, cudaStream_t stream) {
    return start(round_kernel, {grid_of(count, 4 * kThreads, 1), kThreads}, stream, from, to, count);
}
cudaError_t launch_elementwise(const Elementwises& parts, std::int32_t models, cudaStream_t stream) {
    std::int64_t most = 0;
    for (std::int32_t n = 0; n < parts.count; ++n) {
        const Elementwise& e = parts.part[n];
        most = std::max(most, std::int64_t{e.rows} * (has_mirror(e) ? e.cols : e.update.parameter.ld / 2));
    }
    if (most == 0) {
        return cudaSuccess;
    }
    return start(elementwise_kernel, {grid_of(most, 2 * kThreads, models), kThreads}, stream, parts);
}
cudaError_t launch_sum(View<const float> losses, std::int64_t steps, std::int64_t step_stride, std::int32_t count,
                       double* out, std::int32_t models, cudaStream_t stream) {
    return start(sum_kernel, {static_cast<unsigned>(models), kThreads}, stream, losses, steps, step_stride, count, out);
}

}  // namespace pitot::backend::cuda
