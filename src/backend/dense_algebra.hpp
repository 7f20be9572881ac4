// Dense linear algebra in double and single precision: products, Cholesky factors, triangular solves, inverses.
//
// Matrices are row-major with any stride; no alignment is asked for. Results are the same to the bit for any number of
// threads on one instruction set. Functions are defined for T = double and float. With one thread they start none and
// may be called from tasks that run side by side.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <optional>
#include <span>
#include <type_traits>

#include "core/team.hpp"
#include "pitot/matrix_view.hpp"

namespace pitot::backend::dense {

/// Who does the work: that many threads, started for the call, or a team that is there already.
class Workers {
public:
    Workers(int threads) : own_(std::in_place, threads), team_(&*own_) {}  // NOLINT(google-explicit-constructor)
    Workers(core::Team& team) : team_(&team) {}                            // NOLINT(google-explicit-constructor)

    [[nodiscard]] int count() const { return team_->size(); }

    /// Calls task(i) for i = 0 … tasks-1, each on the next thread that is free, and returns when all are done.
    template <typename Task>
    void each(std::int64_t tasks, const Task& task) const {
        std::atomic<std::int64_t> next{0};
        const std::int64_t members = std::min<std::int64_t>(team_->size(), tasks);
        team_->share(members, 1, [&](std::int64_t /*first*/, std::int64_t /*count*/) {
            for (std::int64_t i = next.fetch_add(1); i < tasks; i = next.fetch_add(1)) {
                task(i);
            }
        });
    }

private:
    std::optional<core::Team> own_;
    core::Team* team_;
};

/// What a product is multiplied by, and what the matrix it is added to is multiplied by first (0: it is not read).
template <typename T>
struct Scale {
    T product = 1;
    T kept = 0;
};

template <typename T>
using ConstMatrix = std::type_identity_t<MatrixView<const T>>;

/// C (m × n) = scale.product·A·B + scale.kept·C, A m × k, B k × n. C must not overlap A or B.
template <typename T>
void multiply(ConstMatrix<T> a, ConstMatrix<T> b, MatrixView<T> c, std::type_identity_t<Scale<T>> scale,
              const Workers& workers);
/// The same with A·Bᵀ, B n × k: the products of A's rows with B's.
template <typename T>
void multiply_by_rows(ConstMatrix<T> a, ConstMatrix<T> b, MatrixView<T> c, std::type_identity_t<Scale<T>> scale,
                      const Workers& workers);
/// The same with Aᵀ·B, A k × m: the products of A's columns with B's.
template <typename T>
void multiply_by_columns(ConstMatrix<T> a, ConstMatrix<T> b, MatrixView<T> c, std::type_identity_t<Scale<T>> scale,
                         const Workers& workers);
/// C = scale.product·A·Aᵀ + scale.kept·C on and below the diagonal of C (n × n), A n × k; what is above stays.
template <typename T>
void multiply_by_itself(ConstMatrix<T> a, MatrixView<T> c, std::type_identity_t<Scale<T>> scale,
                        const Workers& workers);

/// The lower factor L of A = L·Lᵀ in place of A's lower triangle; what is above the diagonal is neither read nor
/// written. Returns the first pivot that is not positive and finite, as a row of A, where A is not positive definite;
/// then the lower triangle is of no use any more.
template <typename T>
[[nodiscard]] std::optional<std::int64_t> cholesky(MatrixView<T> a, const Workers& workers);

/// x = L⁻¹x and x = L⁻ᵀx, L n × n lower with a positive diagonal: its upper triangle is not read.
template <typename T>
void solve_lower(ConstMatrix<T> l, std::span<T> x);
template <typename T>
void solve_lower_transposed(ConstMatrix<T> l, std::span<T> x);

/// The same for every row of B (any number × n): B = B·L⁻ᵀ and B = B·L⁻¹.
template <typename T>
void solve_lower_rows(ConstMatrix<T> l, MatrixView<T> b, const Workers& workers);
template <typename T>
void solve_lower_transposed_rows(ConstMatrix<T> l, MatrixView<T> b, const Workers& workers);

/// The same for every column of B (n × any number): B = L⁻¹B and B = L⁻ᵀB.
template <typename T>
void solve_lower_columns(ConstMatrix<T> l, MatrixView<T> b, const Workers& workers);
template <typename T>
void solve_lower_transposed_columns(ConstMatrix<T> l, MatrixView<T> b, const Workers& workers);

/// The lower triangle of (L·Lᵀ)⁻¹ in place of L, with about as much memory again meanwhile; what is above stays.
template <typename T>
void inverse_from_cholesky(MatrixView<T> l, const Workers& workers);

/// Copies the lower triangle of a square matrix to the upper.
template <typename T>
void mirror_lower(MatrixView<T> a);

}  // namespace pitot::backend::dense
