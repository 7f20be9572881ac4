#include "predict/calibration_rows.hpp"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "models/scale.hpp"

namespace pitot::predict {

CalibrationRows calibration_rows_of(const PredictorParts& parts, const Dataset& dataset,
                                    const train::ReplicateRows& rows) {
    const models::Scale scale(parts.config.model);
    const ObservationView alone = dataset.pool(kAlone);
    CalibrationRows kept{.known = true};
    for (const std::int64_t n : rows.pools[kAlone].calibration) {
        const auto row = static_cast<std::size_t>(n);
        if (pair_basis(parts, alone.platform[row], alone.module[row], {}) == Basis::kMeasured) {
            kept.platform.push_back(alone.platform[row]);
            kept.module.push_back(alone.module[row]);
            kept.target.push_back(scale.target(alone.runtime_us[row]));
        }
    }
    return kept;
}

std::int64_t drop_calibration_rows(std::span<const std::int32_t> platform, std::span<const std::int32_t> module,
                                   CalibrationRows& rows) {
    std::set<std::pair<std::int32_t, std::int32_t>> learned;
    for (std::size_t n = 0; n < platform.size(); ++n) {
        learned.emplace(platform[n], module[n]);
    }
    std::set<std::pair<std::int32_t, std::int32_t>> dropped;
    CalibrationRows kept{.known = rows.known};
    for (std::size_t n = 0; n < rows.target.size(); ++n) {
        const std::pair pair(rows.platform[n], rows.module[n]);
        if (learned.contains(pair)) {
            dropped.insert(pair);
            continue;
        }
        kept.platform.push_back(pair.first);
        kept.module.push_back(pair.second);
        kept.target.push_back(rows.target[n]);
    }
    rows = std::move(kept);
    return std::ssize(dropped);
}

bool recalibrate(PredictorParts& parts) {
    const CalibrationRows& rows = parts.calibration_rows;
    if (!rows.known) {
        return false;
    }
    std::vector<double> residual(rows.target.size());
    std::unique_ptr<models::ModelScratch> scratch;
    parts.model->predict({rows.platform, rows.module, {}, 0}, {residual}, scratch);
    std::ranges::transform(rows.target, residual, residual.begin(), std::minus<>());
    std::vector<std::vector<double>> pools;
    for (std::size_t p = 0; p < parts.calibration.pools(); ++p) {
        const auto old = parts.calibration.residuals(p);
        pools.emplace_back(old.begin(), old.end());
    }
    pools[kAlone] = std::move(residual);
    parts.calibration = calibrate::Calibration(std::move(pools));
    return true;
}

}  // namespace pitot::predict
