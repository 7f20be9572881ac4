// Which row goes to which column at the least cost.
#pragma once

#include <cstdint>
#include <stop_token>
#include <vector>

#include "pitot/matrix_view.hpp"
#include "pitot/result.hpp"

namespace pitot::place {

/// The column of every row of `cost` (finite numbers) such that no column has more than `most` rows and the sum of
/// costs is least: the transportation problem, whose linear program (by Clp) has whole numbers at its corners. Errors:
/// kUsage if the rows do not fit, kCancelled, kInput if the solver fails.
[[nodiscard]] Result<std::vector<std::int64_t>> assign(MatrixView<const double> cost, std::int64_t most,
                                                       const std::stop_token& stop = {});

}  // namespace pitot::place
