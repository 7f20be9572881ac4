// Covariances of rows, and what likelihoods and variances make of them.
#include "backend/cuda_dense/kernels.cuh"

namespace pitot::backend::device {
namespace {

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

}  // namespace

void fill_square(const TermTables& tables, const RowTable& rows, int n, double* out, cudaStream_t stream) {
    fill_square_kernel<<<grid_of(n, n), kThreads, 0, stream>>>(tables, rows, n, out);
}

void fill_batch(const TermTables& tables, const RowTable& rows, const int* list, int batch, int all, int known,
                double* out, cudaStream_t stream) {
    fill_batch_kernel<<<grid_of(all, known, batch), kThreads, 0, stream>>>(tables, rows, list, all, known, out);
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

void read_variances(const TermTables& tables, const RowTable& rows, const int* list, const double* matrices, int batch,
                    int all, int known, double* variance, cudaStream_t stream) {
    read_variances_kernel<<<grid_of(all - known, batch), kThreads, 0, stream>>>(tables, rows, list, matrices, all,
                                                                                known, variance);
}

}  // namespace pitot::backend::device
