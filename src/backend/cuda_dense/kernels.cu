#include "backend/cuda_dense/kernels.hpp"

namespace pitot::backend::device {
namespace {

constexpr int kWarp = 32;
constexpr int kThreads = 256;
constexpr unsigned kAll = 0xffffffffU;

__host__ __device__ constexpr int divide_up(std::int64_t a, std::int64_t b) {
    return static_cast<int>((a + b - 1) / b);
}

template <typename T>
__device__ T warp_sum(T value) {
    for (int offset = kWarp / 2; offset > 0; offset /= 2) {
        value += __shfl_down_sync(kAll, value, offset);
    }
    return value;
}

// The sum of a block's values, to its first thread.
__device__ double block_sum(double value) {
    __shared__ double part[kWarp];
    const int lane = static_cast<int>(threadIdx.x) % kWarp;
    const int warp = static_cast<int>(threadIdx.x) / kWarp;
    value = warp_sum(value);
    __syncthreads();
    if (lane == 0) {
        part[warp] = value;
    }
    __syncthreads();
    value = lane < static_cast<int>(blockDim.x) / kWarp ? part[lane] : 0.0;
    return warp == 0 ? warp_sum(value) : 0.0;
}

__device__ double at(const double* table, int size, int i, int j) {
    return table == nullptr ? 1.0 : table[i * size + j];
}

// Σ_k Σ_l of two rows' sets.
__device__ double of_sets(const RowTable& rows, const double* table, int modules, int u, int v) {
    double sum = 0.0;
    for (int a = 0; a < rows.width; ++a) {
        const int k = rows.co_runner[u * rows.width + a];
        if (k < 0) {
            break;
        }
        for (int b = 0; b < rows.width; ++b) {
            const int l = rows.co_runner[v * rows.width + b];
            if (l < 0) {
                break;
            }
            sum += at(table, modules, k, l);
        }
    }
    return sum;
}

// ρ_u ρ_v, 0 where a row is alone.
__device__ double both_weights(const RowTable& rows, int u, int v) {
    return rows.width == 0 ? 0.0 : rows.weight[u] * rows.weight[v];
}

__device__ double element(const TermTables& tables, const RowTable& rows, int u, int v) {
    const int i = rows.platform[u];
    const int k = rows.platform[v];
    const int j = rows.module[u];
    const int l = rows.module[v];
    double sum = 0.0;
    for (int q = 0; q < tables.alone_terms; ++q) {
        const TermTables::One& term = tables.alone[q];
        sum += term.scale * at(term.platform, tables.platforms, i, k) * at(term.module, tables.modules, j, l);
    }
    const double weight = tables.beside_terms > 0 ? both_weights(rows, u, v) : 0.0;
    if (weight != 0.0) {
        for (int t = 0; t < tables.beside_terms; ++t) {
            const TermTables::One& term = tables.beside[t];
            sum += term.scale * at(term.platform, tables.platforms, i, k) * at(term.module, tables.modules, j, l) *
                   weight * of_sets(rows, term.co_runner, tables.modules, u, v);
        }
    }
    return sum;
}

__global__ void fill_square_kernel(TermTables tables, RowTable rows, int n, double* out) {
    const int v = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    const int u = static_cast<int>(blockIdx.y);
    if (v < n) {
        // The larger number first: both triangles have the same bits.
        const double value = element(tables, rows, max(u, v), min(u, v));
        out[static_cast<std::int64_t>(u) * n + v] = value + (u == v ? rows.diagonal[u] : 0.0);
    }
}

__global__ void fill_batch_kernel(TermTables tables, RowTable rows, const int* list, int all, int known, double* out) {
    const int r = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    const int c = static_cast<int>(blockIdx.y);
    const std::int64_t matrix = blockIdx.z;
    if (r >= all || r < c) {
        return;
    }
    const int u = list[matrix * all + r];
    const int v = list[matrix * all + c];
    double value = r == c ? 1.0 : 0.0;
    if (u >= 0 && v >= 0) {
        value = element(tables, rows, u, v) + (r == c ? rows.diagonal[u] : 0.0);
    }
    out[(matrix * known + c) * all + r] = value;
}

__global__ void identity_kernel(double* out, int n) {
    const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    const int j = static_cast<int>(blockIdx.y);
    if (i < n) {
        out[static_cast<std::int64_t>(j) * n + i] = i == j ? 1.0 : 0.0;
    }
}

__global__ void subtract_square_kernel(double* b, const double* alpha, int n) {
    const int v = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    const int u = static_cast<int>(blockIdx.y);
    if (v < n) {
        double& w = b[static_cast<std::int64_t>(u) * n + v];
        w = 0.5 * (w - alpha[u] * alpha[v]);
    }
}

__global__ void log_diagonal_kernel(const double* factor, int n, double* out) {
    double sum = 0.0;
    for (int i = static_cast<int>(threadIdx.x); i < n; i += static_cast<int>(blockDim.x)) {
        sum += log(factor[static_cast<std::int64_t>(i) * n + i]);
    }
    sum = block_sum(sum);
    if (threadIdx.x == 0) {
        *out = sum;
    }
}

__global__ void copy_diagonal_kernel(const double* matrix, int n, double* out) {
    const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    if (i < n) {
        out[i] = matrix[static_cast<std::int64_t>(i) * n + i];
    }
}

// A warp a pair of lists, on and below the diagonal.
template <Role kRole>
__global__ void role_gradient_kernel(TermTables tables, RowTable rows, const double* __restrict__ weight, int n,
                                     Lists lists, GradientTables out) {
    const int a = static_cast<int>(blockIdx.y);
    const int b = static_cast<int>(blockIdx.x * (blockDim.x / kWarp) + threadIdx.x / kWarp);
    const int lane = static_cast<int>(threadIdx.x) % kWarp;
    if (b > a) {
        return;
    }
    const int first_a = lists.first[a];
    const int first_b = lists.first[b];
    const int of_b = lists.first[b + 1] - first_b;
    const int pairs = (lists.first[a + 1] - first_a) * of_b;
    double alone[kMostTerms] = {};
    double beside[kMostBesideTerms] = {};
    for (int pair = lane; pair < pairs; pair += kWarp) {
        const int at_a = first_a + pair / of_b;
        const int at_b = first_b + pair % of_b;
        const int u = lists.row[at_a];
        const int v = lists.row[at_b];
        double w = weight[static_cast<std::int64_t>(u) * n + v];
        const int i = rows.platform[u];
        const int k = rows.platform[v];
        const int j = rows.module[u];
        const int l = rows.module[v];
        if constexpr (kRole == Role::kCoRunner) {
            w *= lists.weight[at_a] * lists.weight[at_b];
#pragma unroll
            for (int t = 0; t < static_cast<int>(kMostBesideTerms); ++t) {
                if (t < tables.beside_terms) {
                    const TermTables::One& term = tables.beside[t];
                    beside[t] += w * at(term.platform, tables.platforms, i, k) * at(term.module, tables.modules, j, l);
                }
            }
        } else {
#pragma unroll
            for (int q = 0; q < static_cast<int>(kMostTerms); ++q) {
                if (q < tables.alone_terms) {
                    const TermTables::One& term = tables.alone[q];
                    alone[q] += w * (kRole == Role::kPlatform ? at(term.module, tables.modules, j, l)
                                                              : at(term.platform, tables.platforms, i, k));
                }
            }
            const double both = tables.beside_terms > 0 ? w * both_weights(rows, u, v) : 0.0;
            if (both != 0.0) {
#pragma unroll
                for (int t = 0; t < static_cast<int>(kMostBesideTerms); ++t) {
                    if (t < tables.beside_terms) {
                        const TermTables::One& term = tables.beside[t];
                        beside[t] += both * of_sets(rows, term.co_runner, tables.modules, u, v) *
                                     (kRole == Role::kPlatform ? at(term.module, tables.modules, j, l)
                                                               : at(term.platform, tables.platforms, i, k));
                    }
                }
            }
        }
    }
    const int count = lists.count;
    const auto put = [&](double* to, double value) {
        value = warp_sum(value);
        if (lane == 0 && to != nullptr) {
            to[a * count + b] = value;
            to[b * count + a] = value;
        }
    };
    if constexpr (kRole != Role::kCoRunner) {
#pragma unroll
        for (int q = 0; q < static_cast<int>(kMostTerms); ++q) {
            if (q < tables.alone_terms) {
                put(out.alone[q], alone[q]);
            }
        }
    }
#pragma unroll
    for (int t = 0; t < static_cast<int>(kMostBesideTerms); ++t) {
        if (t < tables.beside_terms) {
            put(out.beside[t], beside[t]);
        }
    }
}

// A block a row.
__global__ void row_sums_kernel(TermTables tables, RowTable rows, const double* weight, int n, double* out) {
    const int u = static_cast<int>(blockIdx.x);
    const int i = rows.platform[u];
    const int j = rows.module[u];
    double sum[kMostBesideTerms] = {};
    if (rows.weight[u] != 0.0) {
        for (int v = static_cast<int>(threadIdx.x); v < n; v += static_cast<int>(blockDim.x)) {
            const double both = weight[static_cast<std::int64_t>(u) * n + v] * both_weights(rows, u, v);
            if (both == 0.0) {
                continue;
            }
#pragma unroll
            for (int t = 0; t < static_cast<int>(kMostBesideTerms); ++t) {
                if (t < tables.beside_terms) {
                    const TermTables::One& term = tables.beside[t];
                    sum[t] += both * at(term.platform, tables.platforms, i, rows.platform[v]) *
                              at(term.module, tables.modules, j, rows.module[v]) *
                              of_sets(rows, term.co_runner, tables.modules, u, v);
                }
            }
        }
    }
#pragma unroll
    for (int t = 0; t < static_cast<int>(kMostBesideTerms); ++t) {
        if (t < tables.beside_terms) {
            const double all = block_sum(sum[t]);
            if (threadIdx.x == 0) {
                out[static_cast<std::int64_t>(t) * n + u] = all;
            }
        }
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

// A thread a row, whose neighbours' elements of a column lie side by side.
__global__ void read_variances_kernel(TermTables tables, RowTable rows, const int* list, const double* matrices,
                                      int all, int known, double* variance) {
    const int r = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    const std::int64_t matrix = blockIdx.y;
    const int asked = all - known;
    if (r >= asked) {
        return;
    }
    const int u = list[matrix * all + known + r];
    double result = 0.0;
    if (u >= 0) {
        const double* from = matrices + matrix * all * known + known + r;
        result = element(tables, rows, u, u) + rows.diagonal[u];
        for (int c = 0; c < known; ++c) {
            const double value = from[static_cast<std::int64_t>(c) * all];
            result -= value * value;
        }
    }
    variance[matrix * asked + r] = result;
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

dim3 grid_of(std::int64_t x, std::int64_t y = 1, std::int64_t z = 1) {
    return {static_cast<unsigned>(divide_up(x, kThreads)), static_cast<unsigned>(y), static_cast<unsigned>(z)};
}
dim3 warps_of(std::int64_t x, std::int64_t y = 1) {
    return {static_cast<unsigned>(divide_up(x, kThreads / kWarp)), static_cast<unsigned>(y)};
}

}  // namespace

void fill_square(const TermTables& tables, const RowTable& rows, int n, double* out, cudaStream_t stream) {
    fill_square_kernel<<<grid_of(n, n), kThreads, 0, stream>>>(tables, rows, n, out);
}

void fill_batch(const TermTables& tables, const RowTable& rows, const int* list, int batch, int all, int known,
                double* out, cudaStream_t stream) {
    fill_batch_kernel<<<grid_of(all, known, batch), kThreads, 0, stream>>>(tables, rows, list, all, known, out);
}

void set_identity(double* out, int n, cudaStream_t stream) {
    identity_kernel<<<grid_of(n, n), kThreads, 0, stream>>>(out, n);
}

void subtract_square(double* b, const double* alpha, int n, cudaStream_t stream) {
    subtract_square_kernel<<<grid_of(n, n), kThreads, 0, stream>>>(b, alpha, n);
}

void log_diagonal(const double* factor, int n, double* out, cudaStream_t stream) {
    log_diagonal_kernel<<<1, kThreads, 0, stream>>>(factor, n, out);
}

void copy_diagonal(const double* matrix, int n, double* out, cudaStream_t stream) {
    copy_diagonal_kernel<<<grid_of(n), kThreads, 0, stream>>>(matrix, n, out);
}

void role_gradient(Role role, const TermTables& tables, const RowTable& rows, const double* weight, int n,
                   const Lists& lists, const GradientTables& out, cudaStream_t stream) {
    const dim3 grid = warps_of(lists.count, lists.count);
    if (role == Role::kPlatform) {
        role_gradient_kernel<Role::kPlatform><<<grid, kThreads, 0, stream>>>(tables, rows, weight, n, lists, out);
    } else if (role == Role::kModule) {
        role_gradient_kernel<Role::kModule><<<grid, kThreads, 0, stream>>>(tables, rows, weight, n, lists, out);
    } else {
        role_gradient_kernel<Role::kCoRunner><<<grid, kThreads, 0, stream>>>(tables, rows, weight, n, lists, out);
    }
}

void row_sums(const TermTables& tables, const RowTable& rows, const double* weight, int n, double* out,
              cudaStream_t stream) {
    row_sums_kernel<<<static_cast<unsigned>(n), kThreads, 0, stream>>>(tables, rows, weight, n, out);
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

void read_variances(const TermTables& tables, const RowTable& rows, const int* list, const double* matrices, int batch,
                    int all, int known, double* variance, cudaStream_t stream) {
    read_variances_kernel<<<grid_of(all - known, batch), kThreads, 0, stream>>>(tables, rows, list, matrices, all,
                                                                                known, variance);
}

void read_precisions(const double* matrices, int count, int cols, int batch, double* precision, cudaStream_t stream) {
    read_precisions_kernel<<<warps_of(count, batch), kThreads, 0, stream>>>(matrices, count, cols, precision);
}

}  // namespace pitot::backend::device
