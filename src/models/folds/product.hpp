// A matrix product by the cpu backend's kernels.
#pragma once

#include "pitot/matrix_view.hpp"

namespace pitot::models {

/// left · rightᵀ: the dot product of every row of `left` with every row of `right`, which has as many columns. The same
/// rows give the same bits on one instruction set.
[[nodiscard]] Matrix<float> product_by_rows(MatrixView<const float> left, MatrixView<const float> right);

}  // namespace pitot::models
