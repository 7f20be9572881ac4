// Families trained by gradient: linear scaling plus what a step program learns, the mean of several folds.
#pragma once

#include "models/model_family.hpp"

namespace pitot::models {

class FoldedFamily final : public ModelFamily {
public:
    /// `kind`: what describe() calls its models.
    explicit FoldedFamily(const char* kind) : kind_(kind) {}

    [[nodiscard]] Result<void> check(const Dataset& dataset, const FitConfig& config) const override;
    [[nodiscard]] std::int64_t folds(const FitConfig& config) const override;
    [[nodiscard]] std::optional<std::int64_t> steps(const FitConfig& config, double share) const override;
    [[nodiscard]] Result<void> fit(const FitTask& task, const TakeFitted& take) const override;
    [[nodiscard]] Result<std::shared_ptr<const FittedModel>> load(const ModelArchive& archive, const FitConfig& config,
                                                                  const Side& platforms,
                                                                  const Side& modules) const override;
    [[nodiscard]] ArrayShapes kept_shapes(const FitConfig& config, std::int64_t platforms,
                                          std::int64_t modules) const override;

private:
    const char* kind_;
};

}  // namespace pitot::models
