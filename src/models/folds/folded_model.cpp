#include "models/folds/folded_model.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <fmt/core.h>

#include "core/check.hpp"
#include "models/folds/disagreement.hpp"
#include "models/scaling/scaling_family.hpp"

namespace pitot::models {
namespace {

bool has(const std::vector<train::FoldFit>& folds, std::vector<float> train::FoldFit::*member) {
    return std::ranges::none_of(folds, [&](const train::FoldFit& fold) { return (fold.*member).empty(); });
}

// Mean over folds of a loss at the checkpoint that was kept; nothing without losses.
std::optional<double> mean_kept(const std::vector<train::FoldFit>& folds, std::vector<float> train::FoldFit::*member) {
    if (folds.empty() || !has(folds, member)) {
        return std::nullopt;
    }
    double sum = 0.0;
    for (const train::FoldFit& fold : folds) {
        const std::vector<float>& losses = fold.*member;
        const auto kept = std::min(static_cast<std::size_t>(fold.kept_checkpoint), losses.size() - 1);
        sum += static_cast<double>(losses[kept]);
    }
    return sum / static_cast<double>(folds.size());
}

}  // namespace

FoldedModel::FoldedModel(FoldedParts parts, const Side& platforms, const Side& modules, const char* kind, bool ready)
    : parts_(std::move(parts)), layout_(parameter_layout(parts_.config, platforms, modules)), kind_(kind) {
    PITOT_CHECK(!parts_.folds.empty());
    if (ready) {
        answers_.emplace(parts_, platforms, modules);
    }
}

void FoldedModel::predict(const PairQuery& query, const Answer& answer, std::unique_ptr<ModelScratch>& scratch) const {
    PITOT_CHECK(answers_.has_value());
    answers_->predict(query, answer.mean, scratch);
    std::ranges::fill(answer.deviation, std::numeric_limits<double>::quiet_NaN());
}

Result<std::shared_ptr<const FittedModel>> FoldedModel::with_rows(const AppendedRows& rows) const {
    FoldedParts more = parts_;
    for (train::FoldFit& fold : more.folds) {
        auto parameters =
            extend_parameters(parts_.config, layout_, rows.new_platforms, rows.new_modules, fold.parameters);
        if (!parameters) {
            return Failure(parameters.error());
        }
        fold.parameters = std::move(*parameters);
    }
    more.baseline = extend_scaling(parts_.baseline, rows);
    return std::make_shared<const FoldedModel>(std::move(more), rows.platforms, rows.modules, kind_);
}

ModelFacts FoldedModel::describe() const {
    ModelFacts facts;
    facts.kind = kind_;
    facts.folds = std::ssize(parts_.folds);
    facts.parameters = std::ssize(parts_.baseline.platform) + std::ssize(parts_.baseline.module);
    for (const train::FoldFit& fold : parts_.folds) {
        facts.parameters += std::ssize(fold.parameters);
    }
    facts.co_runners = parts_.config.interference_types > 0
                           ? fmt::format("{} types of interference", parts_.config.interference_types)
                           : "ignored";
    facts.training_loss = mean_kept(parts_.folds, &train::FoldFit::train_loss);
    facts.validation_loss = mean_kept(parts_.folds, &train::FoldFit::validation_loss);
    return facts;
}

Disagreement FoldedModel::disagreement(const Side& platforms, const Side& modules) const {
    return disagreement_of(parts_, platforms, modules);
}

}  // namespace pitot::models
