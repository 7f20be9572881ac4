#include "cli/default_config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "cli/cli.hpp"
#include "cli/output.hpp"
#include "pitot/fit.hpp"

namespace pitot::cli {
namespace {

std::string reason(const Dataset& dataset, const FitConfig& chosen) {
    std::string text;
    if (chosen.preset == "baseline/linear_scaling") {
        return fmt::format("runtimes of so few pairs tell no more of {} and {} than speeds and sizes",
                           format_count(dataset.platforms.size(), "platform"),
                           format_count(dataset.modules.size(), "module"));
    }
    const std::int64_t beside = dataset.rows_beside_others();
    if (std::max(dataset.platforms.size(), dataset.modules.size()) > kMostKernelRows) {
        text =
            fmt::format("preset kernel takes {} platforms and as many modules at most", format_count(kMostKernelRows));
    } else if (beside > kMostKernelBeside) {
        text = fmt::format("{} rows beside others take preset kernel too long", format_count(beside));
    } else if (beside > 0 &&
               dataset.platforms.size() * dataset.modules.size() * dataset.modules.size() > kMostKernelTriples) {
        text = "platforms and modules beside one another are too many for preset kernel";
    } else {
        text =
            fmt::format("more than {} combinations take preset kernel too long", format_count(kMostKernelCombinations));
    }
    const bool platforms = dataset.platforms.features.cols() > 0;
    const bool modules = dataset.modules.features.cols() > 0;
    if (!platforms || !modules) {
        text += " and ";
        text += platforms ? "modules have no features"
                : modules ? "platforms have no features"
                          : "neither side has features";
    }
    return text;
}

}  // namespace

Result<FitConfig> resolve_config(const ConfigOptions& options, const Dataset& dataset) {
    const FitConfig fallback = default_config(dataset);
    Result<FitConfig> config = options.resolve(fallback);
    if (!config) {
        return config;
    }
    if (options.preset.empty() && config->preset == fallback.preset && fallback.preset != "kernel") {
        note(fmt::format("using preset {}, because {}; --preset chooses another", fallback.preset,
                         reason(dataset, fallback)));
    }
    if (config->model.family == Family::kKernel && (options.folds || options.checkpoints || options.epoch_samples)) {
        note(
            fmt::format("preset {} is not trained in folds and checkpoints: --folds, --checkpoints and "
                        "--epoch-samples do nothing to it; --preset embedding/128 is",
                        config->preset));
    }
    for (const Pool& pool : dataset.pools) {
        const PoolObjective* objective = config->train.find_objective(pool.name);
        if (objective != nullptr && objective->rows > 0 && objective->rows < pool.rows) {
            note(fmt::format(
                "preset {} uses the first {} of {} rows {}, as published; --set train.objectives.{}.rows=0 uses all",
                config->preset, format_count(objective->rows), format_count(pool.rows),
                pool.name == "together" ? "with co-runners" : pool.name, pool.name));
        }
    }
    return config;
}

}  // namespace pitot::cli
