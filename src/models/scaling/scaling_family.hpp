// Linear scaling as a family of models: y = a_i + b_j, every platform a speed and every module a size.
#pragma once

#include "models/model_family.hpp"

namespace pitot::models {

class ScalingFamily final : public ModelFamily {
public:
    [[nodiscard]] Result<void> check(const Dataset& dataset, const FitConfig& config) const override;
    [[nodiscard]] std::int64_t folds(const FitConfig& config) const override;
    [[nodiscard]] std::optional<std::int64_t> steps(const FitConfig& config, double share) const override;
    [[nodiscard]] Result<void> fit(const FitTask& task, const TakeFitted& take) const override;
    [[nodiscard]] Result<std::shared_ptr<const FittedModel>> load(const ModelArchive& archive, const FitConfig& config,
                                                                  const Side& platforms,
                                                                  const Side& modules) const override;
    [[nodiscard]] ArrayShapes kept_shapes(const FitConfig& config, std::int64_t platforms,
                                          std::int64_t modules) const override;
};

/// A model of it.
[[nodiscard]] std::shared_ptr<const FittedModel> make_scaling_model(LinearScaling scaling);

/// kInput if no row ran alone, which every model starts from, or if a pool that the configuration trains on has no
/// rows.
[[nodiscard]] Result<void> check_pools(const Dataset& dataset, const FitConfig& config);

/// Linear scaling on the rows of a task's replicate that are not kept back. Terms of rows without any of them are 0, or
/// those of fill_baseline() where the task wants answers.
[[nodiscard]] LinearScaling fit_scaling(const FitTask& task, const train::ReplicateRows& rows);

/// The same terms with those of appended rows, which are not measured.
[[nodiscard]] LinearScaling extend_scaling(const LinearScaling& scaling, const AppendedRows& rows);

void save_scaling(const LinearScaling& scaling, formats::NpzWriter& npz);
[[nodiscard]] Result<LinearScaling> load_scaling(const ModelArchive& archive, const Side& platforms,
                                                 const Side& modules);

}  // namespace pitot::models
