// Measured combinations that a model did not learn from, with what it says of them.
#pragma once

#include <cstdint>
#include <vector>

#include "pitot/dataset.hpp"
#include "pitot/predictor.hpp"
#include "pitot/result.hpp"

namespace pitot::figure {

struct TestedRow {
    std::int32_t platform = 0;
    std::int32_t module = 0;
    std::vector<std::int32_t> with{};
    double runtime_us =
        0.0;  ///< the mean of its runs; of those that the model has kept, the one that it calibrates with
    double predicted_us = 0.0;
    double bound_us = 0.0;   ///< NaN where there is none
    bool set_aside = false;  ///< it calibrates bounds
};

/// Of `runs` (or none) the combinations that the model knows by name and did not learn from; where those that were set
/// aside to calibrate bounds are not among them, these too, as far as the model has kept them.
[[nodiscard]] Result<std::vector<TestedRow>> tested_rows(const Predictor& predictor, const Dataset* runs,
                                                         double confidence);

}  // namespace pitot::figure
