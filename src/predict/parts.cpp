#include "predict/parts.hpp"

#include <algorithm>

namespace pitot {

bool PairSet::contains(std::int32_t platform, std::int32_t module) const {
    const auto at = static_cast<std::size_t>(platform);
    if (at + 1 >= offsets.size()) {
        return false;
    }
    return std::binary_search(modules.begin() + offsets[at], modules.begin() + offsets[at + 1], module);
}

PairSet make_pair_set(const ObservationView& observations, std::int64_t platforms) {
    std::vector<std::vector<std::int32_t>> rows(static_cast<std::size_t>(platforms));
    for (std::size_t i = 0; i < observations.platform.size(); ++i) {
        rows[static_cast<std::size_t>(observations.platform[i])].push_back(observations.module[i]);
    }
    PairSet set;
    set.offsets.push_back(0);
    for (std::vector<std::int32_t>& row : rows) {
        std::ranges::sort(row);
        const auto repeated = std::ranges::unique(row);
        set.modules.insert(set.modules.end(), row.begin(), repeated.begin());
        set.offsets.push_back(static_cast<std::int64_t>(set.modules.size()));
    }
    return set;
}

Side clone_side(const Side& side) { return {side.names, side.feature_names, side.features.clone()}; }

PredictorParts clone_parts(const PredictorParts& parts) {
    return {parts.config,         clone_side(parts.platforms), clone_side(parts.modules),
            parts.platform_basis, parts.module_basis,          parts.baseline,
            parts.folds,          parts.calibration,           parts.dataset_digest,
            parts.measured,       parts.calibrated_co_runners};
}

}  // namespace pitot
