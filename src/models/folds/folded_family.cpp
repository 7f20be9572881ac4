#include "models/folds/folded_family.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/core.h>

#include "models/folds/answer_limits.hpp"
#include "models/folds/folded_model.hpp"
#include "models/folds/step_program.hpp"
#include "models/folds/untrained_rows.hpp"
#include "models/row_basis.hpp"
#include "models/scaling/scaling_family.hpp"
#include "pitot/remedy.hpp"

namespace pitot::models {
namespace {

bool finite(const std::vector<float>& values) {
    return std::ranges::all_of(values, [](float v) { return std::isfinite(v); });
}

Result<void> check_converged(const std::vector<train::FoldFit>& folds) {
    for (std::size_t f = 0; f < folds.size(); ++f) {
        const train::FoldFit& fold = folds[f];
        if (!finite(fold.parameters) || !finite(fold.train_loss) || !finite(fold.validation_loss)) {
            return fail(ErrorCode::kInput, fmt::format("training diverged (fold {} has values that are not finite): "
                                                       "lower train.learning_rate",
                                                       f));
        }
    }
    return {};
}

// Rows that training left where they started: those whose basis is not kMeasured, but for modules that an interference
// model knows as co-runners.
void average_untrained(const FitTask& task, const train::ReplicateRows& rows, std::vector<train::FoldFit>& folds) {
    const RowBasis basis = basis_of_rows(task.dataset, task.config, rows);
    bool learns_from_co_runners = false;
    for (std::size_t p = kAlone + 1; p < task.dataset.pools.size() && task.config.model.interference_types > 0; ++p) {
        learns_from_co_runners = learns_from_co_runners || learns_from(task.dataset, task.config, p);
    }
    average_untrained_rows(task.config.model, task.dataset.platforms, task.dataset.modules, basis.platform,
                           learns_from_co_runners ? basis.co_runner : basis.module, folds);
}

// A replicate at work, with the baseline that its program adds to.
struct FoldedTask : train::ReplicateTask {
    LinearScaling scaling;
};

std::shared_ptr<const FoldedTask> start_replicate(const FitTask& task, std::int64_t replicate) {
    auto started = std::make_shared<FoldedTask>();
    started->rows = task.rows(replicate);
    started->scaling = fit_scaling(task, started->rows);
    Model model = build_model(task.config.model, task.dataset.platforms, task.dataset.modules);
    started->program = std::move(model.program);
    if (task.config.model.baseline) {
        started->constants = {{model.platform_baseline, started->scaling.platform},
                              {model.module_baseline, started->scaling.module}};
    }
    return started;
}

}  // namespace

Result<void> FoldedFamily::check(const Dataset& dataset, const FitConfig& config) const {
    const ModelConfig& m = config.model;
    const bool networks = m.family == Family::kNetwork || m.family == Family::kPlatformNetwork;
    const auto missing = [&](const char* side, Remedy remedy) {
        return fail(ErrorCode::kInput,
                    fmt::format("preset '{}' needs {} features and the dataset has none; choose a preset without "
                                "them, such as linear/128, or give a table of them",
                                config.preset, side),
                    remedy);
    };
    if (m.platform_features && dataset.platforms.features.cols() == 0) {
        return missing("platform", Remedy::kPlatformFeatures);
    }
    if ((m.module_features || networks) && dataset.modules.features.cols() == 0) {
        return missing("module", Remedy::kModuleFeatures);
    }
    return check_pools(dataset, config);
}

std::int64_t FoldedFamily::folds(const FitConfig& config) const { return config.train.folds; }

std::optional<std::int64_t> FoldedFamily::steps(const FitConfig& config, double share) const {
    return train::steps_of(config.train, share);
}

Result<void> FoldedFamily::fit(const FitTask& task, const TakeFitted& take) const {
    if (auto ok = check(task.dataset, task.config); !ok) {
        return ok;
    }
    const bool answered = task.untrained == Untrained::kAnswered;
    const auto finish = [&](std::int64_t replicate, const train::ReplicateTask& trained,
                            std::vector<train::FoldFit> folds) -> Result<void> {
        const auto& done = static_cast<const FoldedTask&>(trained);
        FoldedParts parts{task.config.model, done.scaling, std::move(folds), {}};
        if (answered) {
            if (auto ok = check_converged(parts.folds); !ok) {
                return ok;
            }
            average_untrained(task, done.rows, parts.folds);
            parts.limits = learn_limits(task.dataset, task.config, done.rows, parts.baseline);
        }
        auto model = std::make_shared<const FoldedModel>(std::move(parts), task.dataset.platforms, task.dataset.modules,
                                                         kind_, answered);
        return take({replicate, done.rows, done.scaling, std::move(model)});
    };
    return train::train_replicates(
        task.dataset, task.config, task.share, task.replicates, task.context,
        [&](std::int64_t replicate) { return start_replicate(task, replicate); }, finish);
}

Result<std::shared_ptr<const FittedModel>> FoldedFamily::load(const ModelArchive& archive, const FitConfig& config,
                                                              const Side& platforms, const Side& modules) const {
    return load_folded_parts(archive, config, platforms, modules)
        .map([&](FoldedParts&& parts) -> std::shared_ptr<const FittedModel> {
            return std::make_shared<const FoldedModel>(std::move(parts), platforms, modules, kind_);
        });
}

ArrayShapes FoldedFamily::kept_shapes(const FitConfig& config, std::int64_t platforms, std::int64_t modules) const {
    return folded_shapes(config, platforms, modules);
}

}  // namespace pitot::models
