// A fitted model of folds.
#pragma once

#include <optional>
#include <vector>

#include "models/fitted_model.hpp"
#include "models/folds/fold_model.hpp"
#include "models/folds/folded_parts.hpp"
#include "models/folds/pair_answers.hpp"
#include "models/model_family.hpp"

namespace pitot::models {

class FoldedModel final : public FittedModel {
public:
    /// `kind`: what describe() calls it, a literal. Only one that is `ready` can predict: preparing answers takes its
    /// time, which one that is kept alone does not need.
    FoldedModel(FoldedParts parts, const Side& platforms, const Side& modules, const char* kind, bool ready = true);

    void predict(const PairQuery& query, const Answer& answer, std::unique_ptr<ModelScratch>& scratch) const override;
    [[nodiscard]] Result<std::shared_ptr<const FittedModel>> with_rows(const AppendedRows& rows) const override;
    [[nodiscard]] bool tells_co_runners() const override { return parts_.config.interference_types > 0; }
    [[nodiscard]] ModelFacts describe() const override;
    [[nodiscard]] Disagreement disagreement(const Side& platforms, const Side& modules) const override;
    void save(formats::NpzWriter& npz) const override;
    [[nodiscard]] Result<void> keep(const Dataset& dataset, const train::ReplicateRows& rows, int threads,
                                    const KeepArray& put) const override;

    [[nodiscard]] const FoldedParts& parts() const { return parts_; }

private:
    [[nodiscard]] Result<void> keep_losses(const KeepArray& put) const;

    FoldedParts parts_;
    std::vector<ParameterInfo> layout_;
    const char* kind_;
    std::optional<PairAnswers> answers_;
};

/// The parts of a model that FoldedModel::save() wrote.
[[nodiscard]] Result<FoldedParts> load_folded_parts(const ModelArchive& archive, const FitConfig& config,
                                                    const Side& platforms, const Side& modules);

/// Shapes of the arrays of one replicate, see ModelFamily::kept_shapes().
[[nodiscard]] ArrayShapes folded_shapes(const FitConfig& config, std::int64_t platforms, std::int64_t modules);

}  // namespace pitot::models
