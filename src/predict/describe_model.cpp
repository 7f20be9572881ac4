#include "predict/describe_model.hpp"

#include <algorithm>

#include <fmt/core.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "core/readable.hpp"
#include "core/utf8.hpp"
#include "predict/parts.hpp"

namespace pitot::predict {
namespace {

using core::count_text;
using Json = nlohmann::ordered_json;

// Confidences people ask for; the largest of them that the calibration rows allow is named.
constexpr double kUsual[] = {0.5, 0.8, 0.9, 0.95, 0.99, 0.999};

std::string bounds_text(const Predictor& predictor, int co_runners) {
    const std::int64_t rows = predictor.calibration_rows(co_runners);
    const calibrate::Calibration& calibration = predictor.parts().calibration;
    const bool left_out =
        rows > 0 &&
        calibration.pool(static_cast<std::int32_t>(calibrate::pool_beside(co_runners, calibration.pools()))).source ==
            calibrate::ScoreSource::kLeaveOneOut;
    const char* kind = left_out ? "rows left out in turn" : "rows";
    double largest = 0.0;
    for (const double confidence : kUsual) {
        largest = calibrate::calibration_rows_needed(confidence) <= rows ? confidence : largest;
    }
    if (rows == 0) {
        return "none: no calibration rows, so no bounds";
    }
    return largest == 0.0 ? fmt::format("{} {}: too few for a bound", count_text(rows), kind)
                          : fmt::format("{} {}, enough for bounds up to {} %", count_text(rows), kind, largest * 100.0);
}

// How scores are made, and the pools beside those of the dataset.
std::string more_bounds_text(const calibrate::Calibration& calibration) {
    if (calibration.plain()) {
        return {};
    }
    const calibrate::CalibrationParts& parts = calibration.parts();
    std::string text = fmt::format("scores: {}", calibrate::to_string(parts.scale.kind));
    text += parts.scale.platform.empty() ? "" : ", with factors of platforms, modules and predicted runtimes";
    if (parts.choice && parts.choice->over_provisioning > 0.0) {
        text += fmt::format(
            " (95 % bounds over-provision by {:.2f} % on {} rows left out in turn; residuals alone {:.2f} %)",
            100.0 * parts.choice->over_provisioning, count_text(parts.choice->rows),
            100.0 * parts.choice->residual_over_provisioning);
    }
    text += "\n";
    std::int64_t groups = 0;
    for (std::size_t p = calibration.pools(); p < parts.pools.size(); ++p) {
        const calibrate::ScorePool& pool = parts.pools[p];
        if (pool.key.kind == calibrate::PoolKey::Kind::kGroup) {
            ++groups;
            continue;
        }
        text += fmt::format("calibration {}: {}", pool.name, count_text(std::ssize(pool.scores), "row"));
        text += pool.units == std::ssize(pool.scores) ? "\n" : fmt::format(" of {}\n", count_text(pool.units));
    }
    return groups == 0 ? text : text + fmt::format("calibration within {} parts of the fleet\n", groups);
}

Json calibration_json(const calibrate::Calibration& calibration) {
    Json json{{"score", calibrate::to_string(calibration.parts().scale.kind)},
              {"factors", !calibration.parts().scale.platform.empty()}};
    if (const auto& choice = calibration.parts().choice) {
        json["chosen_on_rows"] = choice->rows;
        json["over_provisioning"] = choice->over_provisioning;
        json["over_provisioning_residual"] = choice->residual_over_provisioning;
    }
    json["pools"] = Json::array();
    for (const calibrate::ScorePool& pool : calibration.parts().pools) {
        json["pools"].push_back({{"name", pool.name},
                                 {"rows", pool.scores.size()},
                                 {"units", pool.units},
                                 {"from", to_string(static_cast<BoundFrom>(pool.source))}});
    }
    return json;
}

// "12, 3 features, 1 never measured" and, on a line of their own, the first `most_names` names.
std::string side_text(const Side& side, const std::vector<Basis>& basis, std::size_t most_names) {
    const auto unmeasured = std::ranges::count_if(basis, [](Basis b) { return b != Basis::kMeasured; });
    std::string text =
        fmt::format("{}, {}", count_text(side.size()), count_text(std::ssize(side.feature_names), "feature"));
    text += unmeasured == 0 ? "\n" : fmt::format(", {} never measured\n", count_text(unmeasured));
    const std::size_t shown = side.names.size() > most_names + 1 ? most_names : side.names.size();
    std::vector<std::string> names;
    for (std::size_t i = 0; i < shown; ++i) {
        names.push_back(core::printable(side.names[i]));
    }
    const auto left = static_cast<std::int64_t>(side.names.size() - shown);
    return text + fmt::format("  {}{}\n", fmt::join(names, ", "),
                              left == 0 ? "" : fmt::format(" and {} more", count_text(left)));
}

Json side_json(const Side& side, const std::vector<Basis>& basis) {
    Json rows = Json::array();
    for (std::size_t i = 0; i < side.names.size(); ++i) {
        rows.push_back({{"name", side.names[i]}, {"basis", to_string(basis[i])}});
    }
    return {{"count", side.size()}, {"feature_names", side.feature_names}, {"rows", std::move(rows)}};
}

}  // namespace

std::string describe_model(const Predictor& predictor, std::size_t most_names) {
    const PredictorParts& parts = predictor.parts();
    const FitConfig& config = parts.config;
    const models::ModelFacts facts = parts.model->describe();
    const std::int64_t cells = parts.platforms.size() * parts.modules.size();
    std::string text = fmt::format("model: {} ({}), schema {}\n", config.preset, facts.kind, kModelSchema);
    text += fmt::format("platforms: {}", side_text(parts.platforms, parts.platform_basis, most_names));
    text += fmt::format("modules: {}", side_text(parts.modules, parts.module_basis, most_names));
    text +=
        fmt::format("measured pairs: {} of {} ({:.1f} %)\n", count_text(predictor.measured_pairs()), count_text(cells),
                    100.0 * static_cast<double>(predictor.measured_pairs()) / static_cast<double>(cells));
    if (const auto beside = parts.measured_beside_others(); beside.value_or(0) > 0) {
        text += fmt::format("measured combinations with co-runners: {}\n", count_text(*beside));
    }
    text +=
        fmt::format("models: {}{} in all, seed {}\n", facts.folds == 0 ? "" : count_text(facts.folds, "fold") + ", ",
                    count_text(facts.parameters, "parameter"), config.seed);
    text += fmt::format("co-runners: {}\n", facts.co_runners);
    text += fmt::format("calibration alone: {}\n", bounds_text(predictor, 0));
    text += fmt::format("calibration with co-runners: {}", bounds_text(predictor, 1));
    text += predictor.calibrated_co_runners().value_or(0) == 0
                ? "\n"
                : fmt::format(", with at most {} of them\n", *predictor.calibrated_co_runners());
    text += more_bounds_text(parts.calibration);
    if (parts.folded_in > 0) {
        text += fmt::format("learned since the fit, which learned from {}: {}\n",
                            count_text(parts.fitted_pairs, parts.model->tells_co_runners() ? "combination" : "pair"),
                            count_text(parts.folded_in, "run"));
    }
    if (facts.training_loss) {
        text += fmt::format("training loss: {:.6f}\n", *facts.training_loss);
    }
    if (facts.validation_loss) {
        text += fmt::format("validation loss: {:.6f}\n", *facts.validation_loss);
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
    if (const auto beside = parts.measured_beside_others()) {
        json["measured_combinations"] = *beside;
    }
    const models::ModelFacts facts = parts.model->describe();
    json["folds"] = facts.folds;
    json["parameters"] = facts.parameters;
    json["calibration_rows"] = {{"alone", predictor.calibration_rows(0)}, {"together", predictor.calibration_rows(1)}};
    json["calibration"] = calibration_json(parts.calibration);
    if (predictor.calibrated_co_runners()) {
        json["calibrated_co_runners"] = *predictor.calibrated_co_runners();
    }
    if (parts.folded_in > 0) {
        json["folded_in"] = parts.folded_in;
        json["fitted_pairs"] = parts.fitted_pairs;
    }
    if (facts.validation_loss) {
        json["validation_loss"] = *facts.validation_loss;
    }
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace pitot::predict
