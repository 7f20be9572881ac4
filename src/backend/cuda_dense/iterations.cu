// Steps of conjugate gradients.
#include "backend/cuda_dense/kernels.cuh"

namespace pitot::backend::device {
namespace {

// A warp a row of W.
__global__ void whiten_kernel(WhiteningTable table, const double* __restrict__ r, float* white) {
    const int p = static_cast<int>(blockIdx.y);
    const WhiteningPlace own = table.place[p];
    const int row = static_cast<int>(blockIdx.x * (blockDim.x / kWarp) + threadIdx.x / kWarp);
    const int lane = static_cast<int>(threadIdx.x) % kWarp;
    if (row >= own.rows) {
        return;
    }
    const float* value = table.value + own.offset + static_cast<std::int64_t>(row) * own.cols;
    const int* column = table.column + table.column_first[p];
    float sum = 0.0F;
    for (int c = lane; c < own.cols; c += kWarp) {
        sum += value[c] * static_cast<float>(r[column[c]]);
    }
    sum = warp_sum(sum);
    if (lane == 0) {
        white[table.white_first[p] + row] = sum;
    }
}

// A thread a column of W.
__global__ void share_kernel(WhiteningTable table, const float* __restrict__ white, float* share) {
    const int p = static_cast<int>(blockIdx.y);
    const WhiteningPlace own = table.place[p];
    const int c = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    if (c >= own.cols) {
        return;
    }
    const float* value = table.value + own.offset + c;
    const float* of_row = white + table.white_first[p];
    float sum = 0.0F;
    for (int n = 0; n < own.rows; ++n) {
        sum += value[static_cast<std::int64_t>(n) * own.cols] * of_row[n];
    }
    share[table.column_first[p] + c] = sum;
}

__global__ void add_shares_kernel(const float* share, const std::int64_t* first, const std::int64_t* place, int n,
                                  double* z) {
    const int u = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    if (u < n) {
        double sum = 0.0;
        for (std::int64_t k = first[u]; k < first[u + 1]; ++k) {
            sum += static_cast<double>(share[place[k]]);
        }
        z[u] = sum;
    }
}

__global__ void sum_lists_kernel(Lists lists, const std::int64_t* place, const double* coefficient, const double* v,
                                 double* out) {
    const int c = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    if (c < lists.count) {
        double sum = 0.0;
        for (int k = lists.first[c]; k < lists.first[c + 1]; ++k) {
            const int u = lists.row[k];
            sum += coefficient == nullptr ? v[u] : coefficient[u] * v[u];
        }
        out[place[c]] = sum;
    }
}

__global__ void read_grids_kernel(RowTable rows, const double* v, const double* grids, int grid_count,
                                  const double* common, int common_count, const double* common_weight, int platforms,
                                  int modules, int n, double* out) {
    const int u = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    if (u >= n) {
        return;
    }
    const int cell = rows.platform[u] * modules + rows.module[u];
    const std::int64_t cells = static_cast<std::int64_t>(platforms) * modules;
    double sum = rows.diagonal[u] * v[u];
    for (int q = 0; q < grid_count; ++q) {
        sum += grids[q * cells + cell];
    }
    if (common_count > 0 && common_weight[u] != 0.0) {
        for (int q = 0; q < common_count; ++q) {
            sum += common_weight[u] * common[q * cells + cell];
        }
    }
    out[u] = sum;
}

// A warp a row.
__global__ void add_beside_kernel(RowTable rows, const int* some, int count, const double* half, const double* module,
                                  int modules, double* out) {
    const int n = static_cast<int>(blockIdx.x * (blockDim.x / kWarp) + threadIdx.x / kWarp);
    const int lane = static_cast<int>(threadIdx.x) % kWarp;
    if (n >= count) {
        return;
    }
    const int u = some[n];
    const double* of_module = module + static_cast<std::int64_t>(rows.module[u]) * modules;
    double sum = 0.0;
    for (int a = 0; a < rows.width; ++a) {
        const int k = rows.co_runner[u * rows.width + a];
        if (k < 0) {
            break;
        }
        const double* from = half + (static_cast<std::int64_t>(rows.platform[u]) * modules + k) * modules;
        for (int l = lane; l < modules; l += kWarp) {
            sum += from[l] * of_module[l];
        }
    }
    sum = warp_sum(sum);
    if (lane == 0) {
        out[u] += rows.weight[u] * sum;
    }
}

__global__ void dot_products_kernel(const double* a0, const double* b0, const double* a1, const double* b1,
                                    const double* a2, const double* b2, int n, double* partial) {
    double sum0 = 0.0;
    double sum1 = 0.0;
    double sum2 = 0.0;
    const int step = static_cast<int>(gridDim.x * blockDim.x);
    for (int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x); i < n; i += step) {
        sum0 += a0[i] * b0[i];
        sum1 += a1 == nullptr ? 0.0 : a1[i] * b1[i];
        sum2 += a2 == nullptr ? 0.0 : a2[i] * b2[i];
    }
    sum0 = block_sum(sum0);
    sum1 = block_sum(sum1);
    sum2 = block_sum(sum2);
    if (threadIdx.x == 0) {
        partial[blockIdx.x] = sum0;
        partial[kParts + blockIdx.x] = sum1;
        partial[2 * kParts + blockIdx.x] = sum2;
    }
}

// The sum of kParts numbers, the same to every thread of a block.
__device__ double sum_of_parts(const double* partial) {
    double sum = 0.0;
    for (int k = 0; k < kParts; ++k) {
        sum += partial[k];
    }
    return sum;
}

__global__ void take_step_kernel(const double* rz, const double* partial, const double* p, const double* q,
                                 const double* r, int n, double* x, double* after) {
    __shared__ double step;
    if (threadIdx.x == 0) {
        step = *rz / sum_of_parts(partial);
    }
    __syncthreads();
    const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    if (i < n) {
        x[i] += step * p[i];
        after[i] = r[i] - step * q[i];
    }
}

__global__ void turn_direction_kernel(const double* rz, const double* partial, const double* z, int n, double* p,
                                      double* next, double* square) {
    __shared__ double turn;
    if (threadIdx.x == 0) {
        const double of_next = sum_of_parts(partial);
        turn = (of_next - sum_of_parts(partial + kParts)) / *rz;
        if (blockIdx.x == 0) {
            *next = of_next;
            *square = sum_of_parts(partial + 2 * kParts);
        }
    }
    __syncthreads();
    const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    if (i < n) {
        p[i] = z[i] + turn * p[i];
    }
}

__global__ void add_partials_kernel(const double* partial, int count, double* out) {
    const int i = static_cast<int>(threadIdx.x);
    if (i < count) {
        out[i] = sum_of_parts(partial + i * kParts);
    }
}

__global__ void subtract_kernel(const double* a, const double* b, int n, double* out) {
    const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    if (i < n) {
        out[i] = a[i] - b[i];
    }
}

}  // namespace

void precondition(const WhiteningTable& table, const double* r, float* white, float* share,
                  const std::int64_t* share_first, const std::int64_t* share_place, int n, double* z,
                  cudaStream_t stream) {
    whiten_kernel<<<warps_of(table.most_rows, table.count), kThreads, 0, stream>>>(table, r, white);
    share_kernel<<<grid_of(table.most_cols, table.count), kThreads, 0, stream>>>(table, white, share);
    add_shares_kernel<<<grid_of(n), kThreads, 0, stream>>>(share, share_first, share_place, n, z);
}

void sum_lists(const Lists& lists, const std::int64_t* place, const double* coefficient, const double* v, double* out,
               cudaStream_t stream) {
    sum_lists_kernel<<<grid_of(lists.count), kThreads, 0, stream>>>(lists, place, coefficient, v, out);
}

void read_grids(const RowTable& rows, const double* v, const double* grids, int grid_count, const double* common,
                int common_count, const double* common_weight, int platforms, int modules, int n, double* out,
                cudaStream_t stream) {
    read_grids_kernel<<<grid_of(n), kThreads, 0, stream>>>(rows, v, grids, grid_count, common, common_count,
                                                           common_weight, platforms, modules, n, out);
}

void add_beside(const RowTable& rows, const int* some, int count, const double* half, const double* module, int modules,
                double* out, cudaStream_t stream) {
    add_beside_kernel<<<warps_of(count), kThreads, 0, stream>>>(rows, some, count, half, module, modules, out);
}

void dot_products(const double* a0, const double* b0, const double* a1, const double* b1, const double* a2,
                  const double* b2, int n, double* partial, cudaStream_t stream) {
    dot_products_kernel<<<kParts, kThreads, 0, stream>>>(a0, b0, a1, b1, a2, b2, n, partial);
}

void take_step(const double* rz, const double* partial, const double* p, const double* q, const double* r, int n,
               double* x, double* after, cudaStream_t stream) {
    take_step_kernel<<<grid_of(n), kThreads, 0, stream>>>(rz, partial, p, q, r, n, x, after);
}

void turn_direction(const double* rz, const double* partial, const double* z, int n, double* p, double* next,
                    double* square, cudaStream_t stream) {
    turn_direction_kernel<<<grid_of(n), kThreads, 0, stream>>>(rz, partial, z, n, p, next, square);
}

void add_partials(const double* partial, int count, double* out, cudaStream_t stream) {
    add_partials_kernel<<<1, kWarp, 0, stream>>>(partial, count, out);
}

void subtract(const double* a, const double* b, int n, double* out, cudaStream_t stream) {
    subtract_kernel<<<grid_of(n), kThreads, 0, stream>>>(a, b, n, out);
}

}  // namespace pitot::backend::device
