// Dot products of rows of both sides, and what co-runners add: forward with the loss, and the gradient of both sides.
//
// A warp works on one platform's or one module's rows, so that sums have one order and nothing is added atomically. Its
// neighbours work for the same model, whose rows stay in the first-level cache.
#include <algorithm>

#include "backend/cuda/multiplied_rows.cuh"

namespace pitot::backend::cuda {
namespace {

// Groups of columns of `left` that one product each is made with: the dot product's, then susceptibilities, then
// magnitudes.
template <typename T>
__device__ __forceinline__ int groups_of(const FactorsOf<T>& f) {
    return static_cast<int>(f.dot) + 2 * f.types;
}
template <typename T>
__device__ __forceinline__ bool is_magnitude(const FactorsOf<T>& f, int group) {
    return group >= static_cast<int>(f.dot) + f.types;
}
template <typename T>
__device__ __forceinline__ int column_of(const FactorsOf<T>& f, int group) {
    const int type = group - static_cast<int>(f.dot);
    return type < 0         ? 0
           : type < f.types ? f.susceptibility_column + type * f.rank
                            : f.magnitude_column + (type - f.types) * f.rank;
}

// Sixteen of the columns from `column` on that lane l of eight has, as four vectors; 0 behind the last.
template <typename T>
__device__ __forceinline__ void load_chunk(const T* from, int chunk, int rank, int l, float4 (&to)[4]) {
#pragma unroll
    for (int n = 0; n < 4; ++n) {
        const int c = chunk + 32 * n + 4 * l;
        to[n] = {0.0F, 0.0F, 0.0F, 0.0F};
        if (c + 4 <= rank) {
            to[n] = four_at(from + c);
        } else if (c < rank) {
            to[n].x = number_of(from[c]);
            to[n].y = c + 1 < rank ? number_of(from[c + 1]) : 0.0F;
            to[n].z = c + 2 < rank ? number_of(from[c + 2]) : 0.0F;
        }
    }
}
template <typename T>
__device__ __forceinline__ void load_chunk_any(const T* from, bool aligned, int chunk, int rank, int l,
                                               float4 (&to)[4]) {
    if (aligned) {
        load_chunk(from, chunk, rank, l, to);
        return;
    }
#pragma unroll
    for (int n = 0; n < 4; ++n) {
        const int c = chunk + 32 * n + 4 * l;
        to[n].x = c < rank ? number_of(from[c]) : 0.0F;
        to[n].y = c + 1 < rank ? number_of(from[c + 1]) : 0.0F;
        to[n].z = c + 2 < rank ? number_of(from[c + 2]) : 0.0F;
        to[n].w = c + 3 < rank ? number_of(from[c + 3]) : 0.0F;
    }
}
__device__ __forceinline__ float dot(const float4 (&a)[4], const float4 (&b)[4]) {
    float sum = 0.0F;
#pragma unroll
    for (int n = 0; n < 4; ++n) {
        sum += a[n].x * b[n].x + a[n].y * b[n].y + a[n].z * b[n].z + a[n].w * b[n].w;
    }
    return sum;
}

// The products of the rows of platform i with one group of columns of its row, into column `group` of weight.
template <typename T>
__device__ void products_of_group(const FactorsOf<T>& f, std::int64_t model, int i, int group, RowRange rows) {
    const int lane = static_cast<int>(threadIdx.x) % 32;
    const int l = lane % 8;
    const int groups = groups_of(f);
    const bool magnitude = is_magnitude(f, group);
    const int column = column_of(f, group);
    const bool aligned = column % 4 == 0;
    const T* left = row(f.left, model, i) + column;
    const std::int32_t* module = part(f.batch.module, model);
    const std::int32_t* co_runner = part(f.batch.co_runner, model);
    float* weight = part(f.weight, model);
    for (int chunk = 0; chunk < f.rank; chunk += kChunk) {
        float4 mine[4];
        load_chunk_any(left, aligned, chunk, f.rank, l, mine);
        for (int first = rows.begin; first < rows.end; first += 4) {
            const int b = first + lane / 8;
            const bool there = b < rows.end;
            float sum = 0.0F;
            if (there && !magnitude) {
                float4 other[4];
                load_chunk(row(f.right, model, module[b]), chunk, f.rank, l, other);
                sum = dot(mine, other);
            } else if (there) {
                for (int c = 0; c < f.batch.width; ++c) {
                    const int k = co_runner[static_cast<std::int64_t>(b) * f.batch.width + c];
                    if (k >= 0) {
                        float4 other[4];
                        load_chunk(row(f.right, model, k), chunk, f.rank, l, other);
                        sum += dot(mine, other);
                    }
                }
            }
            for (int offset = 4; offset > 0; offset /= 2) {
                sum += __shfl_xor_sync(kAll, sum, offset);
            }
            if (there && l == 0) {
                float& to = weight[static_cast<std::int64_t>(b) * groups + group];
                to = chunk == 0 ? sum : to + sum;
            }
        }
    }
}

template <typename T>
__global__ void __launch_bounds__(kRowThreads) forward_kernel(const __grid_constant__ FactorsOf<T> f) {
    const std::int64_t model = blockIdx.y;
    const int lane = static_cast<int>(threadIdx.x) % 32;
    const int groups = groups_of(f);
    const int warps = static_cast<int>(gridDim.x) * kRowWarps;
    for (int i = static_cast<int>(blockIdx.x) * kRowWarps + static_cast<int>(threadIdx.x) / 32; i < f.batch.platforms;
         i += warps) {
        const RowRange rows = rows_of(f.batch.platform_end, model, i);
        for (int group = 0; group < groups; ++group) {
            products_of_group(f, model, i, group, rows);
        }
        __syncwarp();
        float loss = 0.0F;
        float* weight = part(f.weight, model);
        for (int b = rows.begin + lane; b < rows.end; b += 32) {
            float* products = weight + static_cast<std::int64_t>(b) * groups;
            float prediction = f.dot ? f.dot_scale * products[0] : 0.0F;
            float* susceptibility = products + static_cast<int>(f.dot);
            float* magnitude = susceptibility + f.types;
            for (int t = 0; t < f.types; ++t) {
                prediction += f.interference_scale * susceptibility[t] * magnitude[t];
            }
            const RowLoss at = loss_of(f.loss, f.batch, model, i, b, prediction);
            loss += at.loss;
            if (f.loss.slope.data == nullptr) {
                continue;
            }
            if (f.dot) {
                products[0] = at.slope * f.dot_scale;
            }
            for (int t = 0; t < f.types; ++t) {
                const float s = susceptibility[t];
                susceptibility[t] = at.slope * f.interference_scale * magnitude[t];
                magnitude[t] = at.slope * f.interference_scale * s;
            }
        }
        loss = sum_of_warp(loss);
        if (lane == 0) {
            part(f.loss.loss, model)[i] = loss;
        }
    }
}

// Columns chunk + 4 lane … of `to`, which has `cols` of them.
template <typename T>
__device__ __forceinline__ void store(T* to, bool aligned, int c, int cols, float4 x) {
    if (aligned && c + 4 <= cols) {
        store_four(to + c, x);
        return;
    }
    const float parts[4] = {x.x, x.y, x.z, x.w};
#pragma unroll
    for (int n = 0; n < 4; ++n) {
        if (c + n < cols) {
            store_number(to + c + n, parts[n]);
        }
    }
}
// The same of row i of a gradient, from `column` on, wherever it goes.
__device__ __forceinline__ void store(const View<float>& gradient, const View<Bf16>& rounded, std::int64_t model, int i,
                                      int column, int c, int cols, float4 x) {
    if (rounded.data != nullptr) {
        store(row(rounded, model, i) + column, column % 4 == 0, c, cols, x);
    } else {
        store(row(gradient, model, i) + column, column % 4 == 0, c, cols, x);
    }
}
template <typename T>
__device__ __forceinline__ float4 load_four(const T* from, bool aligned, int c, int cols) {
    if (aligned && c + 4 <= cols) {
        return four_at(from + c);
    }
    const auto at = [&](int n) { return n < cols ? number_of(from[n]) : 0.0F; };
    return {at(c), at(c + 1), at(c + 2), at(c + 3)};
}

// One group of columns of the gradient of platform i: the sum over its rows of weight * the module's row, or those of
// its co-runners.
template <typename T>
__device__ void gradient_of_platform(const FactorsOf<T>& f, std::int64_t model, int i, int group, int chunk) {
    const int lane = static_cast<int>(threadIdx.x) % 32;
    const int groups = groups_of(f);
    const RowRange rows = rows_of(f.batch.platform_end, model, i);
    const bool magnitude = is_magnitude(f, group);
    const std::int32_t* module = part(f.batch.module, model);
    const std::int32_t* co_runner = part(f.batch.co_runner, model);
    const float* weight = part(f.weight, model);
    const int width = magnitude ? f.batch.width : 1;
    const int c = chunk + 4 * lane;
    float4 sum{0.0F, 0.0F, 0.0F, 0.0F};
    // 32 mentions at a time, read by a lane each.
    const int end = (rows.end - rows.begin) * width;
    for (int first = 0; first < end; first += 32) {
        const int n = first + lane;
        int at = -1;
        float w = 0.0F;
        if (n < end) {
            const int b = rows.begin + n / width;
            at = magnitude ? co_runner[static_cast<std::int64_t>(rows.begin) * width + n] : module[b];
            w = weight[static_cast<std::int64_t>(b) * groups + group];
        }
        const int count = min(32, end - first);
#pragma unroll 4
        for (int m = 0; m < count; ++m) {
            const int j = __shfl_sync(kAll, at, m);
            const float by = __shfl_sync(kAll, w, m);
            if (j >= 0) {
                add_scaled(sum, by, load_four(row(f.right, model, j), true, c, f.rank));
            }
        }
    }
    const int column = column_of(f, group);
    if (c < f.rank) {
        store(f.left_gradient, f.left_rounded, model, i, column, c, f.rank, sum);
    }
}

// The gradient of module j: over the rows that mention it.
template <typename T>
__device__ void gradient_of_module(const FactorsOf<T>& f, std::int64_t model, int j, int chunk) {
    const int lane = static_cast<int>(threadIdx.x) % 32;
    const int groups = groups_of(f);
    const int mains = static_cast<int>(f.dot) + f.types;
    const RowRange mentions = rows_of(f.batch.module_end, model, j);
    const std::int32_t* mention = part(f.batch.mention, model);
    const std::int32_t* platform = part(f.batch.platform, model);
    const float* weight = part(f.weight, model);
    const int each = 1 + f.batch.width;
    const int c = chunk + 4 * lane;
    float4 sum{0.0F, 0.0F, 0.0F, 0.0F};
    for (int first = mentions.begin; first < mentions.end; first += 32) {
        int number = 0;
        int at = 0;
        if (first + lane < mentions.end) {
            number = mention[first + lane];
            at = platform[number / each];
        }
        const int count = min(32, mentions.end - first);
        if (groups == 1) {  // no co-runners count
            const float w = first + lane < mentions.end && number % each == 0 ? weight[number / each] : 0.0F;
#pragma unroll 4
            for (int m = 0; m < count; ++m) {
                const int i = __shfl_sync(kAll, at, m);
                const float by = __shfl_sync(kAll, w, m);
                add_scaled(sum, by, load_four(row(f.left, model, i), true, c, f.rank));
            }
            continue;
        }
        for (int m = 0; m < count; ++m) {
            const int i = __shfl_sync(kAll, at, m);
            const int mentioned = __shfl_sync(kAll, number, m);
            const float* weights = weight + static_cast<std::int64_t>(mentioned / each) * groups;
            const bool main = mentioned % each == 0;
            for (int group = main ? 0 : mains; group < (main ? mains : groups); ++group) {
                const int column = column_of(f, group);
                add_scaled(sum, weights[group], load_four(row(f.left, model, i) + column, column % 4 == 0, c, f.rank));
            }
        }
    }
    store(f.right_gradient, f.right_rounded, model, j, 0, c, f.rank, sum);
}

template <typename T>
__global__ void __launch_bounds__(kRowThreads) backward_kernel(const __grid_constant__ FactorsOf<T> f) {
    const std::int64_t model = blockIdx.y;
    const int chunks = (f.rank + kChunk - 1) / kChunk;
    const bool left = blockIdx.x % 2 == 0;
    const int warps = static_cast<int>(gridDim.x) / 2 * kRowWarps;
    const int first = static_cast<int>(blockIdx.x) / 2 * kRowWarps + static_cast<int>(threadIdx.x) / 32;
    if (left) {
        const int groups = groups_of(f);
        for (int n = first; n < f.batch.platforms * groups * chunks; n += warps) {
            gradient_of_platform(f, model, n / (groups * chunks), n / chunks % groups, n % chunks * kChunk);
        }
    } else {
        for (int n = first; n < f.batch.modules * chunks; n += warps) {
            gradient_of_module(f, model, n / chunks, n % chunks * kChunk);
        }
    }
}

__global__ void __launch_bounds__(kRowThreads) loss_kernel(const __grid_constant__ NetworkLoss n) {
    const std::int64_t model = blockIdx.y;
    const int lane = static_cast<int>(threadIdx.x) % 32;
    const int warps = static_cast<int>(gridDim.x) * kRowWarps;
    for (int i = static_cast<int>(blockIdx.x) * kRowWarps + static_cast<int>(threadIdx.x) / 32; i < n.batch.platforms;
         i += warps) {
        const RowRange rows = rows_of(n.batch.platform_end, model, i);
        float loss = 0.0F;
        for (int b = rows.begin + lane; b < rows.end; b += 32) {
            const RowLoss at = loss_of(n.loss, n.batch, model, i, b, 0.0F);
            loss += at.loss;
            if (n.loss.slope.data != nullptr) {
                part(n.loss.slope, model)[b] = at.slope;
            }
        }
        loss = sum_of_warp(loss);
        if (lane == 0) {
            part(n.loss.loss, model)[i] = loss;
        }
    }
    // Rows that no objective fills go through the network, too: their slope is 0, whatever stood there before.
    if (n.loss.slope.data != nullptr) {
        const int end = part(n.batch.platform_end, model)[n.batch.platforms];
        for (int b = end + static_cast<int>(blockIdx.x * kRowThreads + threadIdx.x); b < n.batch.rows;
             b += static_cast<int>(gridDim.x) * kRowThreads) {
            part(n.loss.slope, model)[b] = 0.0F;
        }
    }
}

}  // namespace

template <typename T>
cudaError_t launch_factors_forward(const FactorsOf<T>& factors, std::int32_t models, cudaStream_t stream) {
    if (dots_of_chunks(factors)) {
        return launch_dots_forward(factors, models, stream);
    }
    const dim3 grid(blocks(models, factors.batch.platforms), static_cast<unsigned>(models));
    return start(forward_kernel<T>, {grid, kRowThreads}, stream, factors);
}
template cudaError_t launch_factors_forward(const FactorsOf<float>&, std::int32_t, cudaStream_t);
template cudaError_t launch_factors_forward(const FactorsOf<Bf16>&, std::int32_t, cudaStream_t);

template <typename T>
cudaError_t launch_factors_backward(const FactorsOf<T>& factors, std::int32_t models, cudaStream_t stream) {
    if (dots_of_chunks(factors)) {
        return launch_dots_backward(factors, models, stream);
    }
    const std::int64_t chunks = (factors.rank + kChunk - 1) / kChunk;
    const std::int64_t groups = static_cast<std::int64_t>(factors.dot) + 2 * factors.types;
    const std::int64_t tasks = std::max(factors.batch.platforms * groups, std::int64_t{factors.batch.modules}) * chunks;
    const dim3 grid(2 * blocks(2 * models, tasks), static_cast<unsigned>(models));
    return start(backward_kernel<T>, {grid, kRowThreads}, stream, factors);
}
template cudaError_t launch_factors_backward(const FactorsOf<float>&, std::int32_t, cudaStream_t);
template cudaError_t launch_factors_backward(const FactorsOf<Bf16>&, std::int32_t, cudaStream_t);

cudaError_t launch_network_loss(const NetworkLoss& loss, std::int32_t models, cudaStream_t stream) {
    const dim3 grid(blocks(models, loss.batch.platforms), static_cast<unsigned>(models));
    return start(loss_kernel, {grid, kRowThreads}, stream, loss);
}

}  // namespace pitot::backend::cuda
