// Layers with a weight for each platform: few rows by a matrix of their own, so that reading and updating the matrix is
// what takes the time. A block works for one platform of one model.
#include <algorithm>

#include "backend/cuda/loss.cuh"

namespace pitot::backend::cuda {
namespace {

constexpr int kThreads = 128;
constexpr int kRows = 8;  // rows at a time, a sum each in registers

__device__ __forceinline__ const float* weight_of(const PlatformLayer& layer, std::int64_t model, int i) {
    return row(layer.weight, model, static_cast<std::int64_t>(i) * layer.k);
}

__global__ void __launch_bounds__(kThreads) forward_kernel(const __grid_constant__ PlatformLayer layer) {
    const std::int64_t model = blockIdx.y;
    const int i = static_cast<int>(blockIdx.x);
    const RowRange rows = rows_of(layer.batch.platform_end, model, i);
    const float* weight = weight_of(layer, model, i);
    const float* bias = row(layer.bias, model, i);
    for (int first = rows.begin; first < rows.end; first += kRows) {
        for (int n = static_cast<int>(threadIdx.x); n < layer.n; n += kThreads) {
            float sums[kRows] = {};
            for (int k = 0; k < layer.k; ++k) {
                const float w = weight[static_cast<std::int64_t>(k) * layer.weight.ld + n];
#pragma unroll
                for (int r = 0; r < kRows; ++r) {
                    sums[r] += first + r < rows.end ? row(layer.x, model, first + r)[k] * w : 0.0F;
                }
            }
#pragma unroll
            for (int r = 0; r < kRows; ++r) {
                if (first + r < rows.end) {
                    const float sum = sums[r] + bias[n];
                    row(layer.out, model, first + r)[n] = layer.tanh ? tanh_of(sum) : sum;
                }
            }
        }
    }
}

// dx = dout Wᵀ: a warp for each element of k, whose lanes read a row of W.
__global__ void __launch_bounds__(kThreads) input_kernel(const __grid_constant__ PlatformLayer layer) {
    const std::int64_t model = blockIdx.y;
    const int i = static_cast<int>(blockIdx.x);
    const int lane = static_cast<int>(threadIdx.x) % 32;
    const RowRange rows = rows_of(layer.batch.platform_end, model, i);
    const float* weight = weight_of(layer, model, i);
    for (int first = rows.begin; first < rows.end; first += kRows) {
        for (int k = static_cast<int>(threadIdx.x) / 32; k < layer.k; k += kThreads / 32) {
            float sums[kRows] = {};
            for (int n = lane; n < layer.n; n += 32) {
                const float w = weight[static_cast<std::int64_t>(k) * layer.weight.ld + n];
#pragma unroll
                for (int r = 0; r < kRows; ++r) {
                    sums[r] += first + r < rows.end ? row(layer.dout, model, first + r)[n] * w : 0.0F;
                }
            }
#pragma unroll
            for (int r = 0; r < kRows; ++r) {
                const float sum = sum_of_warp(sums[r]);
                if (lane == 0 && first + r < rows.end) {
                    const float y = layer.slope.data == nullptr ? 0.0F : row(layer.slope, model, first + r)[k];
                    row(layer.dx, model, first + r)[k] = sum * (1.0F - y * y);
                }
            }
        }
    }
}

__global__ void __launch_bounds__(kThreads) weight_kernel(const __grid_constant__ PlatformLayer layer) {
    const std::int64_t model = blockIdx.y;
    const int i = static_cast<int>(blockIdx.x);
    const RowRange rows = rows_of(layer.batch.platform_end, model, i);
    const int size = (layer.k + 1) * layer.n;  // the last row is the bias
    for (int at = static_cast<int>(threadIdx.x); at < size; at += kThreads) {
        const int k = at / layer.n;
        const int n = at % layer.n;
        float sum = 0.0F;
        for (int b = rows.begin; b < rows.end; ++b) {
            const float d = row(layer.dout, model, b)[n];
            sum += k == layer.k ? d : row(layer.x, model, b)[k] * d;
        }
        if (k == layer.k) {
            apply(layer.bias_update, model, static_cast<std::int64_t>(i) * layer.bias_update.parameter.ld + n, sum);
        } else {
            apply(layer.weight_update, model,
                  (static_cast<std::int64_t>(i) * layer.k + k) * layer.weight_update.parameter.ld + n, sum);
        }
    }
}

dim3 grid_of(const PlatformLayer& layer, std::int32_t models) {
    return {static_cast<unsigned>(layer.batch.platforms), static_cast<unsigned>(models)};
}

}  // namespace

cudaError_t launch_platform_forward(const PlatformLayer& layer, std::int32_t models, cudaStream_t stream) {
    return start(forward_kernel, {grid_of(layer, models), kThreads}, stream, layer);
}
cudaError_t launch_platform_input(const PlatformLayer& layer, std::int32_t models, cudaStream_t stream) {
    return start(input_kernel, {grid_of(layer, models), kThreads}, stream, layer);
}
cudaError_t launch_platform_weight(const PlatformLayer& layer, std::int32_t models, cudaStream_t stream) {
    return start(weight_kernel, {grid_of(layer, models), kThreads}, stream, layer);
}

}  // namespace pitot::backend::cuda
