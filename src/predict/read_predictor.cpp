// Reading the model file: one .npz archive. See docs/model-file.md for its members.
#include <algorithm>
#include <limits>
#include <set>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "dataset/index_layout.hpp"
#include "dataset/pools.hpp"
#include "formats/npz.hpp"
#include "models/config_fields.hpp"
#include "models/model_family.hpp"
#include "pitot/remedy.hpp"
#include "predict/parts.hpp"
#include "predict/predictor_file.hpp"
#include "predict/read_calibration.hpp"

namespace pitot::predict {
namespace {

using Shape = std::vector<std::int64_t>;
using namespace model_file;

Result<void> read_schema(const models::ModelArchive& archive) {
    if (!archive.contains(dataset::kModelSchemaArray)) {
        const bool dataset = archive.contains("t") || archive.contains("data");
        return fail(ErrorCode::kInput,
                    dataset ? fmt::format("{} is a dataset, not a model; fit one on it", archive.npz().file().string())
                            : fmt::format("{} is not a model of Pitot: it has no array '{}'",
                                          archive.npz().file().string(), dataset::kModelSchemaArray),
                    dataset ? Remedy::kFitModel : Remedy::kNone, {archive.npz().file().string()});
    }
    const auto schema = archive.npz().values<std::int64_t>(dataset::kModelSchemaArray);
    if (!schema) {
        return Failure(schema.error());
    }
    if (schema->size() != 1 || schema->front() < 1) {
        return archive.broken(dataset::kModelSchemaArray, "does not hold one positive number");
    }
    if (schema->front() > kModelSchema) {
        return fail(ErrorCode::kInput,
                    fmt::format("{} was written by a newer Pitot: it has model schema {}, this program reads up to {}. "
                                "Update Pitot, or fit the model again with this one",
                                archive.npz().file().string(), schema->front(), kModelSchema));
    }
    return {};
}

Result<void> read_config(const models::ModelArchive& archive, FitConfig& config) {
    PITOT_TRY(const auto json, archive.text("config"));
    auto applied = models::apply_whole_json(config, json).and_then([&] { return config.validate(); });
    if (applied) {
        return applied;
    }
    if (!nlohmann::json::accept(json)) {
        return archive.broken("config", fmt::format("is refused ({})", applied.error().to_string()));
    }
    return fail(
        ErrorCode::kInput,
        fmt::format("{} has a configuration that this program does not know ({}): a newer Pitot wrote it, or it "
                    "was edited. Update Pitot, or fit the model again with this one",
                    archive.npz().file().string(), applied.error().to_string()));
}

Result<void> read_basis(const models::ModelArchive& archive, const std::string& name, std::int64_t rows,
                        std::vector<Basis>& basis) {
    const auto numbers = archive.read<std::uint8_t>(name, {rows});
    if (!numbers) {
        return Failure(numbers.error());
    }
    for (const std::uint8_t number : *numbers) {
        if (number > static_cast<std::uint8_t>(Basis::kAverage)) {
            return archive.broken(name, fmt::format("has the unknown value {}", number));
        }
        basis.push_back(static_cast<Basis>(number));
    }
    return {};
}

Result<void> read_side(const models::ModelArchive& archive, const std::string& name, Side& side,
                       std::vector<Basis>& basis) {
    auto names = archive.strings(name);
    auto features = names ? archive.strings(name + "_feature_names") : names;
    if (!features) {
        return Failure(features.error());
    }
    if (names->empty() || std::set<std::string>(names->begin(), names->end()).size() != names->size()) {
        return archive.broken(name, "is empty or has repeated names");
    }
    side.names = std::move(*names);
    side.feature_names = std::move(*features);
    const Shape shape{side.size(), static_cast<std::int64_t>(side.feature_names.size())};
    PITOT_TRY(const auto values, archive.read<double>(name + "_features", shape));
    side.features = Matrix<double>(shape[0], shape[1]);
    std::ranges::copy(values, side.features.flat().begin());
    return read_basis(archive, name + "_basis", side.size(), basis);
}

Result<void> read_co_runner_basis(const models::ModelArchive& archive, PredictorParts& parts) {
    if (!archive.contains(kCoRunnerBasis)) {  // written when a co-runner counted as a module measured
        parts.co_runner_basis = parts.module_basis;
        return {};
    }
    return read_basis(archive, kCoRunnerBasis, parts.modules.size(), parts.co_runner_basis);
}

Result<void> read_pools(const models::ModelArchive& archive, PredictorParts& parts) {
    if (!archive.contains(kPools)) {
        return {};  // the usual ones
    }
    PITOT_TRY(auto names, archive.strings(kPools));
    const std::set<std::string> known(names.begin(), names.end());
    if (names.size() < 2 || names.size() > kMostPools || known.size() != names.size() || names.front() != "alone" ||
        !std::ranges::all_of(names, dataset::is_pool_name)) {
        return archive.broken(kPools, fmt::format("does not hold 2 to {} names, 'alone' first", kMostPools));
    }
    parts.pools = std::move(names);
    return {};
}

Result<void> read_calibrated_co_runners(const models::ModelArchive& archive, PredictorParts& parts) {
    if (!archive.contains(kCalibratedCoRunners)) {
        return {};  // written before it was noted
    }
    const auto most = archive.read<std::int64_t>(kCalibratedCoRunners, {});
    if (!most) {
        return Failure(most.error());
    }
    if (most->front() < 0 || most->front() > std::numeric_limits<std::int32_t>::max()) {
        return archive.broken(kCalibratedCoRunners,
                              fmt::format("holds {}, which is no number of co-runners", most->front()));
    }
    parts.calibrated_co_runners = static_cast<std::int32_t>(most->front());
    return {};
}

Result<void> read_runs(const models::ModelArchive& archive, PredictorParts& parts) {
    if (!archive.contains(kPlatformRuns)) {
        return {};  // written before it was noted
    }
    PITOT_TRY(auto platforms, archive.read<std::int64_t>(kPlatformRuns, {parts.platforms.size()}));
    PITOT_TRY(auto modules, archive.read<std::int64_t>(kModuleRuns, {parts.modules.size()}));
    for (const auto* runs : {&platforms, &modules}) {
        if (std::ranges::any_of(*runs, [](std::int64_t n) { return n < 0; })) {
            return archive.broken(runs == &platforms ? kPlatformRuns : kModuleRuns, "has a negative number of runs");
        }
    }
    parts.platform_runs = std::move(platforms);
    parts.module_runs = std::move(modules);
    return {};
}

Result<void> read_measured(const models::ModelArchive& archive, PredictorParts& parts) {
    auto offsets = archive.read<std::int64_t>("measured_offsets", {parts.platforms.size() + 1});
    if (!offsets) {
        return Failure(offsets.error());
    }
    auto modules = archive.read<std::int32_t>("measured_modules", {-1});
    if (!modules) {
        return Failure(modules.error());
    }
    if (offsets->front() != 0 || offsets->back() != static_cast<std::int64_t>(modules->size()) ||
        !std::ranges::is_sorted(*offsets)) {
        return archive.broken("measured_offsets", "does not ascend from 0 to the size of 'measured_modules'");
    }
    for (std::size_t i = 0; i + 1 < offsets->size(); ++i) {
        const auto row = std::span(*modules).subspan(static_cast<std::size_t>((*offsets)[i]),
                                                     static_cast<std::size_t>((*offsets)[i + 1] - (*offsets)[i]));
        if (!std::ranges::is_sorted(row) || (!row.empty() && (row.front() < 0 || row.back() >= parts.modules.size()))) {
            return archive.broken("measured_modules", fmt::format("is out of range or order for platform {}", i));
        }
    }
    parts.measured = {{{std::move(*offsets), std::move(*modules), {}, 0}}};
    return {};
}

Result<void> read_beside_others(const models::ModelArchive& archive, PredictorParts& parts) {
    if (!archive.contains(measured_prefix(parts.pools, kAlone + 1) + "_offsets")) {
        return {};  // written before it was noted
    }
    for (std::size_t p = kAlone + 1; p < parts.pools.size(); ++p) {
        const std::string prefix = measured_prefix(parts.pools, p);
        PITOT_TRY(auto offsets, archive.read<std::int64_t>(prefix + "_offsets", {parts.platforms.size() + 1}));
        const std::int64_t count = offsets.back();
        PITOT_TRY(auto modules, archive.read<std::int32_t>(prefix + "_modules", {count}));
        PITOT_TRY(auto co_runners, archive.read<std::int32_t>(prefix + "_co_runners", {count, -1}));
        constexpr std::int64_t most = std::numeric_limits<std::int32_t>::max();
        const auto width =
            static_cast<std::int32_t>(std::min(archive.npz().info(prefix + "_co_runners")->shape[1], most));
        CombinationSet set{std::move(offsets), std::move(modules), std::move(co_runners), width};
        if (!set.valid(parts.modules.size())) {
            return archive.broken(prefix + "_offsets",
                                  fmt::format("and the other arrays '{}_…' are out of range or order", prefix));
        }
        parts.measured.push_back({std::move(set)});
    }
    return {};
}

Result<void> read_use(const models::ModelArchive& archive, const std::string& name, std::int64_t count,
                      std::vector<Evidence>& use) {
    if (!archive.contains(name)) {
        return {};  // written before it was noted
    }
    const auto numbers = archive.read<std::uint8_t>(name, {count});
    if (!numbers) {
        return Failure(numbers.error());
    }
    for (const std::uint8_t number : *numbers) {
        if (number == 0 || number > static_cast<std::uint8_t>(Evidence::kUnused)) {
            return archive.broken(name, fmt::format("has the unknown value {}", number));
        }
        use.push_back(static_cast<Evidence>(number));
    }
    return {};
}

Result<void> read_uses(const models::ModelArchive& archive, PredictorParts& parts) {
    for (std::size_t p = 0; p < parts.measured.size(); ++p) {
        MeasuredPool& pool = parts.measured[p];
        auto ok = read_use(archive, measured_prefix(parts.pools, p) + "_use", pool.combinations.size(), pool.use);
        if (!ok) {
            return ok;
        }
    }
    return {};
}

Result<void> read_parts_apart(const models::ModelArchive& archive, PredictorParts& parts) {
    if (!archive.contains("platform_part")) {
        return {};  // written before it was noted
    }
    const auto read_side_parts = [&](const char* name, std::int64_t rows,
                                     std::vector<std::int32_t>& part) -> Result<void> {
        auto numbers = archive.read<std::int32_t>(name, {rows});
        if (!numbers) {
            return Failure(numbers.error());
        }
        const std::int64_t most = parts.platforms.size() + parts.modules.size();
        if (std::ranges::any_of(*numbers, [&](std::int32_t n) { return n < -1 || n >= most; })) {
            return archive.broken(name, "has a part that cannot be");
        }
        part = std::move(*numbers);
        return {};
    };
    return read_side_parts("platform_part", parts.platforms.size(), parts.platform_part).and_then([&] {
        return read_side_parts("module_part", parts.modules.size(), parts.module_part);
    });
}

Result<void> read_disagreement(const models::ModelArchive& archive, PredictorParts& parts) {
    if (!archive.contains(kPlatformDisagreement)) {
        return {};  // written before it was noted, or of a model of few folds
    }
    auto platforms = archive.read<float>(kPlatformDisagreement, {parts.platforms.size()});
    auto modules = platforms ? archive.read<float>(kModuleDisagreement, {parts.modules.size()}) : platforms;
    if (!modules) {
        return Failure(modules.error());
    }
    parts.disagreement.platform = std::move(*platforms);
    parts.disagreement.module = std::move(*modules);
    return {};
}

// What ran beside the rows that calibrate; of files without it, rows beside others are not among them.
Result<void> read_calibration_co_runners(const models::ModelArchive& archive, PredictorParts& parts) {
    if (!archive.contains(kCalibrationCoRunner)) {
        return {};
    }
    CalibrationRows& rows = parts.calibration_rows;
    const std::int64_t count = std::ssize(rows.target);
    PITOT_TRY(rows.co_runner, archive.read<std::int32_t>(kCalibrationCoRunner, {count, -1}));
    PITOT_TRY(const auto info, archive.npz().info(kCalibrationCoRunner));
    constexpr std::int64_t most = 1'000'000;
    const auto known = [&](std::int32_t k) { return k >= -1 && k < parts.modules.size(); };
    if (info.shape[1] < 1 || info.shape[1] > most || !std::ranges::all_of(rows.co_runner, known)) {
        return archive.broken(kCalibrationCoRunner, "names a module that does not exist, or none at all");
    }
    rows.width = static_cast<std::int32_t>(info.shape[1]);
    return {};
}

// What learning on needs.
Result<void> read_learned_on(const models::ModelArchive& archive, PredictorParts& parts) {
    if (archive.contains(kFoldedIn)) {
        const auto counts = archive.read<std::int64_t>(kFoldedIn, {2});
        if (!counts) {
            return Failure(counts.error());
        }
        parts.folded_in = counts->front();
        parts.fitted_pairs = counts->back();
    }
    if (!archive.contains(kCalibrationTarget)) {
        return {};  // of a model that does not learn on, or written before it was noted
    }
    auto target = archive.read<double>(kCalibrationTarget, {-1});
    if (!target) {
        return Failure(target.error());
    }
    const std::int64_t count = std::ssize(*target);
    const auto read_rows = [&](const char* name, std::int64_t most, std::vector<std::int32_t>& rows) -> Result<void> {
        auto numbers = archive.read<std::int32_t>(name, {count});
        if (!numbers) {
            return Failure(numbers.error());
        }
        if (std::ranges::any_of(*numbers, [&](std::int32_t n) { return n < 0 || n >= most; })) {
            return archive.broken(name, "names a row that does not exist");
        }
        rows = std::move(*numbers);
        return {};
    };
    parts.calibration_rows.target = std::move(*target);
    parts.calibration_rows.known = true;
    return read_rows(kCalibrationPlatform, parts.platforms.size(), parts.calibration_rows.platform)
        .and_then([&] { return read_rows(kCalibrationModule, parts.modules.size(), parts.calibration_rows.module); })
        .and_then([&] { return read_calibration_co_runners(archive, parts); });
}

Result<void> read_model(const models::ModelArchive& archive, PredictorParts& parts) {
    PITOT_TRY(auto model,
              models::family_of(parts.config.model).load(archive, parts.config, parts.platforms, parts.modules));
    if (parts.calibration.scale().needs_deviation() && !model->has_deviation()) {
        return archive.broken(kScore, "divides by a deviation, and models of its configuration have none");
    }
    parts.model = std::move(model);
    return {};
}

Result<PredictorParts> read_archive(const formats::NpzReader& npz) {
    const models::ModelArchive archive(npz);
    PredictorParts parts;
    auto read_all = read_schema(archive)
                        .and_then([&] { return read_config(archive, parts.config); })
                        .and_then([&] { return read_side(archive, "platform", parts.platforms, parts.platform_basis); })
                        .and_then([&] { return read_side(archive, "module", parts.modules, parts.module_basis); })
                        .and_then([&] { return read_co_runner_basis(archive, parts); })
                        .and_then([&] { return read_pools(archive, parts); })
                        .and_then([&] { return read_calibration(archive, parts); })
                        .and_then([&] { return read_calibrated_co_runners(archive, parts); })
                        .and_then([&] { return read_runs(archive, parts); })
                        .and_then([&] { return read_measured(archive, parts); })
                        .and_then([&] { return read_beside_others(archive, parts); })
                        .and_then([&] { return read_uses(archive, parts); })
                        .and_then([&] { return read_parts_apart(archive, parts); })
                        .and_then([&] { return read_disagreement(archive, parts); })
                        .and_then([&] { return read_learned_on(archive, parts); })
                        .and_then([&] { return read_model(archive, parts); });
    if (!read_all) {
        return Failure(read_all.error());
    }
    PITOT_TRY(auto digest, archive.text("dataset_digest"));
    parts.dataset_digest = std::move(digest);
    return parts;
}

}  // namespace

Result<PredictorParts> read_parts(const std::filesystem::path& file) {
    const auto npz = formats::NpzReader::open(file);
    if (!npz && npz.error().code() == ErrorCode::kInput && file.extension() == ".csv") {
        return fail(ErrorCode::kInput, fmt::format("{} is a table, not a model; fit one on it", file.string()),
                    Remedy::kFitModel, {file.string()});
    }
    return npz ? read_archive(*npz) : Result<PredictorParts>(fail(npz.error(), "reading a model"));
}

Result<PredictorParts> parts_from_bytes(std::span<const std::byte> bytes) {
    const auto npz = formats::NpzReader::open_buffer(bytes, "the bytes given");
    return npz ? read_archive(*npz) : Result<PredictorParts>(fail(npz.error(), "reading a model"));
}

}  // namespace pitot::predict
