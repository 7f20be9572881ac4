#include "predict/parts.hpp"

#include <algorithm>

namespace pitot {

std::optional<std::int64_t> PredictorParts::measured_beside_others() const {
    if (measured.size() <= kAlone + 1) {
        return std::nullopt;
    }
    std::int64_t count = 0;
    for (std::size_t p = kAlone + 1; p < measured.size(); ++p) {
        count += measured[p].combinations.size();
    }
    return count;
}

}  // namespace pitot

namespace pitot::predict {

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
    return {parts.config,
            clone_side(parts.platforms),
            clone_side(parts.modules),
            parts.platform_basis,
            parts.module_basis,
            parts.co_runner_basis,
            parts.model,
            parts.pools,
            parts.calibration,
            parts.dataset_digest,
            parts.measured,
            parts.calibrated_co_runners,
            parts.platform_part,
            parts.module_part,
            parts.disagreement,
            parts.platform_runs,
            parts.module_runs};
}

}  // namespace pitot::predict
