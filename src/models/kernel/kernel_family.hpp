// Gaussian processes on the platform × module grid as a family of models: two passes, hyper-parameters by marginal
// likelihood (docs/method.md).
#pragma once

#include <span>

#include "models/kernel/machine.hpp"
#include "models/model_family.hpp"

namespace pitot::models {

/// Learns from rows alone and, where its configuration has it learn from them, from rows beside others.
class KernelFamily final : public ModelFamily {
public:
    /// kInput also where the grid has more pairs or a side more rows than its dense tables are meant for.
    [[nodiscard]] Result<void> check(const Dataset& dataset, const FitConfig& config) const override;
    [[nodiscard]] std::int64_t folds(const FitConfig& config) const override;
    [[nodiscard]] std::optional<std::int64_t> steps(const FitConfig& config, double share) const override;
    [[nodiscard]] bool learns_on() const override { return true; }
    [[nodiscard]] bool leaves_one_out(const FitConfig& /*config*/) const override { return true; }
    [[nodiscard]] Result<void> fit(const FitTask& task, const TakeFitted& take) const override;
    [[nodiscard]] Result<std::shared_ptr<const FittedModel>> load(const ModelArchive& archive, const FitConfig& config,
                                                                  const Side& platforms,
                                                                  const Side& modules) const override;
    [[nodiscard]] ArrayShapes kept_shapes(const FitConfig& config, std::int64_t platforms,
                                          std::int64_t modules) const override;
};

/// Fits as KernelFamily::fit() does, on these machines, each of which takes the next replicate when it is free. The
/// same to the bit for any number of machines of one kind.
[[nodiscard]] Result<void> fit_kernels(const FitTask& task, std::span<const kernel::Machine> machines,
                                       const TakeFitted& take);

}  // namespace pitot::models
