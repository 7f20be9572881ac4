// A model file told in words and in JSON, for `pitot info`.
#pragma once

#include <string>

#include "pitot/predictor.hpp"

namespace pitot::predict {

/// Several lines, each "key: value", ending in a newline.
[[nodiscard]] std::string describe_model(const Predictor& predictor);

/// The same as one JSON object, indented, with names and the whole configuration.
[[nodiscard]] std::string describe_model_json(const Predictor& predictor);

}  // namespace pitot::predict
