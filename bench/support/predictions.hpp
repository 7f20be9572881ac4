// How many predictions a second a predictor gives.
#pragma once

#include "pitot/predictor.hpp"
#include "pitot/result.hpp"

namespace pitot::bench {

/// Predictions with one bound a second, on one thread, of random pairs asked for many at a time, measured for about
/// `seconds`. Errors: kInput when the calibration rows are too few for a 90 % bound.
[[nodiscard]] Result<double> predictions_a_second(const Predictor& predictor, double seconds);

}  // namespace pitot::bench
