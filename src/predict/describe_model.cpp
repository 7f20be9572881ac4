#include "predict/describe_model.hpp"

#include <algorithm>

#include <fmt/core.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "predict/parts.hpp"

namespace pitot {
namespace {

using Json = nlohmann::ordered_json;

// Confidences people ask for; the largest of them that the calibration rows allow is named.
constexpr double kUsual[] = {0.5, 0.8, 0.9, 0.95, 0.99, 0.999};

std::string bounds_text(std::int64_t rows) {
    double largest = 0.0;
    for (const double confidence : kUsual) {
        largest = calibration_rows_needed(confidence) <= rows ? confidence : largest;
    }
    if (rows == 0) {
        return "none: no calibration rows, so no bounds";
    }
    return largest == 0.0 ? fmt::format("{} rows: too few for a bound", rows)
                          : fmt::format("{} rows, enough for bounds up to {} %", rows, largest * 100.0);
}

const char* family_text(Family family) {
    switch (family) {
        case Family::kLinearScaling:
            return "linear scaling (every platform a speed, every module a size)";
        case Family::kFactorization:
            return "factorization";
        case Family::kNetwork:
            return "one network on both sides' features";
        case Family::kPlatformNetwork:
            return "one network a platform";
    }
    return "?";
}

std::string side_text(const Side& side, const std::vector<Basis>& basis) {
    const auto unmeasured = std::ranges::count_if(basis, [](Basis b) { return b != Basis::kMeasured; });
    std::string text = fmt::format("{}, {} features", side.size(), side.feature_names.size());
    return unmeasured == 0 ? text : text + fmt::format(", {} never measured", unmeasured);
}

std::int64_t parameters_of(const PredictorParts& parts) {
    std::int64_t count = parts.platforms.size() + parts.modules.size();
    for (const FoldFit& fold : parts.folds) {
        count += static_cast<std::int64_t>(fold.parameters.size());
    }
    return count;
}

double mean_last(const std::vector<FoldFit>& folds, std::vector<float> FoldFit::*member) {
    double sum = 0.0;
    for (const FoldFit& fold : folds) {
        const std::vector<float>& losses = fold.*member;
        const auto last = std::min(static_cast<std::size_t>(fold.kept_checkpoint), losses.size() - 1);
        sum += static_cast<double>(losses[last]);
    }
    return sum / static_cast<double>(folds.size());
}

bool has(const std::vector<FoldFit>& folds, std::vector<float> FoldFit::*member) {
    return !folds.empty() && std::ranges::none_of(folds, [&](const FoldFit& f) { return (f.*member).empty(); });
}

Json side_json(const Side& side, const std::vector<Basis>& basis) {
    Json rows = Json::array();
    for (std::size_t i = 0; i < side.names.size(); ++i) {
        rows.push_back({{"name", side.names[i]}, {"basis", to_string(basis[i])}});
    }
    return {{"count", side.size()}, {"feature_names", side.feature_names}, {"rows", std::move(rows)}};
}

}  // namespace

std::string describe_model(const Predictor& predictor) {
    const PredictorParts& parts = predictor.parts();
    const FitConfig& config = parts.config;
    const std::int64_t cells = parts.platforms.size() * parts.modules.size();
    std::string text =
        fmt::format("model: {} ({}), schema {}\n", config.preset, family_text(config.model.family), kModelSchema);
    text += fmt::format("platforms: {}\n", side_text(parts.platforms, parts.platform_basis));
    text += fmt::format("modules: {}\n", side_text(parts.modules, parts.module_basis));
    text += fmt::format("measured pairs: {} of {} ({:.1f} %)\n", predictor.measured_pairs(), cells,
                        100.0 * static_cast<double>(predictor.measured_pairs()) / static_cast<double>(cells));
    if (parts.measured_together && parts.measured_together->size() > 0) {
        text += fmt::format("measured combinations with co-runners: {}\n", parts.measured_together->size());
    }
    text += fmt::format("models: {} folds, {} parameters in all, seed {}\n", parts.folds.size(), parameters_of(parts),
                        config.seed);
    text +=
        fmt::format("co-runners: {}\n", config.model.interference_types > 0
                                            ? fmt::format("{} types of interference", config.model.interference_types)
                                            : "ignored");
    text += fmt::format("calibration alone: {}\n", bounds_text(predictor.calibration_rows(false)));
    text += fmt::format("calibration with co-runners: {}", bounds_text(predictor.calibration_rows(true)));
    text += predictor.calibrated_co_runners().value_or(0) == 0
                ? "\n"
                : fmt::format(", with at most {} of them\n", *predictor.calibrated_co_runners());
    if (has(parts.folds, &FoldFit::train_loss)) {
        text += fmt::format("training loss: {:.6f}\n", mean_last(parts.folds, &FoldFit::train_loss));
    }
    if (has(parts.folds, &FoldFit::validation_loss)) {
        text += fmt::format("validation loss: {:.6f}\n", mean_last(parts.folds, &FoldFit::validation_loss));
    }
    return text + fmt::format("fitted on dataset: {}\n", parts.dataset_digest);
}

std::string describe_model_json(const Predictor& predictor) {
    const PredictorParts& parts = predictor.parts();
    Json json{{"kind", "model"}, {"schema", kModelSchema}, {"dataset_digest", parts.dataset_digest}};
    json["config"] = Json::parse(to_json(parts.config));
    json["platforms"] = side_json(parts.platforms, parts.platform_basis);
    json["modules"] = side_json(parts.modules, parts.module_basis);
    json["measured_pairs"] = predictor.measured_pairs();
    if (parts.measured_together) {
        json["measured_combinations"] = parts.measured_together->size();
    }
    json["folds"] = parts.folds.size();
    json["parameters"] = parameters_of(parts);
    json["calibration_rows"] = {{"alone", predictor.calibration_rows(false)},
                                {"together", predictor.calibration_rows(true)}};
    if (predictor.calibrated_co_runners()) {
        json["calibrated_co_runners"] = *predictor.calibrated_co_runners();
    }
    if (has(parts.folds, &FoldFit::validation_loss)) {
        json["validation_loss"] = mean_last(parts.folds, &FoldFit::validation_loss);
    }
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace pitot
