// Evaluations.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "c_api/errors.hpp"
#include "c_api/handles.hpp"
#include "evaluate/evaluation_json.hpp"
#include "pitot/fit.hpp"

namespace pitot::c_api {
namespace {

Result<EvaluateOptions> evaluate_options(const pitot_evaluate_options* given, const FitConfig& config) {
    PITOT_TRY(const auto options, struct_or_default(given, "options"));
    EvaluateOptions wanted;
    wanted.share = options.share == 0.0 ? config.share : options.share;
    if (options.replicates < 0) {
        return wrong("replicates",
                     fmt::format("is {}: it is at least 1, or 0 for the configuration's", options.replicates));
    }
    wanted.replicates = options.replicates == 0 ? config.train.replicates : options.replicates;
    PITOT_TRY(const auto confidences, array(options.confidences, options.confidence_count, "confidences"));
    wanted.confidences.assign(confidences.begin(), confidences.end());
    wanted.bounds = !confidences.empty();
    return wanted;
}

template <typename T>
Result<const T*> element(const std::vector<T>& of, std::int64_t number, const char* argument) {
    if (number < 0 || number >= std::ssize(of)) {
        return wrong(argument, fmt::format("is {}, but there are {}", number, of.size()));
    }
    return &of[static_cast<std::size_t>(number)];
}

pitot_evaluation_view view_of(const Evaluation& evaluation) {
    pitot_evaluation_view view{};
    view.objectives = std::ssize(evaluation.objectives);
    view.replicates = evaluation.replicates;
    view.replicates_asked = evaluation.replicates_asked;
    view.steps = evaluation.steps;
    view.seconds = evaluation.seconds;
    view.complete = evaluation.complete ? 1 : 0;
    return view;
}

pitot_objective_view view_of(const ObjectiveMetrics& metrics) {
    pitot_objective_view view{};
    view.objective = metrics.objective.c_str();
    view.test_rows = metrics.test_rows;
    view.calibration_rows = metrics.calibration_rows;
    view.error = metrics.model.mape.mean;
    view.error_std = metrics.model.mape.std;
    view.baseline_error = metrics.baseline.mape.mean;
    view.baseline_error_std = metrics.baseline.mape.std;
    view.replicate_errors = std::ssize(metrics.model.replicates);
    view.replicate_error = metrics.model.replicates.data();
    view.replicate_baseline_errors = std::ssize(metrics.baseline.replicates);
    view.replicate_baseline_error = metrics.baseline.replicates.data();
    view.percentiles = metrics.model.percentile.data();
    view.baseline_percentiles = metrics.baseline.percentile.data();
    view.bounds = std::ssize(metrics.bounds);
    return view;
}

pitot_bound_view view_of(const BoundMetrics& metrics) {
    pitot_bound_view view{};
    view.confidence = metrics.confidence;
    view.coverage = metrics.coverage.mean;
    view.coverage_std = metrics.coverage.std;
    view.over_provisioning = metrics.over_provisioning.mean;
    view.over_provisioning_std = metrics.over_provisioning.std;
    view.rows_without_bound = metrics.unbounded_rows;
    view.unavailable = metrics.unavailable.c_str();
    return view;
}

}  // namespace

extern "C" {

PITOT_C_API pitot_status pitot_evaluate(const pitot_dataset* dataset, const pitot_config* config,
                                        const pitot_evaluate_options* options, const pitot_run_options* run,
                                        pitot_evaluation** out) {
    return guarded([&]() -> Result<void> {
        if (auto ok = check_out(out, "out").and_then([&] { return check_handle(dataset, "dataset"); }); !ok) {
            return ok;
        }
        if (config != nullptr) {
            if (auto ok = check_handle(config, "config"); !ok) {
                return ok;
            }
        }
        pitot::FitConfig with = config != nullptr ? config->config : pitot::default_config(dataset->dataset);
        PITOT_TRY(auto how, evaluate_options(options, with));
        PITOT_TRY(const auto running, Run::make(run));
        how.context = running->context();
        auto evaluated = pitot::evaluate(dataset->dataset, with, how);
        if (auto ok = running->check_callback(); !ok) {
            return ok;
        }
        with.share = how.share;
        return std::move(evaluated).map([&](pitot::Evaluation&& evaluation) {
            *out = std::make_unique<pitot_evaluation>(std::move(evaluation), std::move(with)).release();
        });
    });
}

PITOT_C_API pitot_status pitot_evaluation_get(const pitot_evaluation* evaluation, pitot_evaluation_view* view) {
    return guarded([&]() -> Result<void> {
        return check_handle(evaluation, "evaluation").and_then([&] {
            return fill(view, view_of(evaluation->evaluation), "view");
        });
    });
}

PITOT_C_API pitot_status pitot_evaluation_objective(const pitot_evaluation* evaluation, int64_t objective,
                                                    pitot_objective_view* view) {
    return guarded([&]() -> Result<void> {
        return check_handle(evaluation, "evaluation")
            .and_then([&] { return element(evaluation->evaluation.objectives, objective, "objective"); })
            .and_then([&](const pitot::ObjectiveMetrics* metrics) { return fill(view, view_of(*metrics), "view"); });
    });
}

PITOT_C_API pitot_status pitot_evaluation_bound(const pitot_evaluation* evaluation, int64_t objective, int64_t bound,
                                                pitot_bound_view* view) {
    return guarded([&]() -> Result<void> {
        return check_handle(evaluation, "evaluation")
            .and_then([&] { return element(evaluation->evaluation.objectives, objective, "objective"); })
            .and_then([&](const pitot::ObjectiveMetrics* metrics) { return element(metrics->bounds, bound, "bound"); })
            .and_then([&](const pitot::BoundMetrics* metrics) { return fill(view, view_of(*metrics), "view"); });
    });
}

PITOT_C_API pitot_status pitot_evaluation_to_json(const pitot_evaluation* evaluation, pitot_bytes** out) {
    return guarded([&]() -> Result<void> {
        return check_out(out, "out").and_then([&] { return check_handle(evaluation, "evaluation"); }).map([&] {
            give(out, pitot::evaluation::to_json(evaluation->evaluation, evaluation->config)
                          .dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
        });
    });
}

PITOT_C_API void pitot_evaluation_free(pitot_evaluation* evaluation) { free_handle(evaluation); }

}  // extern "C"

}  // namespace pitot::c_api
