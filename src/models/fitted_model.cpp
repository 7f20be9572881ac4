#include "models/fitted_model.hpp"

namespace pitot::models {

Disagreement FittedModel::disagreement(const Side& /*platforms*/, const Side& /*modules*/) const { return {}; }

}  // namespace pitot::models
