// Writing the model file: one .npz archive. See docs/model-file.md for its members.
#include <algorithm>

#include "dataset/index_layout.hpp"
#include "formats/npz.hpp"
#include "predict/parts.hpp"
#include "predict/predictor_file.hpp"

namespace pitot::predict {
namespace {

using Shape = std::vector<std::int64_t>;
using namespace model_file;

void add_basis(formats::NpzWriter& npz, const std::string& name, const std::vector<Basis>& basis) {
    std::vector<std::uint8_t> numbers;
    numbers.reserve(basis.size());
    for (const Basis b : basis) {
        numbers.push_back(static_cast<std::uint8_t>(b));
    }
    npz.add<std::uint8_t>(name, numbers);
}

void add_side(formats::NpzWriter& npz, const std::string& name, const Side& side, const std::vector<Basis>& basis) {
    npz.add_strings(name, side.names);
    npz.add<double>(name + "_features", side.features.flat(),
                    Shape{side.size(), static_cast<std::int64_t>(side.feature_names.size())});
    npz.add_strings(name + "_feature_names", side.feature_names);
    add_basis(npz, name + "_basis", basis);
}

// Evidence of each of some combinations, as numbers; none of older files.
void add_use(formats::NpzWriter& npz, const std::string& name, const std::vector<Evidence>& use) {
    if (!use.empty()) {
        std::vector<std::uint8_t> numbers(use.size());
        std::ranges::transform(use, numbers.begin(), [](Evidence e) { return static_cast<std::uint8_t>(e); });
        npz.add<std::uint8_t>(name, numbers);
    }
}

// What was measured of a pool.
void add_measured(formats::NpzWriter& npz, std::size_t number, const std::string& prefix, const MeasuredPool& pool) {
    const CombinationSet& set = pool.combinations;
    npz.add<std::int64_t>(prefix + "_offsets", set.offsets);
    npz.add_borrowed<std::int32_t>(prefix + "_modules", set.modules);
    if (number != kAlone) {
        npz.add_borrowed<std::int32_t>(prefix + "_co_runners", set.co_runners, Shape{set.size(), set.width});
    }
    add_use(npz, prefix + "_use", pool.use);
}

void add_parts_apart(formats::NpzWriter& npz, const PredictorParts& parts) {
    if (!parts.platform_part.empty()) {
        npz.add<std::int32_t>("platform_part", parts.platform_part);
        npz.add<std::int32_t>("module_part", parts.module_part);
    }
}

void add_learned_on(formats::NpzWriter& npz, const PredictorParts& parts) {
    if (parts.calibration_rows.known) {
        npz.add<std::int32_t>(kCalibrationPlatform, parts.calibration_rows.platform);
        npz.add<std::int32_t>(kCalibrationModule, parts.calibration_rows.module);
        npz.add<double>(kCalibrationTarget, parts.calibration_rows.target);
        if (parts.calibration_rows.width > 0) {
            npz.add<std::int32_t>(kCalibrationCoRunner, parts.calibration_rows.co_runner,
                                  Shape{std::ssize(parts.calibration_rows.target), parts.calibration_rows.width});
        }
    }
    if (parts.folded_in > 0) {
        npz.add<std::int64_t>(kFoldedIn, std::vector<std::int64_t>{parts.folded_in, parts.fitted_pairs});
    }
}

// What bounds rest on beside plain residuals of the dataset's pools: nothing of a plain calibration.
void add_bounds(formats::NpzWriter& npz, const calibrate::Calibration& calibration) {
    const calibrate::CalibrationParts& parts = calibration.parts();
    const std::size_t own = calibration.pools();
    if (std::ranges::any_of(parts.pools,
                            [](const auto& pool) { return pool.source != calibrate::ScoreSource::kSetAside; })) {
        std::vector<std::uint8_t> sources;
        for (const calibrate::ScorePool& pool : parts.pools) {
            sources.push_back(static_cast<std::uint8_t>(pool.source));
        }
        npz.add<std::uint8_t>(kSources, sources);
    }
    if (!calibration.scale().plain()) {
        npz.add<std::uint8_t>(kScore, std::vector{static_cast<std::uint8_t>(parts.scale.kind)}, Shape{});
        npz.add<double>(kScorePlatform, parts.scale.platform);
        npz.add<double>(kScoreModule, parts.scale.module);
        npz.add<double>(kScoreKnots, parts.scale.knots);
        npz.add<double>(kScoreRuntime, parts.scale.runtime);
        if (parts.scale.widest_deviation > 0.0) {
            npz.add<double>(kScoreWidest, std::vector{parts.scale.widest_deviation}, Shape{});
        }
    }
    if (parts.choice) {
        npz.add<double>(kScoreChoice,
                        std::vector{static_cast<double>(parts.choice->rows), parts.choice->over_provisioning,
                                    parts.choice->residual_over_provisioning});
    }
    if (!parts.grouping.none()) {
        npz.add<std::int32_t>(kGroupOfPlatform, parts.grouping.platform_group);
        npz.add<double>(kGroupEdges, parts.grouping.edges);
    }
    if (parts.pools.size() == own) {
        return;
    }
    std::vector<std::string> names;
    std::vector<std::int32_t> keys;
    std::vector<std::int64_t> units;
    std::vector<std::int64_t> offsets{0};
    std::vector<double> scores;
    for (std::size_t p = own; p < parts.pools.size(); ++p) {
        const calibrate::ScorePool& pool = parts.pools[p];
        names.push_back(pool.name);
        keys.insert(keys.end(), {static_cast<std::int32_t>(pool.key.kind), pool.key.a, pool.key.b});
        units.push_back(pool.units);
        scores.insert(scores.end(), pool.scores.begin(), pool.scores.end());
        offsets.push_back(std::ssize(scores));
    }
    npz.add_strings(kMorePools, names);
    npz.add<std::int32_t>(kMoreKeys, keys, Shape{std::ssize(names), 3});
    npz.add<std::int64_t>(kMoreUnits, units);
    npz.add<std::int64_t>(kMoreOffsets, offsets);
    npz.add<double>(kMoreScores, scores);
}

// All members; what they borrow of `parts` must stay until they are written.
formats::NpzWriter archive_of(const PredictorParts& parts) {
    formats::NpzWriter npz;
    npz.add<std::int64_t>(dataset::kModelSchemaArray, std::vector<std::int64_t>{kModelSchema}, Shape{});
    npz.add_text("config", to_json(parts.config));
    npz.add_text("dataset_digest", parts.dataset_digest);
    add_side(npz, "platform", parts.platforms, parts.platform_basis);
    add_side(npz, "module", parts.modules, parts.module_basis);
    add_basis(npz, kCoRunnerBasis, parts.co_runner_basis);
    parts.model->save(npz);
    if (parts.pools != PredictorParts().pools) {
        npz.add_strings(kPools, parts.pools);
    }
    for (std::size_t p = 0; p < parts.calibration.pools(); ++p) {
        npz.add<double>("calibration_" + array_name(parts.pools, p), parts.calibration.residuals(p));
    }
    add_bounds(npz, parts.calibration);
    if (!parts.platform_runs.empty()) {
        npz.add<std::int64_t>(kPlatformRuns, parts.platform_runs);
        npz.add<std::int64_t>(kModuleRuns, parts.module_runs);
    }
    if (parts.calibrated_co_runners) {
        npz.add<std::int64_t>(kCalibratedCoRunners, std::vector<std::int64_t>{*parts.calibrated_co_runners}, Shape{});
    }
    for (std::size_t p = 0; p < parts.measured.size(); ++p) {
        add_measured(npz, p, measured_prefix(parts.pools, p), parts.measured[p]);
    }
    add_parts_apart(npz, parts);
    if (!parts.disagreement.platform.empty()) {
        npz.add<float>(kPlatformDisagreement, parts.disagreement.platform);
        npz.add<float>(kModuleDisagreement, parts.disagreement.module);
    }
    add_learned_on(npz, parts);
    return npz;
}

}  // namespace

Result<void> write_parts(const PredictorParts& parts, const std::filesystem::path& file) {
    return archive_of(parts).write(file);
}

Result<std::vector<std::byte>> parts_to_bytes(const PredictorParts& parts) { return archive_of(parts).to_bytes(); }

}  // namespace pitot::predict
