#include "predict/parts.hpp"

#include <algorithm>
#include <numeric>

namespace pitot {

std::optional<std::int64_t> PairSet::find(std::int32_t platform, std::int32_t module) const {
    const auto at = static_cast<std::size_t>(platform);
    if (platform < 0 || at + 1 >= offsets.size()) {
        return std::nullopt;
    }
    const auto last = modules.begin() + offsets[at + 1];
    const auto found = std::lower_bound(modules.begin() + offsets[at], last, module);
    return found != last && *found == module ? std::optional(found - modules.begin()) : std::nullopt;
}

PairSet make_pair_set(const ObservationView& observations, std::int64_t platforms) {
    PairSet set;
    set.offsets.assign(static_cast<std::size_t>(platforms) + 1, 0);
    for (const std::int32_t platform : observations.platform) {
        ++set.offsets[static_cast<std::size_t>(platform) + 1];
    }
    std::partial_sum(set.offsets.begin(), set.offsets.end(), set.offsets.begin());
    // Modules by platform first, then each platform's sorted and moved up to where those before it end now.
    set.modules.resize(observations.module.size());
    std::vector<std::int64_t> next(set.offsets.begin(), set.offsets.end() - 1);
    for (std::size_t i = 0; i < observations.platform.size(); ++i) {
        const auto place = next[static_cast<std::size_t>(observations.platform[i])]++;
        set.modules[static_cast<std::size_t>(place)] = observations.module[i];
    }
    auto end = set.modules.begin();
    for (std::size_t i = 0; i + 1 < set.offsets.size(); ++i) {
        const auto first = set.modules.begin() + set.offsets[i];
        const auto last = set.modules.begin() + set.offsets[i + 1];
        std::sort(first, last);
        set.offsets[i] = end - set.modules.begin();
        end = std::move(first, std::unique(first, last), end);
    }
    set.offsets.back() = end - set.modules.begin();
    set.modules.erase(end, set.modules.end());
    return set;
}

Basis pair_basis(const PredictorParts& parts, std::int32_t platform, std::int32_t module,
                 std::span<const std::int32_t> co_runners) {
    const auto i = static_cast<std::size_t>(platform);
    const auto j = static_cast<std::size_t>(module);
    Basis weakest = std::max(parts.platform_basis[i], parts.module_basis[j]);
    for (const std::int32_t k : co_runners) {
        if (k >= 0) {
            weakest = std::max(weakest, parts.co_runner_basis[static_cast<std::size_t>(k)]);
        }
    }
    const bool apart = !parts.platform_part.empty() && parts.platform_part[i] != parts.module_part[j];
    return weakest == Basis::kMeasured && apart ? Basis::kApart : weakest;
}

Side clone_side(const Side& side) { return {side.names, side.feature_names, side.features.clone()}; }

PredictorParts clone_parts(const PredictorParts& parts) {
    return {parts.config,         clone_side(parts.platforms), clone_side(parts.modules),
            parts.platform_basis, parts.module_basis,          parts.co_runner_basis,
            parts.model,          parts.calibration,           parts.dataset_digest,
            parts.measured,       parts.measured_together,     parts.calibrated_co_runners,
            parts.measured_use,   parts.together_use,          parts.platform_part,
            parts.module_part,    parts.disagreement};
}

}  // namespace pitot
