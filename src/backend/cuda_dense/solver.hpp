// Conjugate gradients on a device.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "backend/cuda_dense/factors.hpp"
#include "backend/cuda_dense/resident.hpp"
#include "backend/cuda_dense/runtime.hpp"
#include "backend/device_covariance.hpp"

namespace pitot::backend::device {

/// (K + D) times vectors, by sums over cells of the platform × module grid and products of tables with it; for rows
/// beside others, over those of the platform × co-runner × module grid.
class Products {
public:
    void prepare(Runtime& runtime, const Covariance& covariance, const Rows& rows);
    void times(Runtime& runtime, const double* v, double* out);

    [[nodiscard]] const TermTables& tables() const { return tables_; }
    [[nodiscard]] const RowTable& rows() const { return table_; }

private:
    void times_tables(Runtime& runtime, const double* grid, const double* platform, const double* module, double scale,
                      int terms, double* half, double* out) const;
    void add_beside_rows(Runtime& runtime, const double* v, double* out);

    int platforms_ = 0, modules_ = 0, rows_ = 0, grids_ = 0, commons_ = 0, beside_rows_ = 0;
    TermTables tables_{};
    RowTable table_{};
    Lists cells_{}, triples_{};
    const std::int64_t* cell_place_ = nullptr;
    const std::int64_t* triple_place_ = nullptr;
    const double* platform_stack_ = nullptr;  // of all terms of all rows: scaled, and 1 where a term has no table
    const double* module_stack_ = nullptr;
    const double* common_weight_ = nullptr;
    const int* beside_ = nullptr;
    double* grid_ = nullptr;
    double* common_grid_ = nullptr;
    double* half_ = nullptr;
    double* product_ = nullptr;
    double* common_ = nullptr;
    double* cube_ = nullptr;
    double* spread_ = nullptr;
    double* half_cube_ = nullptr;
    Upload upload_;
    Buffer grid_buffer_, cube_buffer_;
};

/// M⁻¹ = Σ WᵀW.
class Preconditioner {
public:
    /// False if a matrix is not positive definite.
    [[nodiscard]] bool make(Runtime& runtime, Factors& factors, const Products& products,
                            std::span<const Conditional> conditionals, std::int64_t rows, std::size_t budget);
    void apply(Runtime& runtime, const double* r, double* z);

private:
    int rows_ = 0;
    WhiteningTable table_{};
    const std::int64_t* share_first_ = nullptr;
    const std::int64_t* share_place_ = nullptr;
    float* white_ = nullptr;
    float* share_ = nullptr;
    Upload upload_, place_upload_;
    Buffer value_, white_buffer_, share_buffer_;
};

class Solver {
public:
    [[nodiscard]] Solved solve(Runtime& runtime, Factors& factors, const Covariance& covariance, const Rows& rows,
                               std::span<const Conditional> conditionals, std::span<const double> target,
                               std::span<const double> start, const SolveLimits& limits, std::size_t budget,
                               const std::function<bool()>& go_on);

private:
    void iterate(Runtime& runtime, double norm, const SolveLimits& limits, const std::function<bool()>& go_on,
                 Solved& solved);

    struct Vectors {
        int n = 0;
        double *x = nullptr, *r = nullptr, *before = nullptr, *z = nullptr, *p = nullptr, *q = nullptr;
        double* partial = nullptr;
        double* number = nullptr;  // r·z of this step and of the next, and the residual's square
    };

    Products products_;
    Preconditioner preconditioner_;
    Vectors at_;
    Upload upload_;
    Buffer vectors_;
};

}  // namespace pitot::backend::device
