#include "models/fitted_model.hpp"

namespace pitot::models {

Disagreement FittedModel::disagreement(const Side& /*platforms*/, const Side& /*modules*/) const { return {}; }

std::optional<WithheldAnswers> FittedModel::answers_without(Withheld /*what*/) const { return std::nullopt; }

}  // namespace pitot::models
