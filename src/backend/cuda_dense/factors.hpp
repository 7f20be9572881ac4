// Cholesky factors of many matrices at a time.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "backend/cuda_dense/resident.hpp"
#include "backend/cuda_dense/runtime.hpp"

namespace pitot::backend::device {

/// A batch of matrices of `known` columns, a multiple of kBlock, and as many rows or more. In the first `known` rows
/// there is a covariance matrix, which becomes its factor L; what is below becomes B·L⁻ᵀ.
class Factors {
public:
    /// `lists`: of each matrix the numbers of its rows, -1 where there is none; `all` a matrix. False if a matrix is
    /// not positive definite.
    [[nodiscard]] bool make(Runtime& runtime, const TermTables& tables, const RowTable& rows,
                            const std::vector<int>& lists, std::int64_t all, std::int64_t known);

    /// The last `rows` rows of each L⁻¹ (rows × known), right in the columns from block number `first_block` on.
    [[nodiscard]] const double* last_rows_of_inverse(Runtime& runtime, std::int64_t rows, std::int64_t first_block);

    [[nodiscard]] const double* matrices() const { return matrices_; }
    [[nodiscard]] const int* lists() const { return list_; }

private:
    void factor(Runtime& runtime, int* failed);

    std::int64_t batch_ = 0, all_ = 0, known_ = 0;
    double* matrices_ = nullptr;
    double* inverse_ = nullptr;
    const int* list_ = nullptr;
    Buffer matrix_buffer_, inverse_buffer_, panel_buffer_, failed_buffer_, row_buffer_;
    Upload upload_;
};

}  // namespace pitot::backend::device
