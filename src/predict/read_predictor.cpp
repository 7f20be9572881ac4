// Reading the model file: one .npz archive. See docs/model-file.md for its members.
#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <type_traits>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "core/check.hpp"
#include "data/npz.hpp"
#include "model/fold_model.hpp"
#include "predict/parts.hpp"
#include "predict/predictor_file.hpp"

namespace pitot {
namespace {

using Shape = std::vector<std::int64_t>;
using namespace model_file;

constexpr const char* kRemedy = "the file is damaged; fit it again or restore it from a copy";

Failure broken(const NpzReader& npz, std::string_view array, std::string_view what) {
    return fail(ErrorCode::kInput, fmt::format("{}: array '{}' {}: {}", npz.file().string(), array, what, kRemedy));
}

/// Values of an array whose shape is known; a shape of -1 fits any extent.
template <typename T>
Result<std::vector<T>> read(const NpzReader& npz, const std::string& name, const Shape& shape) {
    if (!npz.contains(name)) {
        return broken(npz, name, "is missing");
    }
    const auto info = npz.info(name);
    if (!info) {
        return Failure(info.error());
    }
    const bool fits = info->shape.size() == shape.size() &&
                      std::ranges::equal(info->shape, shape, [](auto is, auto want) { return want < 0 || is == want; });
    if (!fits) {
        return broken(
            npz, name,
            fmt::format("has shape ({}) where ({}) is wanted", fmt::join(info->shape, ", "), fmt::join(shape, ", ")));
    }
    auto values = npz.values<T>(name);
    if constexpr (std::is_floating_point_v<T>) {
        if (values) {
            const auto bad = std::ranges::find_if(*values, [](T v) { return !std::isfinite(v); });
            if (bad != values->end()) {
                return broken(npz, name,
                              fmt::format("has a value that is not finite at place {}", bad - values->begin()));
            }
        }
    }
    return values;
}

Result<std::vector<std::string>> read_strings(const NpzReader& npz, const std::string& name) {
    if (!npz.contains(name)) {
        return broken(npz, name, "is missing");
    }
    return npz.strings(name);
}

Result<std::string> read_text(const NpzReader& npz, const std::string& name) {
    auto strings = read_strings(npz, name);
    if (!strings) {
        return Failure(strings.error());
    }
    if (strings->size() != 1) {
        return broken(npz, name, fmt::format("has {} elements where one text is wanted", strings->size()));
    }
    return std::move(strings->front());
}

Result<void> read_schema(const NpzReader& npz) {
    if (!npz.contains(kSchemaName)) {
        const bool dataset = npz.contains("t") || npz.contains("data");
        return fail(ErrorCode::kInput,
                    dataset ? fmt::format("{} is a dataset, not a model: fit one with `pitot fit {} -o MODEL.pitot`",
                                          npz.file().string(), npz.file().string())
                            : fmt::format("{} is not a model of Pitot: it has no array '{}'", npz.file().string(),
                                          kSchemaName));
    }
    const auto schema = npz.values<std::int64_t>(kSchemaName);
    if (!schema) {
        return Failure(schema.error());
    }
    if (schema->size() != 1 || schema->front() < 1) {
        return broken(npz, kSchemaName, "does not hold one positive number");
    }
    if (schema->front() > kModelSchema) {
        return fail(ErrorCode::kInput,
                    fmt::format("{} was written by a newer Pitot: it has model schema {}, this program reads up to {}. "
                                "Update Pitot, or fit the model again with this one",
                                npz.file().string(), schema->front(), kModelSchema));
    }
    return {};
}

Result<void> read_config(const NpzReader& npz, FitConfig& config) {
    const auto json = read_text(npz, "config");
    if (!json) {
        return Failure(json.error());
    }
    const auto applied = apply_json(config, *json).and_then([&] { return config.validate(); });
    return applied ? applied : broken(npz, "config", fmt::format("is refused ({})", applied.error().to_string()));
}

Result<void> read_basis(const NpzReader& npz, const std::string& name, std::int64_t rows, std::vector<Basis>& basis) {
    const auto numbers = read<std::uint8_t>(npz, name, {rows});
    if (!numbers) {
        return Failure(numbers.error());
    }
    for (const std::uint8_t number : *numbers) {
        if (number > static_cast<std::uint8_t>(Basis::kAverage)) {
            return broken(npz, name, fmt::format("has the unknown value {}", number));
        }
        basis.push_back(static_cast<Basis>(number));
    }
    return {};
}

Result<void> read_side(const NpzReader& npz, const std::string& name, Side& side, std::vector<Basis>& basis) {
    auto names = read_strings(npz, name);
    auto features = names ? read_strings(npz, name + "_feature_names") : names;
    if (!features) {
        return Failure(features.error());
    }
    if (names->empty() || std::set<std::string>(names->begin(), names->end()).size() != names->size()) {
        return broken(npz, name, "is empty or has repeated names");
    }
    side.names = std::move(*names);
    side.feature_names = std::move(*features);
    const Shape shape{side.size(), static_cast<std::int64_t>(side.feature_names.size())};
    const auto values = read<double>(npz, name + "_features", shape);
    if (!values) {
        return Failure(values.error());
    }
    side.features = Matrix<double>(shape[0], shape[1]);
    std::ranges::copy(*values, side.features.flat().begin());
    return read_basis(npz, name + "_basis", side.size(), basis);
}

Result<void> read_co_runner_basis(const NpzReader& npz, PredictorParts& parts) {
    if (!npz.contains(kCoRunnerBasis)) {  // written when a co-runner counted as a module measured
        parts.co_runner_basis = parts.module_basis;
        return {};
    }
    return read_basis(npz, kCoRunnerBasis, parts.modules.size(), parts.co_runner_basis);
}

Result<void> read_baseline(const NpzReader& npz, PredictorParts& parts) {
    auto platform = read<double>(npz, "baseline_platform", {parts.platforms.size()});
    auto module = platform ? read<double>(npz, "baseline_module", {parts.modules.size()}) : platform;
    if (!module) {
        return Failure(module.error());
    }
    parts.baseline = {std::move(*platform), std::move(*module)};
    return {};
}

Result<void> read_calibration(const NpzReader& npz, PredictorParts& parts) {
    auto alone = read<double>(npz, "calibration_alone", {-1});
    auto together = alone ? read<double>(npz, "calibration_together", {-1}) : alone;
    if (!together) {
        return Failure(together.error());
    }
    parts.calibration = Calibration(std::move(*alone), std::move(*together));
    if (!npz.contains(kCalibratedCoRunners)) {
        return {};  // written before it was noted
    }
    const auto most = read<std::int64_t>(npz, kCalibratedCoRunners, {});
    if (!most) {
        return Failure(most.error());
    }
    if (most->front() < 0 || most->front() > std::numeric_limits<std::int32_t>::max()) {
        return broken(npz, kCalibratedCoRunners,
                      fmt::format("holds {}, which is no number of co-runners", most->front()));
    }
    parts.calibrated_co_runners = static_cast<std::int32_t>(most->front());
    return {};
}

Result<void> read_measured(const NpzReader& npz, PredictorParts& parts) {
    auto offsets = read<std::int64_t>(npz, "measured_offsets", {parts.platforms.size() + 1});
    if (!offsets) {
        return Failure(offsets.error());
    }
    auto modules = read<std::int32_t>(npz, "measured_modules", {-1});
    if (!modules) {
        return Failure(modules.error());
    }
    if (offsets->front() != 0 || offsets->back() != static_cast<std::int64_t>(modules->size()) ||
        !std::ranges::is_sorted(*offsets)) {
        return broken(npz, "measured_offsets", "does not ascend from 0 to the size of 'measured_modules'");
    }
    for (std::size_t i = 0; i + 1 < offsets->size(); ++i) {
        const auto row = std::span(*modules).subspan(static_cast<std::size_t>((*offsets)[i]),
                                                     static_cast<std::size_t>((*offsets)[i + 1] - (*offsets)[i]));
        if (!std::ranges::is_sorted(row) || (!row.empty() && (row.front() < 0 || row.back() >= parts.modules.size()))) {
            return broken(npz, "measured_modules", fmt::format("is out of range or order for platform {}", i));
        }
    }
    parts.measured = {std::move(*offsets), std::move(*modules)};
    return {};
}

Result<void> read_together(const NpzReader& npz, PredictorParts& parts) {
    if (!npz.contains("together_offsets")) {
        return {};  // written before it was noted
    }
    auto offsets = read<std::int64_t>(npz, "together_offsets", {parts.platforms.size() + 1});
    if (!offsets) {
        return Failure(offsets.error());
    }
    auto modules = read<std::int32_t>(npz, "together_modules", {offsets->back()});
    if (!modules) {
        return Failure(modules.error());
    }
    auto co_runners = read<std::int32_t>(npz, "together_co_runners", {offsets->back(), -1});
    if (!co_runners) {
        return Failure(co_runners.error());
    }
    constexpr std::int64_t most = std::numeric_limits<std::int32_t>::max();
    const auto width = static_cast<std::int32_t>(std::min(npz.info("together_co_runners")->shape[1], most));
    CombinationSet set{std::move(*offsets), std::move(*modules), std::move(*co_runners), width};
    if (!set.valid(parts.modules.size())) {
        return broken(npz, "together_offsets", "and the other arrays 'together_…' are out of range or order");
    }
    parts.measured_together = std::move(set);
    return {};
}

Result<void> read_use(const NpzReader& npz, const std::string& name, std::int64_t count, std::vector<Evidence>& use) {
    if (!npz.contains(name)) {
        return {};  // written before it was noted
    }
    const auto numbers = read<std::uint8_t>(npz, name, {count});
    if (!numbers) {
        return Failure(numbers.error());
    }
    for (const std::uint8_t number : *numbers) {
        if (number == 0 || number > static_cast<std::uint8_t>(Evidence::kUnused)) {
            return broken(npz, name, fmt::format("has the unknown value {}", number));
        }
        use.push_back(static_cast<Evidence>(number));
    }
    return {};
}

Result<void> read_uses(const NpzReader& npz, PredictorParts& parts) {
    const auto pairs = static_cast<std::int64_t>(parts.measured.modules.size());
    return read_use(npz, "measured_use", pairs, parts.measured_use).and_then([&]() -> Result<void> {
        return parts.measured_together
                   ? read_use(npz, "together_use", parts.measured_together->size(), parts.together_use)
                   : Result<void>();
    });
}

Result<void> read_parts_apart(const NpzReader& npz, PredictorParts& parts) {
    if (!npz.contains("platform_part")) {
        return {};  // written before it was noted
    }
    const auto read_side_parts = [&](const char* name, std::int64_t rows,
                                     std::vector<std::int32_t>& part) -> Result<void> {
        auto numbers = read<std::int32_t>(npz, name, {rows});
        if (!numbers) {
            return Failure(numbers.error());
        }
        const std::int64_t most = parts.platforms.size() + parts.modules.size();
        if (std::ranges::any_of(*numbers, [&](std::int32_t n) { return n < -1 || n >= most; })) {
            return broken(npz, name, "has a part that cannot be");
        }
        part = std::move(*numbers);
        return {};
    };
    return read_side_parts("platform_part", parts.platforms.size(), parts.platform_part).and_then([&] {
        return read_side_parts("module_part", parts.modules.size(), parts.module_part);
    });
}

Result<void> read_limits(const NpzReader& npz, AnswerLimits& limits) {
    if (npz.contains(kLearnedRange)) {
        const auto range = read<double>(npz, kLearnedRange, {2});
        if (!range) {
            return Failure(range.error());
        }
        limits.least = (*range)[0];
        limits.most = (*range)[1];
    }
    if (npz.contains(kSlowdownRange)) {
        const auto range = read<double>(npz, kSlowdownRange, {3});
        if (!range) {
            return Failure(range.error());
        }
        limits.least_slowdown = (*range)[0];
        limits.most_slowdown = (*range)[1];
        limits.co_runners = static_cast<int>(std::clamp((*range)[2], 1.0, 1e6));
    }
    const bool ordered = limits.least <= limits.most && limits.least_slowdown <= limits.most_slowdown;
    return ordered ? Result<void>()
                   : broken(npz, kLearnedRange, fmt::format("or '{}' ends before it begins", kSlowdownRange));
}

Result<void> read_disagreement(const NpzReader& npz, PredictorParts& parts) {
    if (!npz.contains(kPlatformDisagreement)) {
        return {};  // written before it was noted, or of a model of few folds
    }
    auto platforms = read<float>(npz, kPlatformDisagreement, {parts.platforms.size()});
    auto modules = platforms ? read<float>(npz, kModuleDisagreement, {parts.modules.size()}) : platforms;
    if (!modules) {
        return Failure(modules.error());
    }
    parts.platform_disagreement = std::move(*platforms);
    parts.module_disagreement = std::move(*modules);
    return {};
}

Result<void> read_losses(const NpzReader& npz, std::vector<FoldFit>& folds) {
    const auto count = static_cast<std::int64_t>(folds.size());
    const auto scatter = [&](const char* name, std::vector<float> FoldFit::*member) -> Result<void> {
        const auto values = read<float>(npz, name, {count, -1});
        if (!values) {
            return Failure(values.error());
        }
        const auto each = static_cast<std::ptrdiff_t>(values->size() / folds.size());
        for (std::size_t f = 0; f < folds.size(); ++f) {
            const auto first = values->begin() + each * static_cast<std::ptrdiff_t>(f);
            (folds[f].*member).assign(first, first + each);
        }
        return {};
    };
    return scatter("train_loss", &FoldFit::train_loss)
        .and_then([&] { return scatter("validation_loss", &FoldFit::validation_loss); })
        .and_then([&]() -> Result<void> {
            const auto kept = read<std::int64_t>(npz, "kept_checkpoint", {count});
            if (!kept) {
                return Failure(kept.error());
            }
            for (std::size_t f = 0; f < folds.size(); ++f) {
                folds[f].kept_checkpoint = (*kept)[f];
            }
            return {};
        });
}

Result<void> read_folds(const NpzReader& npz, PredictorParts& parts) {
    if (parts.config.model.family == Family::kLinearScaling) {
        return {};
    }
    // How many folds there are is believed once an array has as many.
    const std::int64_t count = parts.config.train.folds;
    if (const auto kept = read<std::int64_t>(npz, "kept_checkpoint", {count}); !kept) {
        return Failure(kept.error());
    }
    parts.folds.resize(static_cast<std::size_t>(count));
    for (const ParameterInfo& block : parameter_layout(parts.config.model, parts.platforms, parts.modules)) {
        const auto values = read<float>(npz, "param/" + block.name, {count, block.rows, block.cols});
        if (!values) {
            return Failure(values.error());
        }
        const auto size = static_cast<std::ptrdiff_t>(block.rows * block.cols);
        for (std::size_t f = 0; f < parts.folds.size(); ++f) {
            std::vector<float>& flat = parts.folds[f].parameters;
            PITOT_CHECK(static_cast<std::int64_t>(flat.size()) == block.offset);
            const auto first = values->begin() + size * static_cast<std::ptrdiff_t>(f);
            flat.insert(flat.end(), first, first + size);
        }
    }
    return read_losses(npz, parts.folds);
}

}  // namespace

Result<PredictorParts> read_parts(const std::filesystem::path& file) {
    if (file.extension() == ".csv") {
        return fail(ErrorCode::kInput,
                    fmt::format("{} is a table, not a model: fit one with `pitot fit {} -o MODEL.pitot`", file.string(),
                                file.string()));
    }
    const auto npz = NpzReader::open(file);
    if (!npz) {
        return fail(npz.error(), "reading a model");
    }
    PredictorParts parts;
    auto read_all = read_schema(*npz)
                        .and_then([&] { return read_config(*npz, parts.config); })
                        .and_then([&] { return read_side(*npz, "platform", parts.platforms, parts.platform_basis); })
                        .and_then([&] { return read_side(*npz, "module", parts.modules, parts.module_basis); })
                        .and_then([&] { return read_co_runner_basis(*npz, parts); })
                        .and_then([&] { return read_baseline(*npz, parts); })
                        .and_then([&] { return read_calibration(*npz, parts); })
                        .and_then([&] { return read_measured(*npz, parts); })
                        .and_then([&] { return read_together(*npz, parts); })
                        .and_then([&] { return read_uses(*npz, parts); })
                        .and_then([&] { return read_parts_apart(*npz, parts); })
                        .and_then([&] { return read_limits(*npz, parts.limits); })
                        .and_then([&] { return read_disagreement(*npz, parts); })
                        .and_then([&] { return read_folds(*npz, parts); });
    if (!read_all) {
        return Failure(read_all.error());
    }
    auto digest = read_text(*npz, "dataset_digest");
    if (!digest) {
        return Failure(digest.error());
    }
    parts.dataset_digest = std::move(*digest);
    return parts;
}

}  // namespace pitot
