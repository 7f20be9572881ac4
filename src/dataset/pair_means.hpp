// A dataset's runtimes alone as a matrix.
#pragma once

#include "pitot/dataset.hpp"
#include "pitot/matrix_view.hpp"

namespace pitot::dataset {

/// Mean runtime of every pair that was measured alone, us; platforms × modules, NaN where there is none.
[[nodiscard]] Matrix<double> pair_means_us(const Dataset& dataset);

}  // namespace pitot::dataset
