#include "models/folds/disagreement.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "models/folds/fold_model.hpp"

namespace pitot::models {
namespace {

constexpr std::int64_t kMostPairs = 16384;

// Every platform with every so-manieth module, another first one for each.
struct ChosenPairs {
    std::vector<std::int32_t> platform;
    std::vector<std::int32_t> module;
};

ChosenPairs choose_pairs(std::int64_t platforms, std::int64_t modules) {
    const std::int64_t stride = (platforms * modules + kMostPairs - 1) / kMostPairs;
    ChosenPairs pairs;
    for (std::int64_t i = 0; i < platforms; ++i) {
        for (std::int64_t j = i % stride; j < modules; j += stride) {
            pairs.platform.push_back(static_cast<std::int32_t>(i));
            pairs.module.push_back(static_cast<std::int32_t>(j));
        }
    }
    return pairs;
}

// Whether a value is off from the middle one by more than a factor of two, as a runtime.
bool contradict(std::vector<double>& folds, bool logarithm) {
    std::ranges::sort(folds);
    const double middle = folds[folds.size() / 2];
    return logarithm ? std::max(folds.back() - middle, middle - folds.front()) > std::log(2.0)
                     : folds.back() > 2.0 * middle || folds.front() < 0.5 * middle;
}

}  // namespace

Disagreement disagreement_of(const FoldedParts& parts, const Side& platform_side, const Side& module_side) {
    const std::int64_t platforms = platform_side.size();
    const std::int64_t modules = module_side.size();
    if (parts.folds.size() < 3 || platforms > kMostPairs || modules > kMostPairs) {
        return {};
    }
    const ChosenPairs pairs = choose_pairs(platforms, modules);
    std::vector<std::vector<double>> answers;
    for (const train::FoldFit& fold : parts.folds) {
        const FoldModel model(parts.config, platform_side, module_side, parts.baseline, fold.parameters);
        model.predict({pairs.platform, pairs.module, {}, 0}, answers.emplace_back(pairs.platform.size()));
    }
    std::vector<float> platform_count(static_cast<std::size_t>(platforms)), platform_all = platform_count;
    std::vector<float> module_count(static_cast<std::size_t>(modules)), module_all = module_count;
    std::vector<double> folds(answers.size());
    for (std::size_t n = 0; n < pairs.platform.size(); ++n) {
        std::ranges::transform(answers, folds.begin(), [n](const std::vector<double>& y) { return y[n]; });
        const float off = contradict(folds, parts.config.logarithm) ? 1.0F : 0.0F;
        const auto i = static_cast<std::size_t>(pairs.platform[n]);
        const auto j = static_cast<std::size_t>(pairs.module[n]);
        platform_count[i] += off;
        platform_all[i] += 1.0F;
        module_count[j] += off;
        module_all[j] += 1.0F;
    }
    const auto share = [](float count, float all) { return all > 0.0F ? count / all : 0.0F; };
    std::ranges::transform(platform_count, platform_all, platform_count.begin(), share);
    std::ranges::transform(module_count, module_all, module_count.begin(), share);
    return {std::move(platform_count), std::move(module_count)};
}

}  // namespace pitot::models
