#include "cli/default_config.hpp"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "cli/cli.hpp"
#include "cli/output.hpp"
#include "pitot/fit.hpp"

namespace pitot::cli {
namespace {

std::string reason(const Dataset& dataset) {
    std::string text;
    if (dataset.alone.size() <= dataset.platforms.size() + dataset.modules.size()) {
        return fmt::format("{} runtimes alone tell no more of {} platforms and {} modules than speeds and sizes",
                           format_count(dataset.alone.size()), format_count(dataset.platforms.size()),
                           format_count(dataset.modules.size()));
    }
    if (dataset.together.size() > 0) {
        text = fmt::format("{} rows have co-runners", format_count(dataset.together.size()));
    }
    const bool platforms = dataset.platforms.features.cols() > 0;
    const bool modules = dataset.modules.features.cols() > 0;
    if (!platforms || !modules) {
        text += text.empty() ? "" : " and ";
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
    if (options.preset.empty() && config->preset == fallback.preset && fallback.preset != "embedding/128") {
        note(fmt::format("using preset {}, because {}; --preset chooses another", fallback.preset, reason(dataset)));
    }
    const std::int64_t used = config->train.together_rows;
    if (used > 0 && used < dataset.together.size()) {
        note(
            fmt::format("preset {} uses the first {} of {} rows with co-runners, as published; "
                        "--set train.together_rows=0 uses all",
                        config->preset, format_count(used), format_count(dataset.together.size())));
    }
    return config;
}

}  // namespace pitot::cli
