// Products of a matrix in single precision with a vector, for what reads a large matrix once.
#pragma once

#include <span>

#include "pitot/matrix_view.hpp"

namespace pitot::backend::dense {

/// y += scale·A·x, A rows × cols, x cols, y rows. On one thread; the bits depend on the instruction set alone.
void add_product(MatrixView<const float> a, std::span<const float> x, float scale, std::span<float> y);
/// y += scale·Aᵀ·x, x rows, y cols.
void add_transposed_product(MatrixView<const float> a, std::span<const float> x, float scale, std::span<float> y);

}  // namespace pitot::backend::dense
