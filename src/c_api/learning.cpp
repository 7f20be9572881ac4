// Learning on, advice and explanations.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "c_api/errors.hpp"
#include "c_api/handles.hpp"
#include "predict/told_json.hpp"

pitot_advice::pitot_advice(pitot::Predictor model, pitot::Advice of, bool seconds)
    : predictor(std::move(model)), advice(std::move(of)), by_seconds(seconds) {
    for (const pitot::AdvisedPair& pair : advice.pairs) {
        platform.push_back(pair.platform);
        module.push_back(pair.module);
        runtime_us.push_back(pair.runtime_us);
        error.push_back(pair.error);
        margin.push_back(pair.bound);
    }
}

pitot_explanation::pitot_explanation(pitot::Predictor model, std::int32_t on, std::int32_t what,
                                     pitot::PairExplanation of)
    : predictor(std::move(model)), platform(on), module(what), explanation(std::move(of)) {
    for (const auto& term : explanation.terms) {
        term_names.add(term.name);
        term_values.push_back(term.value);
    }
    for (const auto& part : explanation.parts) {
        part_names.add(part.name);
        part_variances.push_back(part.variance);
    }
    for (const auto& near : explanation.near) {
        near_platform.push_back(near.platform);
        near_module.push_back(near.module);
        near_co_runners.insert(near_co_runners.end(), near.co_runners.begin(), near.co_runners.end());
        near_offsets.push_back(std::ssize(near_co_runners));
        near_runs.push_back(near.runs);
        near_mean.push_back(near.mean);
        near_weight.push_back(near.weight);
    }
}

namespace pitot::c_api {
namespace {

pitot_observation_view view_of(const Observation& told) {
    pitot_observation_view view{};
    view.runs = told.runs;
    view.runs_beside = told.beside;
    view.new_pairs = told.new_pairs;
    view.known_pairs = told.known_pairs;
    view.left_out = told.left_out;
    view.no_more_calibrating = told.no_more_calibrating;
    view.folded_in = told.folded_in;
    view.fitted_pairs = told.fitted;
    view.bounded_pairs = told.bounded;
    view.covered_pairs = told.covered;
    view.confidence = told.confidence;
    view.log_likelihood = told.log_likelihood;
    view.expected_log_likelihood = told.expected_log_likelihood;
    view.surprise = told.surprise;
    view.mean_error = told.mean_error;
    view.reason = told.reason.c_str();
    view.refit_due = told.refit_due ? 1 : 0;
    view.recalibrated = told.recalibrated ? 1 : 0;
    return view;
}

Result<AdviseOptions> advise_options(const pitot_advise_options* given) {
    PITOT_TRY(const auto options, struct_or_default(given, "options"));
    AdviseOptions wanted;
    if (auto ok = check_reserved(options.reserved); !ok) {
        return Failure(ok.error());
    }
    if (options.budget < 0) {
        return wrong("budget", fmt::format("is {}: it is at least 1, or 0 for 10", options.budget));
    }
    wanted.budget = options.budget == 0 ? wanted.budget : options.budget;
    PITOT_TRY(const auto platforms, array(options.platforms, options.platform_count, "platforms"));
    PITOT_TRY(const auto modules, array(options.modules, options.module_count, "modules"));
    PITOT_TRY(const auto among_platform, array(options.among_platform, options.among_count, "among_platform"));
    PITOT_TRY(const auto among_module, array(options.among_module, options.among_count, "among_module"));
    wanted.platforms.assign(platforms.begin(), platforms.end());
    wanted.modules.assign(modules.begin(), modules.end());
    for (std::size_t k = 0; k < among_platform.size(); ++k) {
        wanted.among.emplace_back(among_platform[k], among_module[k]);
    }
    PITOT_TRY(wanted.by_seconds, flag(options.by_seconds, "by_seconds"));
    return wanted;
}

pitot_advice_view view_of(const pitot_advice& advice) {
    pitot_advice_view view{};
    view.pairs = std::ssize(advice.platform);
    view.platform = advice.platform.data();
    view.module = advice.module.data();
    view.runtime_us = advice.runtime_us.data();
    view.error = advice.error.data();
    view.margin = advice.margin.data();
    view.targets = advice.advice.targets;
    view.error_now = advice.advice.error;
    view.margin_now = advice.advice.bound;
    return view;
}

pitot_explanation_view view_of(const pitot_explanation& of) {
    pitot_explanation_view view{};
    view.answer = of.explanation.answer;
    view.deviation = of.explanation.deviation;
    view.terms = std::ssize(of.term_values);
    view.term_names = of.term_names.view();
    view.term_values = of.term_values.data();
    view.parts = std::ssize(of.part_variances);
    view.part_names = of.part_names.view();
    view.part_variances = of.part_variances.data();
    view.near = std::ssize(of.near_platform);
    view.near_platform = of.near_platform.data();
    view.near_module = of.near_module.data();
    view.near_co_runner_offsets = of.near_offsets.data();
    view.near_co_runners = of.near_co_runners.data();
    view.near_runs = of.near_runs.data();
    view.near_mean = of.near_mean.data();
    view.near_weight = of.near_weight.data();
    view.near_answer = of.explanation.near_answer;
    view.weighed = of.explanation.weighed;
    view.learned_from = of.explanation.learned_from;
    return view;
}

// JSON of a result into `out`.
template <typename Handle>
Result<void> give_json(const Handle* handle, const char* argument, pitot_bytes** out, auto json_of) {
    return check_out(out, "out").and_then([&] { return check_handle(handle, argument); }).and_then([&] {
        return Result<nlohmann::ordered_json>(json_of(*handle)).map([&](const nlohmann::ordered_json& json) {
            give(out, json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
        });
    });
}

}  // namespace

extern "C" {

PITOT_C_API pitot_status pitot_observe(const pitot_model* model, const pitot_dataset* runs, pitot_model** out,
                                       pitot_observation** told) {
    return guarded([&]() -> Result<void> {
        auto checked = check_out(out, "out")
                           .and_then([&] { return check_optional_out(told, "told"); })
                           .and_then([&] { return check_handle(model, "model"); })
                           .and_then([&] { return check_handle(runs, "runs"); });
        if (!checked) {
            return checked;
        }
        PITOT_TRY(auto observed, model->predictor.observe(runs->dataset));
        auto result = std::make_unique<pitot_observation>(std::move(observed.observation),
                                                          observed.predictor.calibration_rows(0));
        *out = std::make_unique<pitot_model>(std::move(observed.predictor), model->notes).release();
        if (told != nullptr) {
            *told = result.release();
        }
        return {};
    });
}

PITOT_C_API pitot_status pitot_observation_get(const pitot_observation* told, pitot_observation_view* view) {
    return guarded([&]() -> Result<void> {
        return check_handle(told, "told").and_then([&] { return fill(view, view_of(told->observation), "view"); });
    });
}

PITOT_C_API pitot_status pitot_observation_to_json(const pitot_observation* told, pitot_bytes** out) {
    return guarded([&]() -> Result<void> {
        return give_json(told, "told", out, [](const pitot_observation& of) {
            return pitot::predict::to_json(of.observation, of.calibration_rows);
        });
    });
}

PITOT_C_API void pitot_observation_free(pitot_observation* told) { free_handle(told); }

PITOT_C_API pitot_status pitot_advise(const pitot_model* model, const pitot_advise_options* options,
                                      const pitot_run_options* run, pitot_advice** out) {
    return guarded([&]() -> Result<void> {
        if (auto ok = check_out(out, "out").and_then([&] { return check_handle(model, "model"); }); !ok) {
            return ok;
        }
        PITOT_TRY(auto wanted, advise_options(options));
        PITOT_TRY(const auto running, Run::make(run));
        wanted.context = running->context();
        auto advice = model->predictor.advise(wanted);
        if (auto ok = running->check_callback(); !ok) {
            return ok;
        }
        return std::move(advice).map([&](pitot::Advice&& told) {
            *out = std::make_unique<pitot_advice>(model->predictor, std::move(told), wanted.by_seconds).release();
        });
    });
}

PITOT_C_API pitot_status pitot_advice_get(const pitot_advice* advice, pitot_advice_view* view) {
    return guarded([&]() -> Result<void> {
        return check_handle(advice, "advice").and_then([&] { return fill(view, view_of(*advice), "view"); });
    });
}

PITOT_C_API pitot_status pitot_advice_to_json(const pitot_advice* advice, pitot_bytes** out) {
    return guarded([&]() -> Result<void> {
        return give_json(advice, "advice", out, [](const pitot_advice& of) {
            return pitot::predict::to_json(of.predictor, of.advice, of.by_seconds);
        });
    });
}

PITOT_C_API void pitot_advice_free(pitot_advice* advice) { free_handle(advice); }

PITOT_C_API pitot_status pitot_explain(const pitot_model* model, int32_t platform, int32_t module, int64_t most,
                                       pitot_explanation** out) {
    return guarded([&]() -> Result<void> {
        if (auto ok = check_out(out, "out").and_then([&] { return check_handle(model, "model"); }); !ok) {
            return ok;
        }
        if (most < 0) {
            return wrong("most", fmt::format("is {}: it is 0 or more", most));
        }
        return model->predictor.explain(platform, module, most).map([&](pitot::PairExplanation&& told) {
            *out = std::make_unique<pitot_explanation>(model->predictor, platform, module, std::move(told)).release();
        });
    });
}

PITOT_C_API pitot_status pitot_explanation_get(const pitot_explanation* explanation, pitot_explanation_view* view) {
    return guarded([&]() -> Result<void> {
        return check_handle(explanation, "explanation").and_then([&] {
            return fill(view, view_of(*explanation), "view");
        });
    });
}

PITOT_C_API pitot_status pitot_explanation_to_json(const pitot_explanation* explanation, pitot_bytes** out) {
    return guarded([&]() -> Result<void> {
        return give_json(
            explanation, "explanation", out, [](const pitot_explanation& of) -> Result<nlohmann::ordered_json> {
                PITOT_TRY(const auto answer, of.predictor.predict_pair(of.platform, of.module, 0.9));
                return pitot::predict::to_json(of.predictor, of.platform, of.module, of.explanation, answer.bound_us);
            });
    });
}

PITOT_C_API void pitot_explanation_free(pitot_explanation* explanation) { free_handle(explanation); }

}  // extern "C"

}  // namespace pitot::c_api
