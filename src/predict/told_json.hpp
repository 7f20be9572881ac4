// What observing, advising and explaining tell, as JSON.
#pragma once

#include <cstdint>

#include <nlohmann/json_fwd.hpp>

#include "pitot/advise.hpp"
#include "pitot/explain.hpp"
#include "pitot/observe.hpp"
#include "pitot/predictor.hpp"

namespace pitot::predict {

/// `calibration_rows`: those that bounds alone rest on, after it.
[[nodiscard]] nlohmann::ordered_json to_json(const Observation& told, std::int64_t calibration_rows);

[[nodiscard]] nlohmann::ordered_json to_json(const Predictor& predictor, const Advice& advice, bool by_seconds);

/// `bound_us`: the bound of 90 %; NaN, which becomes null, for none.
[[nodiscard]] nlohmann::ordered_json to_json(const Predictor& predictor, std::int32_t platform, std::int32_t module,
                                             const PairExplanation& told, double bound_us);

}  // namespace pitot::predict
