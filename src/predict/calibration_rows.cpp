#include "predict/calibration_rows.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

#include "models/scale.hpp"

namespace pitot::predict {
namespace {

using Kind = calibrate::PoolKey::Kind;

// Co-runners descending, without -1.
std::vector<std::int32_t> set_of(std::span<const std::int32_t> co_runners) {
    std::vector<std::int32_t> beside;
    std::ranges::copy_if(co_runners, std::back_inserter(beside), [](std::int32_t k) { return k >= 0; });
    std::ranges::sort(beside, std::greater<>());
    return beside;
}

// What a model says of rows that calibrate.
calibrate::ScoredRows answered_anew(const models::FittedModel& model, const CalibrationRows& rows) {
    calibrate::ScoredRows scored{rows.platform, rows.module, {}, {}, {}, {}};
    for (std::size_t n = 0; n < rows.target.size(); ++n) {
        const auto count = std::ranges::count_if(rows.beside(n), [](std::int32_t k) { return k >= 0; });
        scored.co_runners.push_back(static_cast<std::int32_t>(count));
    }
    scored.predicted.resize(rows.target.size());
    scored.deviation.resize(rows.target.size());
    scored.residual.resize(rows.target.size());
    std::unique_ptr<models::ModelScratch> scratch;
    model.predict({rows.platform, rows.module, rows.co_runner, rows.width}, {scored.predicted, scored.deviation},
                  scratch);
    std::ranges::transform(rows.target, scored.predicted, scored.residual.begin(), std::minus<>());
    return scored;
}

// Gives a pool the scores of its rows: all of a pool of the dataset, those of its group or with its number of
// co-runners.
void fill(calibrate::ScorePool& pool, std::size_t pools, const calibrate::ScoredRows& rows,
          const calibrate::ScoreScale& scale, const calibrate::Grouping& grouping) {
    const auto number = pool.key.kind == Kind::kCount ? pools - 1 : static_cast<std::size_t>(pool.key.a);
    pool.scores.clear();
    for (std::size_t n = 0; n < rows.size(); ++n) {
        const bool own = pool.key.kind == Kind::kGroup   ? grouping(rows.platform[n], rows.predicted[n]) == pool.key.b
                         : pool.key.kind == Kind::kCount ? rows.co_runners[n] == pool.key.a
                                                         : true;
        if (own && calibrate::pool_beside(rows.co_runners[n], pools) == number) {
            pool.scores.push_back(rows.score(scale, n));
        }
    }
    pool.units = std::ssize(pool.scores);
}

// Whether the rows are all that a pool's scores are of.
bool made_of(const CalibrationRows& rows, const calibrate::ScorePool& pool) {
    const bool kind = pool.key.kind == Kind::kDataset || pool.key.kind == Kind::kGroup || pool.key.kind == Kind::kCount;
    const bool alone = pool.key.kind != Kind::kCount && pool.key.a == static_cast<std::int32_t>(kAlone);
    return kind && pool.source == calibrate::ScoreSource::kSetAside && (alone || rows.width > 0);
}

}  // namespace

Combination combination(std::int32_t platform, std::int32_t module, std::span<const std::int32_t> co_runners) {
    return {platform, module, set_of(co_runners)};
}

CalibrationRows calibration_rows_of(const PredictorParts& parts, const Dataset& dataset,
                                    const train::ReplicateRows& rows) {
    const models::Scale scale(parts.config.model);
    CalibrationRows kept{.known = true};
    for (std::size_t p = 0; p < rows.pools.size(); ++p) {
        if (!rows.pools[p].calibration.empty()) {
            kept.width = std::max(kept.width, dataset.pool(p).width);
        }
    }
    for (std::size_t p = 0; p < rows.pools.size(); ++p) {
        const ObservationView table = dataset.pool(p);
        const auto width = static_cast<std::size_t>(table.width);
        for (const std::int64_t n : rows.pools[p].calibration) {
            const auto row = static_cast<std::size_t>(n);
            const auto with = table.co_runner.subspan(row * width, width);
            if (pair_basis(parts, table.platform[row], table.module[row], with) == Basis::kMeasured) {
                const std::vector<std::int32_t> beside = set_of(with);
                kept.platform.push_back(table.platform[row]);
                kept.module.push_back(table.module[row]);
                kept.target.push_back(scale.target(table.runtime_us[row]));
                kept.co_runner.insert(kept.co_runner.end(), beside.begin(), beside.end());
                kept.co_runner.resize(kept.target.size() * static_cast<std::size_t>(kept.width), -1);
            }
        }
    }
    return kept;
}

std::int64_t drop_calibration_rows(const std::set<Combination>& learned, CalibrationRows& rows) {
    std::set<Combination> dropped;
    CalibrationRows kept{.known = rows.known, .width = rows.width};
    for (std::size_t n = 0; n < rows.target.size(); ++n) {
        Combination of = combination(rows.platform[n], rows.module[n], rows.beside(n));
        if (learned.contains(of)) {
            dropped.insert(std::move(of));
            continue;
        }
        kept.platform.push_back(rows.platform[n]);
        kept.module.push_back(rows.module[n]);
        kept.target.push_back(rows.target[n]);
        const auto beside = rows.beside(n);
        kept.co_runner.insert(kept.co_runner.end(), beside.begin(), beside.end());
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
        if (!made_of(rows, pool)) {
            return false;
        }
        fill(pool, parts.calibration.pools(), scored, parts.calibration.scale(), made.grouping);
        return pool.key.kind != Kind::kDataset && pool.scores.empty();
    });
    for (const calibrate::ScorePool& pool : made.pools) {
        if (!std::ranges::all_of(pool.scores, [](double score) { return std::isfinite(score); })) {
            return fail(ErrorCode::kInput,
                        "the model's answers for the rows that calibrate its bounds are not finite: fit it again");
        }
    }
    parts.calibration = calibrate::Calibration(std::move(made));
    if (rows.width > 0) {  // else those beside others are not known, or there never were any
        parts.calibrated_co_runners = scored.co_runners.empty() ? 0 : std::ranges::max(scored.co_runners);
    }
    return true;
}

}  // namespace pitot::predict
