// What dense algebra does on one thread in the cache: products of packed panels, solves and factors of small triangles.
// Compiled for several instruction sets in double and single precision; kernels() gives those of this machine.
//
// A packed panel holds `columns` (of the struct Kernels) rows of a matrix, depth first: element (i, k) of the panel is
// at[k * columns + i]. Rows that the matrix does not have are 0.
#pragma once

#include <cstdint>

#include "pitot/matrix_view.hpp"

namespace pitot::backend::dense {

/// C = alpha·A·Bᵀ + beta·C where A (rows × depth) and B (columns × depth) are packed. With beta = 0 C is not read. Each
/// element is one chain of fused multiply-adds along the depth, so the bits do not depend on how C is cut up.
template <typename T>
struct PanelProduct {
    std::int64_t rows = 0;
    std::int64_t columns = 0;
    std::int64_t depth = 0;
    const T* a = nullptr;
    std::int64_t a_panel = 0;  ///< elements from a panel of A to the next
    const T* b = nullptr;
    std::int64_t b_panel = 0;
    T alpha = 1;
    T beta = 0;
    T* c = nullptr;
    std::int64_t c_stride = 0;
    bool lower = false;  ///< only elements (i, j) with i + diagonal >= j
    std::int64_t diagonal =
        0;  ///< with `lower`: C's first row minus its first column in the matrix that has the diagonal
};

/// A triangle of coefficients: that of unknown k in equation j is at[k * step + j], and `inverse` has the reciprocals
/// of its diagonal. The order is a multiple of Kernels::rows; the other half of the triangle may hold anything.
template <typename T>
struct Triangle {
    std::int64_t order = 0;
    const T* at = nullptr;
    std::int64_t step = 0;
    const T* inverse = nullptr;
};

template <typename T>
struct Kernels {
    std::int64_t rows;     ///< of a block of C that is kept in registers; divides `columns`
    std::int64_t columns;  ///< of such a block, and so rows of a panel

    /// to[k * width + i] = from(i, k), and 0 for from.rows <= i < width: a transposition.
    void (*pack_rows)(const MatrixView<const T>& from, std::int64_t width, T* to);
    /// to[k * width + j] = from(k, j), and 0 for from.cols <= j < width: a copy.
    void (*pack_columns)(const MatrixView<const T>& from, std::int64_t width, T* to);
    /// to(i, k) = from[k * width + i].
    void (*unpack_rows)(const T* from, std::int64_t width, const MatrixView<T>& to);
    void (*multiply)(const PanelProduct<T>& product);
    /// Solves for a packed panel of right-hand sides, in place: x_j = (x_j - Σ_{k<j} t_jk x_k) / t_jj.
    void (*solve_forward)(const Triangle<T>& t, T* x);
    /// x_j = (x_j - Σ_{k>j} t_jk x_k) / t_jj.
    void (*solve_backward)(const Triangle<T>& t, T* x);
    /// The upper factor U of the symmetric matrix UᵀU, of which u[k * stride + j] is given for k <= j < order, in its
    /// place, with 0 below the diagonal of each block of `rows`, and the reciprocals of its diagonal. The order is a
    /// multiple of `rows`, and `columns` more may be read and written past the last of each row. Returns the first
    /// pivot that is not positive and finite, or `order`.
    std::int64_t (*cholesky)(std::int64_t order, T* u, std::int64_t stride, T* inverse);
    /// x = L⁻¹x and x = L⁻ᵀx for one vector; the upper triangle is not read.
    void (*forward_vector)(const MatrixView<const T>& l, T* x);
    void (*backward_vector)(const MatrixView<const T>& l, T* x);
};

/// Those of the best instruction set there is, or of the one in use: for T = double and float.
template <typename T>
[[nodiscard]] const Kernels<T>& kernels();
template <>
const Kernels<double>& kernels();
template <>
const Kernels<float>& kernels();

}  // namespace pitot::backend::dense
