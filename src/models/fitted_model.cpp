#include "models/fitted_model.hpp"

namespace pitot::models {

Disagreement FittedModel::disagreement(const Side& /*platforms*/, const Side& /*modules*/) const { return {}; }

std::optional<WithheldAnswers> FittedModel::answers_left_out() const { return std::nullopt; }

Result<std::optional<HeldOutAnswers>> FittedModel::answers_held_out(const Side& /*platforms*/, const Side& /*modules*/,
                                                                    const Context& /*context*/) const {
    return std::nullopt;
}

}  // namespace pitot::models
