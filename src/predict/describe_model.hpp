// A model file told in words and in JSON, for `pitot info`.
#pragma once

#include <cstddef>
#include <string>

#include "pitot/predictor.hpp"

namespace pitot::predict {

/// Several lines, each "key: value" but for the names of platforms and modules, ending in a newline. Of names the first
/// `most_names` of each side.
[[nodiscard]] std::string describe_model(const Predictor& predictor, std::size_t most_names);

/// The same as one JSON object, indented, with names and the whole configuration.
[[nodiscard]] std::string describe_model_json(const Predictor& predictor);

}  // namespace pitot::predict
