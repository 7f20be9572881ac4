// Handwritten gradients of every family and loss against finite differences of the reference backend, and the cpu
// backend against the reference on the same programs.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "backend/backend.hpp"
#include "core/key.hpp"
#include "model/model.hpp"
#include "support/synthetic.hpp"

namespace pitot {
namespace {

struct Case {
    std::string name;
    ModelConfig config;
    std::int32_t width = 0;  // co-runners a row
    int rows = 23;
};

ModelConfig changed(const char* base, std::vector<std::int64_t> layers) {
    ModelConfig m = preset(base)->model;
    m.layers = std::move(layers);
    return m;
}

std::vector<Case> cases() {
    std::vector<Case> list;
    const auto add = [&](const std::string& name, ModelConfig config, std::int32_t width = 0) {
        // Large enough that the learned part matters beside the baseline.
        config.alpha = 0.3;
        config.beta = 0.5;
        list.push_back({name, config, width});
    };
    add("embedding", changed("embedding/128", {7, 5}));
    add("embedding deep", changed("embedding/128", {9, 6, 17, 4}));
    add("embedding one layer", changed("embedding/128", {6}));
    add("no learned features", changed("features/0", {7, 5}));
    add("no platform features", changed("baseline/module_only", {7, 5}));
    add("no module features", changed("baseline/platform_only", {7, 5}));
    add("no baseline", changed("baseline/non_baseline", {7, 5}));
    add("linear", changed("linear/32", {19}));
    add("paragon", changed("paragon/32", {5}));
    add("interference, no co-runner columns", changed("interference/2", {7, 5}));
    add("interference 1", changed("interference/1", {7, 5}), 1);
    add("interference 3, two co-runners", changed("interference/3", {7, 5}), 2);
    add("interference 2, five co-runners", changed("interference/2", {6, 33}), 5);
    ModelConfig tables = changed("interference/2", {5});
    tables.platform_features = tables.module_features = false;
    add("interference on tables", tables, 2);
    add("network", changed("baseline/mlp", {7, 6, 1}));
    add("network without a second hidden layer", changed("baseline/mlp", {7, 1}));
    add("platform network", changed("baseline/device_mlp", {6, 5, 1}));
    // More rows than are worked on at a time.
    for (std::size_t n = list.size() - 3, end = list.size(); n < end; ++n) {
        Case longer = list[n];
        longer.name += ", many rows";
        longer.rows = 600;
        list.push_back(longer);
    }
    return list;
}

struct Prepared {
    Dataset dataset;
    Model model;
    std::vector<std::int32_t> platform, module, co_runner;
    std::vector<float> target;
    std::vector<double> parameters, platform_term, module_term;
    PairColumns rows;

    explicit Prepared(const Case& c) {
        dataset = test::synthetic_dataset({.platforms = 5, .modules = 6, .features = 3, .seed = 4});
        model = build_model(c.config, dataset.platforms, dataset.modules);
        const Key key = Key(11).fold(c.name);
        parameters = initial_parameters(model.program, key);
        for (std::size_t n = 0; n < parameters.size(); ++n) {
            // Tables start tiny and biases at 0; spread them so that every path carries weight.
            parameters[n] += 0.4 * (2.0 * key.uniform(n) - 1.0);
        }
        Stream stream(key.fold("rows"));
        for (int b = 0; b < c.rows; ++b) {
            platform.push_back(static_cast<std::int32_t>(stream.below(5)));
            module.push_back(static_cast<std::int32_t>(stream.below(6)));
            for (std::int32_t w = 0; w < c.width; ++w) {
                co_runner.push_back(static_cast<std::int32_t>(stream.below(7)) - 1);
            }
            target.push_back(static_cast<float>(0.5 + 2.0 * stream.uniform()));
        }
        for (int i = 0; i < 5; ++i) {
            platform_term.push_back(stream.uniform());
        }
        for (int j = 0; j < 6; ++j) {
            module_term.push_back(stream.uniform());
        }
        rows = {platform, module, co_runner, c.width, target};
    }

    [[nodiscard]] std::unique_ptr<Executor> prepare(const Backend& backend) const {
        auto executor = std::move(*backend.prepare(model.program, 1));
        executor->set_parameters(0, parameters);
        if (model.platform_baseline >= 0) {
            executor->set_constant(0, model.platform_baseline, platform_term);
            executor->set_constant(0, model.module_baseline, module_term);
        }
        return executor;
    }
};

class EveryModel : public testing::TestWithParam<Case> {};

TEST_P(EveryModel, GradientsAgreeWithFiniteDifferences) {
    const Prepared setup(GetParam());
    const auto executor = setup.prepare(reference_backend());
    constexpr double kWeight = 0.7;
    std::vector<double> gradient(setup.parameters.size());
    std::vector<double> unused(setup.parameters.size());
    const double loss = executor->gradient(0, setup.rows, kWeight, gradient);
    EXPECT_GT(loss, 0.0);
    double largest = 0.0;
    for (std::size_t n = 0; n < gradient.size(); ++n) {
        constexpr double kStep = 1e-5;
        std::vector<double> moved = setup.parameters;
        moved[n] += kStep;
        executor->set_parameters(0, moved);
        const double up = executor->gradient(0, setup.rows, kWeight, unused);
        moved[n] -= 2.0 * kStep;
        executor->set_parameters(0, moved);
        const double down = executor->gradient(0, setup.rows, kWeight, unused);
        const double difference = (up - down) / (2.0 * kStep);
        ASSERT_NEAR(gradient[n], difference, 1e-6 * std::max(1.0, std::abs(difference))) << "parameter " << n;
        largest = std::max(largest, std::abs(difference));
    }
    EXPECT_GT(largest, 1e-3);
}

TEST_P(EveryModel, CpuAgreesWithTheReference) {
    const Prepared setup(GetParam());
    const auto reference = setup.prepare(reference_backend());
    const auto cpu = setup.prepare(cpu_backend());
    std::vector<double> want(setup.parameters.size());
    std::vector<double> got(setup.parameters.size());
    EXPECT_NEAR(cpu->gradient(0, setup.rows, 1.0, got), reference->gradient(0, setup.rows, 1.0, want), 1e-4);
    const double scale = *std::ranges::max_element(want, {}, [](double x) { return std::abs(x); });
    for (std::size_t n = 0; n < want.size(); ++n) {
        ASSERT_NEAR(got[n], want[n], 1e-5 * std::max(1.0, std::abs(scale))) << "parameter " << n;
    }
    std::vector<double> want_y(setup.platform.size());
    std::vector<double> got_y(setup.platform.size());
    reference->predict(0, setup.rows, want_y);
    cpu->predict(0, setup.rows, got_y);
    for (std::size_t b = 0; b < want_y.size(); ++b) {
        EXPECT_NEAR(got_y[b], want_y[b], 1e-5 * std::max(1.0, std::abs(want_y[b])));
    }
}

TEST_P(EveryModel, TrainingStepsAgreeBetweenBackends) {
    const Prepared setup(GetParam());
    std::vector<std::int64_t> some(setup.platform.size());
    for (std::size_t n = 0; n < some.size(); ++n) {
        some[n] = static_cast<std::int64_t>(n);
    }
    const std::vector<Objective> objectives{{setup.rows, {some}, 16, 1.0}, {setup.rows, {some}, 9, 0.5}};
    const Adam adam{1e-2, 0.9, 0.999, 1e-8};
    const Key key(3);
    std::vector<std::vector<double>> trained;
    std::vector<double> loss;
    for (const Backend* backend : {&reference_backend(), &cpu_backend()}) {
        const auto executor = setup.prepare(*backend);
        double first = 0.0;
        executor->train(objectives, adam, std::span(&key, 1), 0, 5, std::span(&first, 1));
        double last = 0.0;
        executor->train(objectives, adam, std::span(&key, 1), 5, 200, std::span(&last, 1));
        executor->train(objectives, adam, std::span(&key, 1), 205, 5, std::span(&last, 1));
        EXPECT_LT(last, first) << backend->name();
        loss.push_back(last);
    }
    EXPECT_NEAR(loss[0], loss[1], 0.02 * std::max(loss[0], 0.01));
}

INSTANTIATE_TEST_SUITE_P(Families, EveryModel, testing::ValuesIn(cases()), [](const auto& c) {
    std::string name = c.param.name;
    std::ranges::replace_if(
        name, [](char letter) { return std::isalnum(static_cast<unsigned char>(letter)) == 0; }, '_');
    return name;
});

}  // namespace
}  // namespace pitot
