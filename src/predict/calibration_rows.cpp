#include "predict/calibration_rows.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "models/scale.hpp"

namespace pitot::predict {
namespace {

constexpr calibrate::PoolKey kAlonePool{calibrate::PoolKey::Kind::kDataset, static_cast<std::int32_t>(kAlone), 0};

// What a model says of rows that calibrate.
calibrate::ScoredRows answered_anew(const models::FittedModel& model, const CalibrationRows& rows) {
    calibrate::ScoredRows scored{rows.platform, rows.module, {}, {}, {}, {}};
    scored.co_runners.resize(rows.target.size(), 0);
    scored.predicted.resize(rows.target.size());
    scored.deviation.resize(rows.target.size());
    scored.residual.resize(rows.target.size());
    std::unique_ptr<models::ModelScratch> scratch;
    model.predict({rows.platform, rows.module, {}, 0}, {scored.predicted, scored.deviation}, scratch);
    std::ranges::transform(rows.target, scored.predicted, scored.residual.begin(), std::minus<>());
    return scored;
}

// Gives a pool the scores of its rows: all, or those of its group.
void fill(calibrate::ScorePool& pool, const calibrate::ScoredRows& rows, const calibrate::ScoreScale& scale,
          const calibrate::Grouping& grouping) {
    const bool group = pool.key.kind == calibrate::PoolKey::Kind::kGroup;
    pool.scores.clear();
    for (std::size_t n = 0; n < rows.size(); ++n) {
        if (!group || grouping(rows.platform[n], rows.predicted[n]) == pool.key.b) {
            pool.scores.push_back(rows.score(scale, n));
        }
    }
    pool.units = std::ssize(pool.scores);
}

}  // namespace

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

Result<bool> recalibrate(PredictorParts& parts) {
    const CalibrationRows& rows = parts.calibration_rows;
    calibrate::CalibrationParts made = parts.calibration.parts();
    if (!rows.known || made.pools.empty() || made.pools[kAlone].source != calibrate::ScoreSource::kSetAside) {
        return false;
    }
    const calibrate::ScoredRows scored = answered_anew(*parts.model, rows);
    std::erase_if(made.pools, [&](calibrate::ScorePool& pool) {
        const bool group = pool.key.kind == calibrate::PoolKey::Kind::kGroup;
        const bool own = group && pool.key.a == kAlone && pool.source == calibrate::ScoreSource::kSetAside;
        if (own || pool.key == kAlonePool) {
            fill(pool, scored, parts.calibration.scale(), made.grouping);
        }
        return own && pool.scores.empty();
    });
    for (const calibrate::ScorePool& pool : made.pools) {
        if (!std::ranges::all_of(pool.scores, [](double score) { return std::isfinite(score); })) {
            return fail(ErrorCode::kInput,
                        "the model's answers for the rows that calibrate its bounds are not finite: fit it again");
        }
    }
    parts.calibration = calibrate::Calibration(std::move(made));
    return true;
}

}  // namespace pitot::predict
