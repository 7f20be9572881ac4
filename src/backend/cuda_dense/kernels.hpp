// Kernels of the device that has Gaussian processes, as functions that start them on a stream.
//
// Matrices of a batch lie one after another, column by column. Sums run in an order that depends on sizes alone.
#pragma once

#include <cstdint>

#include <cuda_runtime_api.h>

#include "backend/device_covariance.hpp"

namespace pitot::backend::device {

/// Tables of a covariance on the device; null: 1 everywhere.
struct TermTables {
    struct One {
        double scale;
        const double* platform;
        const double* module;
        const double* co_runner;
    };
    One alone[kMostTerms];
    One beside[kMostBesideTerms];
    int alone_terms;
    int beside_terms;
    int platforms;
    int modules;
};

/// Rows on the device.
struct RowTable {
    const int* platform;
    const int* module;
    const double* diagonal;
    const int* co_runner;
    const double* weight;  ///< 0 of rows alone
    int width;             ///< 0: no row is beside others
};

/// Lists of rows, one after another: those of list i are row[first[i]] … row[first[i + 1] - 1].
struct Lists {
    const int* first;
    const int* row;
    const double* weight;  ///< of an entry; null: 1
    int count;
};

enum class Role { kPlatform, kModule, kCoRunner };

/// Where the gradient of each term's table in a role goes; null: nowhere.
struct GradientTables {
    double* alone[kMostTerms];
    double* beside[kMostBesideTerms];
};

/// K of rows 0 … n-1, all of it.
void fill_square(const TermTables& tables, const RowTable& rows, int n, double* out, cudaStream_t stream);

/// Of each matrix of a batch, on and below the diagonal of its first `known` columns, K of the rows in its list (`all`
/// rows each). Where the list has -1, the matrix has rows and columns of the unit matrix.
void fill_batch(const TermTables& tables, const RowTable& rows, const int* list, int batch, int all, int known,
                double* out, cudaStream_t stream);

void set_identity(double* out, int n, cudaStream_t stream);
/// W = ½(B - ααᵀ) in place of B, n × n.
void subtract_square(double* b, const double* alpha, int n, cudaStream_t stream);
/// Sum of the logarithms of the diagonal of a matrix, to one number.
void log_diagonal(const double* factor, int n, double* out, cudaStream_t stream);
void copy_diagonal(const double* matrix, int n, double* out, cudaStream_t stream);

/// Gradients of all terms' tables of one role: out(a, b) = Σ over rows u in list a and v in list b of W_uv times the
/// elements of the other two roles, symmetric.
void role_gradient(Role role, const TermTables& tables, const RowTable& rows, const double* weight, int n,
                   const Lists& lists, const GradientTables& out, cudaStream_t stream);
/// Σ_v W_uv K_t(u, v) / s_t of every row u and beside term t: terms × n.
void row_sums(const TermTables& tables, const RowTable& rows, const double* weight, int n, double* out,
              cudaStream_t stream);

/// Columns of a block of a batched Cholesky factor.
inline constexpr int kBlock = 64;
/// Factors the diagonal blocks that begin at row and column `first` of a batch of matrices, and puts the inverse of
/// each factor, with zeros above the diagonal, to `inverse` (kBlock × kBlock, `inverse_stride` apart). failed[b]
/// becomes 1 where a pivot is not positive and finite.
void factor_diagonal(double* matrices, int rows, std::int64_t stride, int first, double* inverse,
                     std::int64_t inverse_stride, int* failed, int batch, cudaStream_t stream);
/// Copies `rows` × `cols` parts of a batch of matrices.
void copy_part(const double* from, int from_rows, std::int64_t from_stride, double* to, int to_rows,
               std::int64_t to_stride, int rows, int cols, int batch, cudaStream_t stream);
/// The last `rows` rows of unit matrices of `cols` columns.
void set_last_unit_rows(double* out, int rows, int cols, int batch, cudaStream_t stream);

/// Of one conditional of a batch: where its W goes, row by row.
struct WhiteningPlace {
    std::int64_t offset;
    int rows;
    int cols;
};
/// The last rows and columns of each matrix of a batch (rows × cols) as single precision.
void copy_whitening(const double* from, int rows, int cols, const WhiteningPlace* place, int batch, float* to,
                    cudaStream_t stream);

/// W of all conditionals, and which rows of a vector their columns are.
struct WhiteningTable {
    const float* value;
    const WhiteningPlace* place;       ///< a conditional
    const std::int64_t* column_first;  ///< a conditional: where its columns begin in `column` and in shares
    const int* column;                 ///< row numbers
    const int* white_first;            ///< a conditional: where its rows begin in what W makes of a vector
    int count;
    int most_cols;
    int most_rows;
};
/// z = Σ Wᵀ W r. `white` has a number a row of all W, `share` one a column; the shares of z_n are those that `of_row`
/// lists.
void precondition(const WhiteningTable& table, const double* r, float* white, float* share,
                  const std::int64_t* share_first, const std::int64_t* share_place, int n, double* z,
                  cudaStream_t stream);

/// out[place[c]] = Σ over list c of coefficient[row] · v[row] (coefficient null: 1).
void sum_lists(const Lists& lists, const std::int64_t* place, const double* coefficient, const double* v, double* out,
               cudaStream_t stream);
/// out[u] = d_u v_u + Σ_q grids[q](p_u, m_u) + common_weight_u Σ_q common[q](p_u, m_u); the latter where there are any.
void read_grids(const RowTable& rows, const double* v, const double* grids, int grid_count, const double* common,
                int common_count, const double* common_weight, int platforms, int modules, int n, double* out,
                cudaStream_t stream);
/// out[u] += ρ_u Σ_k half(p_u, k, ·) · module(m_u, ·) of some rows.
void add_beside(const RowTable& rows, const int* some, int count, const double* half, const double* module, int modules,
                double* out, cudaStream_t stream);

/// Numbers of conjugate gradients that stay on the device.
inline constexpr int kParts = 64;
/// Partial sums of up to three dot products, kParts of each; a null pair is left out.
void dot_products(const double* a0, const double* b0, const double* a1, const double* b1, const double* a2,
                  const double* b2, int n, double* partial, cudaStream_t stream);
/// With step = *rz / Σ partial: x += step·p, after = r - step·q.
void take_step(const double* rz, const double* partial, const double* p, const double* q, const double* r, int n,
               double* x, double* after, cudaStream_t stream);
/// From partial sums of r·z, before·z and r·r: p = z + (r·z - before·z) / *rz · p, *next = r·z, *square = r·r.
void turn_direction(const double* rz, const double* partial, const double* z, int n, double* p, double* next,
                    double* square, cudaStream_t stream);
/// *out[i] = the sum of partial sums of product i < count.
void add_partials(const double* partial, int count, double* out, cudaStream_t stream);
void subtract(const double* a, const double* b, int n, double* out, cudaStream_t stream);

/// variance[b, r] = K_uu - Σ of squares of row known + r of matrix b, u the row in its list; 0 where that has -1.
void read_variances(const TermTables& tables, const RowTable& rows, const int* list, const double* matrices, int batch,
                    int all, int known, double* variance, cudaStream_t stream);
/// precision[b, n] = Σ of squares, from row n on, of column cols - count + n of matrix b (count × cols).
void read_precisions(const double* matrices, int count, int cols, int batch, double* precision, cudaStream_t stream);

}  // namespace pitot::backend::device
