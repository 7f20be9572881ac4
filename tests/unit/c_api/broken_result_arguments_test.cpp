// Learning on, advice, explanations and evaluations with every argument broken in turn.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>

#include "unit/c_api/expect_broken.hpp"
#include "unit/c_api/fleet.hpp"

namespace pitot::test {
namespace {

// A result's view and JSON.
template <typename Handle, typename View>
void expect_result_checked(const Handle* result, pitot_status (*get)(const Handle*, View*),
                           pitot_status (*to_json)(const Handle*, pitot_bytes**)) {
    auto view = sized<View>();
    OwnedBytes bytes;
    ASSERT_EQ(get(result, &view), PITOT_OK);
    ASSERT_EQ(to_json(result, bytes.out()), PITOT_OK);
    expect_handle_checked<const Handle>([&](auto* given) { return get(given, &view); });
    expect_struct_checked<View>([&](auto* given) { return get(result, given); });
    expect_handle_checked<const Handle>([&](auto* given) { return to_json(given, bytes.out()); });
    expect_out_checked<pitot_bytes>([&](auto** out) { return to_json(result, out); },
                                    [&](auto** out) { return to_json(nullptr, out); });
}

TEST(CBrokenResultArguments, Observing) {
    const pitot_model* model = fleet_model().get();
    const OwnedDataset runs = Fleet().dataset();
    OwnedModel learned;
    OwnedObservation told;
    ASSERT_EQ(pitot_observe(model, runs.get(), learned.out(), told.out()), PITOT_OK) << pitot_last_error();
    expect_result_checked(told.get(), pitot_observation_get, pitot_observation_to_json);
    expect_out_checked<pitot_model>([&](auto** out) { return pitot_observe(model, runs.get(), out, nullptr); },
                                    [&](auto** out) { return pitot_observe(model, nullptr, out, nullptr); });
    expect_handle_checked<const pitot_model>(
        [&](auto* given) { return pitot_observe(given, runs.get(), learned.out(), nullptr); });
    expect_handle_checked<const pitot_dataset>(
        [&](auto* given) { return pitot_observe(model, given, learned.out(), nullptr); });
    expect_usage(pitot_observe(model, runs.get(), learned.out(), misaligned<pitot_observation*>()), "told");
    OwnedConfig config;
    OwnedModel plain;
    ASSERT_EQ(pitot_config_preset("baseline/linear_scaling", config.out()), PITOT_OK);
    ASSERT_EQ(pitot_fit(runs.get(), config.get(), nullptr, plain.out()), PITOT_OK);
    OwnedAdvice advice;
    OwnedExplanation explanation;
    expect_status(pitot_observe(plain.get(), runs.get(), learned.out(), nullptr), PITOT_ERROR_INPUT, "");
    expect_status(pitot_advise(plain.get(), nullptr, nullptr, advice.out()), PITOT_ERROR_INPUT, "");
    expect_status(pitot_explain(plain.get(), 0, 0, 1, explanation.out()), PITOT_ERROR_INPUT, "");
}

// The fleet without the pairs that advice is about.
const OwnedModel& sparse_model() {
    static const OwnedModel model = [] {
        const Fleet all;
        Fleet some;
        some.platform.clear();
        some.module.clear();
        some.runtime_us.clear();
        some.co_runners.clear();
        some.offsets = {0};
        for (std::size_t n = 0; n < all.platform.size(); ++n) {
            if ((all.platform[n] + 2 * all.module[n]) % 5 != 0) {
                some.add(all.platform[n], all.module[n], {}, all.runtime_us[n]);
            }
        }
        OwnedModel made;
        EXPECT_EQ(pitot_fit(some.dataset().get(), nullptr, nullptr, made.out()), PITOT_OK) << pitot_last_error();
        return made;
    }();
    return model;
}

TEST(CBrokenResultArguments, Advising) {
    const pitot_model* model = sparse_model().get();
    OwnedAdvice advice;
    ASSERT_EQ(pitot_advise(model, nullptr, nullptr, advice.out()), PITOT_OK) << pitot_last_error();
    expect_result_checked(advice.get(), pitot_advice_get, pitot_advice_to_json);
    const auto advise = [&](const pitot_advise_options* options) {
        return pitot_advise(model, options, nullptr, advice.out());
    };
    expect_out_checked<pitot_advice>([&](auto** out) { return pitot_advise(model, nullptr, nullptr, out); },
                                     [&](auto** out) { return pitot_advise(nullptr, nullptr, nullptr, out); });
    expect_handle_checked<const pitot_model>(
        [&](auto* given) { return pitot_advise(given, nullptr, nullptr, advice.out()); });
    expect_struct_checked<const pitot_advise_options>([&](auto* given) { return advise(given); }, true);
    expect_struct_checked<const pitot_run_options>(
        [&](auto* given) { return pitot_advise(model, nullptr, given, advice.out()); }, true);
    static const std::array<std::int32_t, 1> outside{kFleetModules};
    const auto broken = [&](const std::function<void(pitot_advise_options&)>& how) {
        auto options = sized<pitot_advise_options>();
        how(options);
        return advise(&options);
    };
    expect_usage(broken([](auto& o) { o.budget = -1; }), "budget");
    expect_usage(broken([](auto& o) { o.by_seconds = 3; }), "by_seconds");
    expect_usage(broken([](auto& o) { o.platform_count = 1; }), "platforms");
    expect_usage(broken([](auto& o) { o.platform_count = -1; }), "platforms");
    expect_usage(broken([](auto& o) { o.module_count = 1; }), "modules");
    expect_usage(broken([](auto& o) { o.among_count = 1; }), "among_platform");
    expect_usage(broken([](auto& o) {
                     o.platforms = outside.data();
                     o.platform_count = 1;
                 }),
                 "");
    expect_usage(broken([](auto& o) {
                     o.modules = outside.data();
                     o.module_count = 1;
                 }),
                 "");
    expect_usage(broken([](auto& o) {
                     o.among_platform = outside.data();
                     o.among_module = outside.data();
                     o.among_count = 1;
                 }),
                 "");
    EXPECT_EQ(broken([](auto& o) { o.budget = std::numeric_limits<std::int64_t>::max(); }), PITOT_OK)
        << pitot_last_error();
}

TEST(CBrokenResultArguments, Explaining) {
    const pitot_model* model = fleet_model().get();
    OwnedExplanation explanation;
    ASSERT_EQ(pitot_explain(model, 0, 0, 3, explanation.out()), PITOT_OK) << pitot_last_error();
    expect_result_checked(explanation.get(), pitot_explanation_get, pitot_explanation_to_json);
    expect_out_checked<pitot_explanation>([&](auto** out) { return pitot_explain(model, 0, 0, 3, out); },
                                          [&](auto** out) { return pitot_explain(model, 0, 0, -1, out); });
    expect_handle_checked<const pitot_model>(
        [&](auto* given) { return pitot_explain(given, 0, 0, 3, explanation.out()); });
    for (const std::int32_t row : {-1, kFleetModules, std::numeric_limits<std::int32_t>::min()}) {
        expect_usage(pitot_explain(model, row, 0, 3, explanation.out()), "");
        expect_usage(pitot_explain(model, 0, row, 3, explanation.out()), "");
    }
    EXPECT_EQ(pitot_explain(model, 0, 0, std::numeric_limits<std::int64_t>::max(), explanation.out()), PITOT_OK);
}

TEST(CBrokenResultArguments, Evaluating) {
    const OwnedDataset dataset = Fleet().dataset();
    OwnedConfig config;
    OwnedEvaluation evaluation;
    ASSERT_EQ(pitot_config_preset("baseline/linear_scaling", config.out()), PITOT_OK);
    static const std::array<double, 2> confidences{0.5, 0.6};
    const auto evaluate = [&](const std::function<void(pitot_evaluate_options&)>& how) {
        auto options = sized<pitot_evaluate_options>();
        options.share = 0.5;
        options.replicates = 2;
        options.confidences = confidences.data();
        options.confidence_count = 2;
        how(options);
        return pitot_evaluate(dataset.get(), config.get(), &options, nullptr, evaluation.out());
    };
    expect_usage(evaluate([](auto& o) { o.share = kNotANumber; }), "");
    expect_usage(evaluate([](auto& o) { o.share = -0.1; }), "");
    expect_usage(evaluate([](auto& o) { o.share = 1.5; }), "");
    expect_usage(evaluate([](auto& o) { o.replicates = -1; }), "replicates");
    expect_usage(evaluate([](auto& o) { o.replicates = std::numeric_limits<std::int64_t>::max(); }), "replicates");
    expect_usage(evaluate([](auto& o) { o.confidences = nullptr; }), "confidences");
    expect_usage(evaluate([](auto& o) { o.confidence_count = -1; }), "confidences");
    static const std::array<double, 2> wrong{0.5, kNotANumber};
    expect_usage(evaluate([](auto& o) { o.confidences = wrong.data(); }), "confidence");
    ASSERT_EQ(evaluate([](auto&) {}), PITOT_OK) << pitot_last_error();
    expect_result_checked(evaluation.get(), pitot_evaluation_get, pitot_evaluation_to_json);
    const auto call = [&](const pitot_dataset* d, const pitot_config* c, const pitot_run_options* r,
                          pitot_evaluation** out) { return pitot_evaluate(d, c, nullptr, r, out); };
    OwnedEvaluation other;
    expect_out_checked<pitot_evaluation>([&](auto** out) { return call(dataset.get(), config.get(), nullptr, out); },
                                         [&](auto** out) { return call(nullptr, config.get(), nullptr, out); });
    expect_handle_checked<const pitot_dataset>(
        [&](auto* given) { return call(given, config.get(), nullptr, other.out()); });
    expect_usage(call(dataset.get(), misaligned<pitot_config>(), nullptr, other.out()), "config");
    expect_struct_checked<const pitot_run_options>(
        [&](auto* given) { return call(dataset.get(), config.get(), given, other.out()); }, true);
    expect_struct_checked<const pitot_evaluate_options>(
        [&](auto* given) { return pitot_evaluate(dataset.get(), config.get(), given, nullptr, other.out()); }, true);
    auto objective = sized<pitot_objective_view>();
    auto bound = sized<pitot_bound_view>();
    const pitot_evaluation* done = evaluation.get();
    expect_handle_checked<const pitot_evaluation>(
        [&](auto* given) { return pitot_evaluation_objective(given, 0, &objective); });
    expect_struct_checked<pitot_objective_view>(
        [&](auto* given) { return pitot_evaluation_objective(done, 0, given); });
    expect_handle_checked<const pitot_evaluation>(
        [&](auto* given) { return pitot_evaluation_bound(given, 0, 0, &bound); });
    expect_struct_checked<pitot_bound_view>([&](auto* given) { return pitot_evaluation_bound(done, 0, 0, given); });
    for (const std::int64_t number : {std::int64_t{-1}, std::int64_t{99}, std::numeric_limits<std::int64_t>::min()}) {
        expect_usage(pitot_evaluation_objective(done, number, &objective), "objective");
        expect_usage(pitot_evaluation_bound(done, number, 0, &bound), "objective");
        expect_usage(pitot_evaluation_bound(done, 0, number, &bound), "bound");
    }
}

}  // namespace
}  // namespace pitot::test
