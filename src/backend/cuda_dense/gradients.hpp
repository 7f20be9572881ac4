// Marginal likelihoods of rows on a device: one dense matrix, its factor and inverse, and gradients of tables.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "backend/cuda_dense/resident.hpp"
#include "backend/cuda_dense/runtime.hpp"
#include "backend/device_covariance.hpp"

namespace pitot::backend::device {

class Gradients {
public:
    [[nodiscard]] std::optional<Weighed> weigh(Runtime& runtime, const Covariance& covariance, const Rows& rows,
                                               std::span<const double> target);
    [[nodiscard]] std::optional<std::vector<double>> solve(Runtime& runtime, const Covariance& covariance,
                                                           const Rows& rows, std::span<const double> target);

private:
    /// A Cholesky factor in the lower triangle of `matrix`, column by column; false if there is none.
    [[nodiscard]] bool factor(Runtime& runtime, double* matrix, int n);
    /// ½(K⁻¹ - ααᵀ) from L; to `terms` Σ ln L_nn and yᵀK⁻¹y.
    [[nodiscard]] double* weigh_factor(Runtime& runtime, const double* factor, const double* target, int n,
                                       double* terms);

    Buffer matrix_, inverse_, weight_, work_, info_, vector_, result_;
    Upload upload_;
};

}  // namespace pitot::backend::device
