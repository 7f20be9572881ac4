#include "evaluate/evaluation_json.hpp"

#include <nlohmann/json.hpp>

namespace pitot::evaluation {
namespace {

using Json = nlohmann::ordered_json;

Json to_json(const Spread& spread) { return {{"mean", spread.mean}, {"std", spread.std}}; }

Json to_json(const ErrorMetrics& metrics) {
    return {{"mape", to_json(metrics.mape)},
            {"replicates", metrics.replicates},
            {"percentile", metrics.percentile},
            {"percentile_exact", metrics.percentile_exact}};
}

Json to_json(const BoundMetrics& bound) {
    if (!bound.unavailable.empty()) {
        return {{"confidence", bound.confidence}, {"unavailable", bound.unavailable}};
    }
    Json json{{"confidence", bound.confidence},
              {"coverage", to_json(bound.coverage)},
              {"over_provisioning", to_json(bound.over_provisioning)},
              {"rows_without_bound", bound.unbounded_rows}};
    if (bound.seen) {
        json["coverage_seen_pairs"] = to_json(*bound.seen);
        json["coverage_unseen_pairs"] = to_json(*bound.unseen);
    }
    const auto add_range = [&](const char* name, const CoverageRange& range) {
        if (range.groups > 0) {
            json[name] = {{"count", range.groups},
                          {"least", range.least},
                          {"least_name", range.least_name},
                          {"most", range.most},
                          {"short_by_tenth", range.short_by_tenth}};
        }
    };
    add_range("coverage_platforms", bound.platforms);
    add_range("coverage_modules", bound.modules);
    if (!bound.tenths.empty()) {
        json["coverage_tenths"] = bound.tenths;
    }
    json["pools"] = Json::array();
    for (const PoolCoverage& pool : bound.pools) {
        json["pools"].push_back({{"pool", pool.pool},
                                 {"from", to_string(pool.from)},
                                 {"rows", pool.rows},
                                 {"coverage", to_json(pool.coverage)},
                                 {"over_provisioning", to_json(pool.over_provisioning)}});
    }
    return json;
}

Json to_json(const ObjectiveMetrics& metrics) {
    Json json{{"objective", metrics.objective},
              {"test_rows", metrics.test_rows},
              {"calibration_rows", metrics.calibration_rows},
              {"test_rows_unlearned", metrics.unlearned_rows},
              {"test_rows_apart", metrics.apart_rows},
              {"model", to_json(metrics.model)},
              {"baseline", to_json(metrics.baseline)}};
    if (!metrics.bounds.empty()) {
        json["bounds"] = Json::array();
        for (const BoundMetrics& bound : metrics.bounds) {
            json["bounds"].push_back(to_json(bound));
        }
    }
    return json;
}

}  // namespace

Json to_json(const Evaluation& evaluation, const FitConfig& config) {
    Json json{{"preset", config.preset},
              {"share", config.share},
              {"replicates", evaluation.replicates},
              {"replicates_asked", evaluation.replicates_asked},
              {"complete", evaluation.complete},
              {"seconds", evaluation.seconds},
              {"steps", evaluation.steps},
              {"steps_per_second", evaluation.steps_per_second}};
    json["objectives"] = Json::array();
    for (const ObjectiveMetrics& metrics : evaluation.objectives) {
        json["objectives"].push_back(to_json(metrics));
    }
    json["config"] = Json::parse(pitot::to_json(config));
    return json;
}

}  // namespace pitot::evaluation
