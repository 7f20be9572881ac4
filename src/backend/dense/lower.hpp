// What factors, solves and inverses share: products of packed panels with themselves, and solves for packed panels.
#pragma once

#include <cstdint>

#include "backend/dense/kernels.hpp"
#include "backend/dense/storage.hpp"
#include "backend/dense_algebra.hpp"

namespace pitot::backend::dense {

/// C = alpha·A·Aᵀ + beta·C on and below the diagonal, where `packed` has A's rows in panels, one after the other.
template <typename T>
void multiply_lower(const Kernels<T>& kernel, const T* packed, std::int64_t depth, T alpha, T beta,
                    const MatrixView<T>& c, const Workers& workers);

/// Solves with a lower factor or its transpose for packed panels of right-hand sides, on one thread.
template <typename T>
class PanelSolve {
public:
    PanelSolve(const Kernels<T>& kernel, MatrixView<const T> l);

    /// x = L⁻¹x, or L⁻ᵀx with `transposed`: `panels` of them, each `panel` elements after the one before, with the rows
    /// of L from `first_row` on (a whole block's; forward, those before are 0), rounded up to Kernels::rows.
    void run(bool transposed, T* x, std::int64_t panels, std::int64_t panel, std::int64_t first_row);

private:
    // x[row …] -= L[row …, from …] x[from …], or with Lᵀ.
    void subtract(bool transposed, std::int64_t row, std::int64_t rows, std::int64_t from, std::int64_t depth, T* x,
                  std::int64_t panels, std::int64_t panel, std::int64_t first_row);
    // A block on the diagonal of L, padded with the identity.
    Triangle<T> corner(bool transposed, std::int64_t row, std::int64_t rows);

    const Kernels<T>& kernel_;
    MatrixView<const T> l_;
    std::int64_t stride_;
    Storage<T> corner_, inverse_, packed_;
};

/// Rows that PanelSolve takes at a time.
inline constexpr std::int64_t kSolveRows = 128;

}  // namespace pitot::backend::dense
