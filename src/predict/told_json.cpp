#include "predict/told_json.hpp"

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "pitot/units.hpp"

namespace pitot::predict {
namespace {

using Json = nlohmann::ordered_json;

const std::string& name_of(const Side& side, std::int32_t row) { return side.names[static_cast<std::size_t>(row)]; }

double time_of(double log) { return to_time(LogRuntime{log}).value; }

}  // namespace

Json to_json(const Observation& told, std::int64_t calibration_rows) {
    Json json{{"runs", told.runs},
              {"runs_beside_others", told.beside},
              {"new_pairs", told.new_pairs},
              {"known_pairs", told.known_pairs},
              {"new_platforms", told.new_platforms},
              {"new_modules", told.new_modules},
              {"without_features", told.without_features},
              {"categories_left_out", told.categories_left_out},
              {"left_out", told.left_out},
              {"no_more_calibrating", told.no_more_calibrating},
              {"calibration_rows", calibration_rows},
              {"recalibrated", told.recalibrated}};
    json["before"] = {{"mape", told.mean_error},
                      {"log_likelihood", told.log_likelihood},
                      {"expected_log_likelihood", told.expected_log_likelihood},
                      {"surprise", told.surprise},
                      {"confidence", told.confidence},
                      {"bounded_pairs", told.bounded},
                      {"covered_pairs", told.covered}};
    json["folded_in"] = told.folded_in;
    json["fitted_pairs"] = told.fitted;
    json["refit_due"] = told.refit_due;
    json["reason"] = told.reason;
    return json;
}

Json to_json(const Predictor& predictor, const Advice& advice, bool by_seconds) {
    Json json{{"unmeasured_pairs", advice.targets},
              {"cost", by_seconds ? "seconds" : "runs"},
              {"expected_error", advice.error},
              {"expected_margin_90", advice.bound}};
    json["pairs"] = Json::array();
    for (const AdvisedPair& pair : advice.pairs) {
        json["pairs"].push_back({{"platform", name_of(predictor.platforms(), pair.platform)},
                                 {"module", name_of(predictor.modules(), pair.module)},
                                 {"runtime_us", pair.runtime_us},
                                 {"expected_error", pair.error},
                                 {"expected_margin_90", pair.bound}});
    }
    return json;
}

Json to_json(const Predictor& predictor, std::int32_t platform, std::int32_t module, const PairExplanation& told,
             double bound_us) {
    Json json{{"platform", name_of(predictor.platforms(), platform)},
              {"module", name_of(predictor.modules(), module)},
              {"runtime_us", time_of(told.answer)},
              {"bound_90_us", bound_us},
              {"deviation", told.deviation}};
    json["terms_are_of"] = "ln(runtime / scale)";
    json["scale_us"] = time_of(0.0);
    json["terms"] = Json::array();
    for (const PairExplanation::Term& term : told.terms) {
        json["terms"].push_back({{"name", term.name}, {"value", term.value}});
    }
    json["variance"] = Json::object();
    for (const PairExplanation::Part& part : told.parts) {
        json["variance"][part.name] = part.variance;
    }
    json["pairs_learned_from"] = told.learned_from;
    json["pairs_weighed"] = told.weighed;
    json["runtime_by_weights_us"] = time_of(told.near_answer);
    json["nearest"] = Json::array();
    for (const PairExplanation::Near& near : told.near) {
        std::vector<std::string> with;
        for (const std::int32_t k : near.co_runners) {
            with.push_back(name_of(predictor.modules(), k));
        }
        json["nearest"].push_back({{"platform", name_of(predictor.platforms(), near.platform)},
                                   {"module", name_of(predictor.modules(), near.module)},
                                   {"with", with},
                                   {"runs", near.runs},
                                   {"runtime_us", time_of(near.mean)},
                                   {"weight", near.weight}});
    }
    return json;
}

}  // namespace pitot::predict
