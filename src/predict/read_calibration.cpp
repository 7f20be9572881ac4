#include "predict/read_calibration.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "predict/predictor_file.hpp"

namespace pitot::predict {
namespace {

using namespace model_file;
using calibrate::CalibrationParts;
using calibrate::PoolKey;
using calibrate::ScoreKind;
using calibrate::ScorePool;
using calibrate::ScoreSource;

// Whether a key of a pool beside the dataset's can be.
bool valid(const PoolKey& key, std::int64_t dataset_pools, std::int64_t groups) {
    switch (key.kind) {
        case PoolKey::Kind::kDataset:
            return false;
        case PoolKey::Kind::kCount:
            return key.a >= 1 && key.a <= 3 && key.b == 0;
        case PoolKey::Kind::kNew:
            return key.a >= 1 && key.a <= 3 && (key.b == 0 || key.b == 1);
        case PoolKey::Kind::kGroup:
            return key.a >= 0 && key.a < dataset_pools && key.b >= 0 && key.b < groups;
        case PoolKey::Kind::kLeaveOneOut:
            return key.a >= 0 && key.a < dataset_pools && key.b == 0;
    }
    return false;
}

Result<void> read_scale(const models::ModelArchive& archive, const PredictorParts& parts, CalibrationParts& into) {
    if (!archive.contains(kScore)) {
        return {};  // residuals
    }
    PITOT_TRY(const auto kind, archive.read<std::uint8_t>(kScore, {}));
    if (kind.front() > static_cast<std::uint8_t>(ScoreKind::kStandardised)) {
        return archive.broken(kScore, fmt::format("has the unknown value {}", kind.front()));
    }
    into.scale.kind = static_cast<ScoreKind>(kind.front());
    const auto read_factors = [&](const char* name, std::int64_t rows, std::vector<double>& factors) -> Result<void> {
        PITOT_TRY(auto values, archive.read<double>(name, {-1}));
        if (!values.empty() && rows >= 0 && std::ssize(values) > rows) {
            return archive.broken(name, fmt::format("has {} factors for {} rows", values.size(), rows));
        }
        if (!std::ranges::all_of(values, [](double f) { return f > 0.0; })) {
            return archive.broken(name, "has a factor that is not positive");
        }
        factors = std::move(values);
        return {};
    };
    auto ok = read_factors(kScorePlatform, parts.platforms.size(), into.scale.platform)
                  .and_then([&] { return read_factors(kScoreModule, parts.modules.size(), into.scale.module); })
                  .and_then([&] { return read_factors(kScoreRuntime, -1, into.scale.runtime); });
    if (!ok) {
        return ok;
    }
    PITOT_TRY(auto knots, archive.read<double>(kScoreKnots, {std::ssize(into.scale.runtime)}));
    if (std::ranges::adjacent_find(knots, [](double a, double b) { return !(a < b); }) != knots.end()) {
        return archive.broken(kScoreKnots, "does not ascend");
    }
    into.scale.knots = std::move(knots);
    if (archive.contains(kScoreWidest)) {
        PITOT_TRY(const auto widest, archive.read<double>(kScoreWidest, {}));
        if (!std::isfinite(widest.front()) || !(widest.front() > 0.0)) {
            return archive.broken(kScoreWidest, "is not above 0");
        }
        into.scale.widest_deviation = widest.front();
    }
    return {};
}

Result<void> read_choice(const models::ModelArchive& archive, CalibrationParts& into) {
    if (!archive.contains(kScoreChoice)) {
        return {};
    }
    PITOT_TRY(const auto values, archive.read<double>(kScoreChoice, {3}));
    into.choice = calibrate::ScaleChoice{into.scale, values[1], values[2], static_cast<std::int64_t>(values[0])};
    return {};
}

Result<void> read_grouping(const models::ModelArchive& archive, const PredictorParts& parts, CalibrationParts& into) {
    if (!archive.contains(kGroupOfPlatform)) {
        return {};
    }
    PITOT_TRY(auto groups, archive.read<std::int32_t>(kGroupOfPlatform, {-1}));
    PITOT_TRY(auto edges, archive.read<double>(kGroupEdges, {-1}));
    if (std::ssize(groups) > parts.platforms.size() ||
        std::ranges::any_of(groups, [&](std::int32_t g) { return g < -1 || g >= parts.platforms.size(); })) {
        return archive.broken(kGroupOfPlatform, "has a group that cannot be");
    }
    if (!std::ranges::is_sorted(edges)) {
        return archive.broken(kGroupEdges, "does not ascend");
    }
    into.grouping = {std::move(groups), std::move(edges)};
    return {};
}

Result<void> read_more_pools(const models::ModelArchive& archive, std::int64_t dataset_pools, CalibrationParts& into) {
    if (!archive.contains(kMorePools)) {
        return {};
    }
    PITOT_TRY(auto names, archive.strings(kMorePools));
    const std::int64_t count = std::ssize(names);
    PITOT_TRY(const auto keys, archive.read<std::int32_t>(kMoreKeys, {count, 3}));
    PITOT_TRY(const auto units, archive.read<std::int64_t>(kMoreUnits, {count}));
    PITOT_TRY(const auto offsets, archive.read<std::int64_t>(kMoreOffsets, {count + 1}));
    PITOT_TRY(const auto scores, archive.read<double>(kMoreScores, {-1}));
    if (offsets.front() != 0 || offsets.back() != std::ssize(scores) || !std::ranges::is_sorted(offsets)) {
        return archive.broken(kMoreOffsets, fmt::format("does not ascend from 0 to the size of '{}'", kMoreScores));
    }
    const std::int64_t groups =
        std::max<std::int64_t>(std::ssize(into.grouping.edges) + 1, std::ssize(into.grouping.platform_group));
    for (std::size_t p = 0; p < names.size(); ++p) {
        const PoolKey key{static_cast<PoolKey::Kind>(keys[3 * p]), keys[3 * p + 1], keys[3 * p + 2]};
        const bool known = keys[3 * p] >= 0 && keys[3 * p] <= static_cast<std::int32_t>(PoolKey::Kind::kLeaveOneOut);
        if (!known || !valid(key, dataset_pools, groups) ||
            std::ranges::find(into.pools, key, &ScorePool::key) != into.pools.end()) {
            return archive.broken(kMoreKeys, fmt::format("has a pool that cannot be at place {}", p));
        }
        if (units[p] < 0) {
            return archive.broken(kMoreUnits, "has a negative value");
        }
        into.pools.push_back({key, std::move(names[p]),
                              std::vector<double>(scores.begin() + offsets[p], scores.begin() + offsets[p + 1]),
                              units[p]});
    }
    return {};
}

Result<void> read_sources(const models::ModelArchive& archive, CalibrationParts& into) {
    if (!archive.contains(kSources)) {
        return {};  // all set aside
    }
    PITOT_TRY(const auto sources, archive.read<std::uint8_t>(kSources, {std::ssize(into.pools)}));
    for (std::size_t p = 0; p < sources.size(); ++p) {
        if (sources[p] > static_cast<std::uint8_t>(ScoreSource::kHeldOut)) {
            return archive.broken(kSources, fmt::format("has the unknown value {}", sources[p]));
        }
        into.pools[p].source = static_cast<ScoreSource>(sources[p]);
    }
    return {};
}

}  // namespace

Result<void> read_calibration(const models::ModelArchive& archive, PredictorParts& parts) {
    CalibrationParts made;
    for (std::size_t p = 0; p < parts.pools.size(); ++p) {
        PITOT_TRY(auto scores, archive.read<double>("calibration_" + array_name(parts.pools, p), {-1}));
        const std::int64_t units = std::ssize(scores);
        made.pools.push_back({{PoolKey::Kind::kDataset, static_cast<std::int32_t>(p), 0},
                              pool_name(parts.pools, p),
                              std::move(scores),
                              units});
    }
    const std::int64_t own = std::ssize(made.pools);
    auto ok = read_scale(archive, parts, made)
                  .and_then([&] { return read_choice(archive, made); })
                  .and_then([&] { return read_grouping(archive, parts, made); })
                  .and_then([&] { return read_more_pools(archive, own, made); })
                  .and_then([&] { return read_sources(archive, made); });
    if (!ok) {
        return ok;
    }
    parts.calibration = calibrate::Calibration(std::move(made));
    return {};
}

}  // namespace pitot::predict
