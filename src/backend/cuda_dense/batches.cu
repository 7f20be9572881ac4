// Parts of many small matrices at once: their factors, and what is read of them.
#include "backend/cuda_dense/kernels.cuh"

namespace pitot::backend::device {
namespace {

__global__ void identity_kernel(double* out, int n) {
    const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    const int j = static_cast<int>(blockIdx.y);
    if (i < n) {
        out[static_cast<std::int64_t>(j) * n + i] = i == j ? 1.0 : 0.0;
    }
}

// One block a matrix: L of its diagonal block, and L⁻¹.
__global__ void factor_diagonal_kernel(double* matrices, int rows, std::int64_t stride, int first, double* inverse,
                                       std::int64_t inverse_stride, int* failed) {
    __shared__ double block[kBlock][kBlock + 1];
    __shared__ double pivot;
    double* matrix =
        matrices + static_cast<std::int64_t>(blockIdx.x) * stride + static_cast<std::int64_t>(first) * rows + first;
    const int thread = static_cast<int>(threadIdx.x);
    for (int n = thread; n < kBlock * kBlock; n += kThreads) {
        const int r = n % kBlock;
        const int c = n / kBlock;
        block[r][c] = r >= c ? matrix[static_cast<std::int64_t>(c) * rows + r] : 0.0;
    }
    __syncthreads();
    for (int k = 0; k < kBlock; ++k) {
        if (thread == 0) {
            const double square = block[k][k];
            const bool good = square > 0.0 && isfinite(square);
            if (!good) {
                failed[blockIdx.x] = 1;
            }
            pivot = good ? sqrt(square) : 1.0;
        }
        __syncthreads();
        if (thread >= k && thread < kBlock) {
            block[thread][k] = thread == k ? pivot : block[thread][k] / pivot;
        }
        __syncthreads();
        // Thread t has row t % 64, and every fourth column.
        const int r = thread % kBlock;
        for (int c = k + 1 + thread / kBlock; c <= r; c += kThreads / kBlock) {
            block[r][c] -= block[r][k] * block[c][k];
        }
        __syncthreads();
    }
    for (int n = thread; n < kBlock * kBlock; n += kThreads) {
        const int r = n % kBlock;
        const int c = n / kBlock;
        if (r >= c) {
            matrix[static_cast<std::int64_t>(c) * rows + r] = block[r][c];
        }
    }
    // Column c of the inverse by four neighbouring threads, row after row, kept above the diagonal: X(r, c) in
    // block[c][r + 1].
    const int c = thread / 4;
    const int part = thread % 4;
    for (int r = 0; r < kBlock; ++r) {
        double sum = 0.0;
        for (int k = c + part; k < r; k += 4) {
            sum += block[r][k] * block[c][k + 1];
        }
        sum += __shfl_xor_sync(kAll, sum, 1);
        sum += __shfl_xor_sync(kAll, sum, 2);
        if (part == 0 && r >= c) {
            block[c][r + 1] = ((r == c ? 1.0 : 0.0) - sum) / block[r][r];
        }
        __syncwarp();
    }
    __syncthreads();
    double* to = inverse + static_cast<std::int64_t>(blockIdx.x) * inverse_stride;
    for (int n = thread; n < kBlock * kBlock; n += kThreads) {
        const int r = n % kBlock;
        const int col = n / kBlock;
        to[n] = r >= col ? block[col][r + 1] : 0.0;
    }
}

__global__ void copy_part_kernel(const double* from, int from_rows, std::int64_t from_stride, double* to, int to_rows,
                                 std::int64_t to_stride, int rows) {
    const int r = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    const std::int64_t c = blockIdx.y;
    const std::int64_t matrix = blockIdx.z;
    if (r < rows) {
        to[matrix * to_stride + c * to_rows + r] = from[matrix * from_stride + c * from_rows + r];
    }
}

__global__ void last_unit_rows_kernel(double* out, int rows, int cols) {
    const int r = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    const int c = static_cast<int>(blockIdx.y);
    const std::int64_t matrix = blockIdx.z;
    if (r < rows) {
        out[(matrix * cols + c) * rows + r] = c - (cols - rows) == r ? 1.0 : 0.0;
    }
}

__global__ void copy_whitening_kernel(const double* from, int rows, int cols, const WhiteningPlace* place, float* to) {
    const WhiteningPlace own = place[blockIdx.z];
    const int c = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    const int r = static_cast<int>(blockIdx.y);
    if (r < own.rows && c < own.cols) {
        const std::int64_t column = static_cast<std::int64_t>(blockIdx.z) * cols + (cols - own.cols + c);
        to[own.offset + static_cast<std::int64_t>(r) * own.cols + c] =
            static_cast<float>(from[column * rows + (rows - own.rows + r)]);
    }
}

__global__ void read_precisions_kernel(const double* matrices, int count, int cols, double* precision) {
    const int n = static_cast<int>(blockIdx.x * (blockDim.x / kWarp) + threadIdx.x / kWarp);
    const int lane = static_cast<int>(threadIdx.x) % kWarp;
    const std::int64_t matrix = blockIdx.y;
    if (n >= count) {
        return;
    }
    const double* column = matrices + (matrix * cols + (cols - count + n)) * count;
    double sum = 0.0;
    for (int k = n + lane; k < count; k += kWarp) {
        sum += column[k] * column[k];
    }
    sum = warp_sum(sum);
    if (lane == 0) {
        precision[matrix * count + n] = sum;
    }
}

}  // namespace

void set_identity(double* out, int n, cudaStream_t stream) {
    identity_kernel<<<grid_of(n, n), kThreads, 0, stream>>>(out, n);
}

void factor_diagonal(double* matrices, int rows, std::int64_t stride, int first, double* inverse,
                     std::int64_t inverse_stride, int* failed, int batch, cudaStream_t stream) {
    factor_diagonal_kernel<<<static_cast<unsigned>(batch), kThreads, 0, stream>>>(matrices, rows, stride, first,
                                                                                  inverse, inverse_stride, failed);
}

void copy_part(const double* from, int from_rows, std::int64_t from_stride, double* to, int to_rows,
               std::int64_t to_stride, int rows, int cols, int batch, cudaStream_t stream) {
    copy_part_kernel<<<grid_of(rows, cols, batch), kThreads, 0, stream>>>(from, from_rows, from_stride, to, to_rows,
                                                                          to_stride, rows);
}

void set_last_unit_rows(double* out, int rows, int cols, int batch, cudaStream_t stream) {
    last_unit_rows_kernel<<<grid_of(rows, cols, batch), kThreads, 0, stream>>>(out, rows, cols);
}

void copy_whitening(const double* from, int rows, int cols, const WhiteningPlace* place, int batch, float* to,
                    cudaStream_t stream) {
    copy_whitening_kernel<<<grid_of(cols, rows, batch), kThreads, 0, stream>>>(from, rows, cols, place, to);
}

void read_precisions(const double* matrices, int count, int cols, int batch, double* precision, cudaStream_t stream) {
    read_precisions_kernel<<<warps_of(count, batch), kThreads, 0, stream>>>(matrices, count, cols, precision);
}

}  // namespace pitot::backend::device
