// Which cells of held-out rows are measured.
#pragma once

#include <cstdint>
#include <vector>

#include "evaluate/held_out_rows.hpp"
#include "pitot/dataset.hpp"
#include "pitot/hold_out.hpp"
#include "pitot/predictor.hpp"
#include "pitot/result.hpp"

namespace pitot::evaluation {

/// Adds cells of `row` to those `measured` already, until they are `most` or all: those that `choose` answers with when
/// it is shown the others, or those in front of row.cells, where it is empty. kUsage for wrong answers.
[[nodiscard]] Result<void> choose_cells(const ChooseCells& choose, const Predictor* predictor, const Dataset& dataset,
                                        const HeldOutDraw& draw, const HeldOutRow& row, std::int64_t most,
                                        std::vector<std::size_t>& measured);

}  // namespace pitot::evaluation
