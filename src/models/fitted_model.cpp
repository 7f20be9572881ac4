#include "models/fitted_model.hpp"

namespace pitot::models {
namespace {

Failure only_kernel(const char* what) {
    return fail(ErrorCode::kInput, std::string("models of this family cannot ") + what +
                                       ": fit one of the family kernel (preset kernel or kernel/+embeddings)");
}

}  // namespace

Disagreement FittedModel::disagreement(const Side& /*platforms*/, const Side& /*modules*/) const { return {}; }

Result<std::shared_ptr<const FittedModel>> FittedModel::observe(const NewRuns& /*runs*/, const Side& /*platforms*/,
                                                                const Side& /*modules*/) const {
    return only_kernel("learn from further runs without a new fit");
}

Result<JointPosterior> FittedModel::posterior(std::span<const std::int32_t> /*platform*/,
                                              std::span<const std::int32_t> /*module*/, const Side& /*platforms*/,
                                              const Side& /*modules*/) const {
    return only_kernel("tell what measurements are worth");
}

Result<PairExplanation> FittedModel::explain(std::int32_t /*platform*/, std::int32_t /*module*/, std::int64_t /*most*/,
                                             const Side& /*platforms*/, const Side& /*modules*/) const {
    return only_kernel("tell which measurements an answer comes from");
}

std::optional<WithheldAnswers> FittedModel::answers_left_out() const { return std::nullopt; }

Result<std::optional<HeldOutAnswers>> FittedModel::answers_held_out(const Side& /*platforms*/, const Side& /*modules*/,
                                                                    const Context& /*context*/) const {
    return std::nullopt;
}

}  // namespace pitot::models
