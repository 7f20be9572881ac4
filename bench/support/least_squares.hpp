// Plain alternating least squares, which whoever predicts a matrix has to beat.
#pragma once

#include <cstdint>

#include "core/key.hpp"
#include "core/row_numbers.hpp"
#include "pitot/dataset.hpp"
#include "pitot/matrix_view.hpp"

namespace pitot::bench {

/// y_ij = c + a_i + b_j + u_i . v_j, with ridges.
struct LeastSquares {
    std::int64_t rank = 0;      ///< r, of u and v
    double ridge = 0.1;         ///< on u and v
    double least_ridge = 1e-3;  ///< on a and b, so that a row without observations has 0
    int sweeps = 60;
};

/// Predictions of ln(runtime / us) for every pair, platforms × modules. Minimised is the sum over combinations of
/// (mean of ln(runtime / us) over their runs - y)^2 + ridge (|u|^2 + |v|^2) + least_ridge (|a|^2 + |b|^2), platforms
/// and modules in turn, from a small random v.
[[nodiscard]] Matrix<double> fit_least_squares(const ObservationView& runs, std::int64_t platforms,
                                               std::int64_t modules, const LeastSquares& settings, core::Key key);

/// The same with the rank (0 to 8) and the ridge (0.003 to 3) that predict a fifth of the combinations best, in the
/// mean of |error of ln t|, when fitted on the others; then fitted on all. `chosen` says which.
[[nodiscard]] Matrix<double> validated_least_squares(const ObservationView& runs, std::int64_t platforms,
                                                     std::int64_t modules, core::Key key,
                                                     LeastSquares* chosen = nullptr);

}  // namespace pitot::bench
