// Handwritten gradients of every family and loss against finite differences of the reference backend, and the cpu
// backend against the reference on the same programs.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "backend/backend.hpp"
#include "core/key.hpp"
#include "models/folds/step_program.hpp"
#include "support/synthetic.hpp"
#include "train/initial_parameters.hpp"

namespace pitot::models {
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
    ModelConfig relative = changed("paragon/32", {5});
    relative.loss = Loss::kRelative;
    add("relative loss", relative);
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
    backend::PairColumns rows;
    std::vector<std::int64_t> all;  // their numbers

    explicit Prepared(const Case& c) {
        dataset = test::synthetic_dataset({.platforms = 5, .modules = 6, .features = 3, .seed = 4});
        model = build_model(c.config, dataset.platforms, dataset.modules);
        const core::Key key = core::Key(11).fold(c.name);
        parameters = train::initial_parameters(model.program, key);
        for (std::size_t n = 0; n < parameters.size(); ++n) {
            // Tables start tiny and biases at 0; spread them so that every path carries weight.
            parameters[n] += 0.4 * (2.0 * key.uniform(n) - 1.0);
        }
        core::Stream stream(key.fold("rows"));
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
        all.resize(platform.size());
        std::iota(all.begin(), all.end(), std::int64_t{0});
    }

    [[nodiscard]] std::unique_ptr<backend::Executor> prepare(const backend::Backend& backend) const {
        auto executor = std::move(
            *backend.prepare(model.program, 1, {.data = std::move(*backend.make_resident(std::span(&rows, 1)))}));
        executor->set_objectives({{0, {all}, 16, 1.0}, {0, {all}, 9, 0.5}});
        executor->set_parameters(0, parameters);
        if (model.platform_baseline >= 0) {
            executor->set_constant(0, model.platform_baseline, platform_term);
            executor->set_constant(0, model.module_baseline, module_term);
        }
        return executor;
    }

    // Mean loss over these steps. An epsilon that is not far below the gradients: else the direction in which a
    // parameter moves whose gradient is all but 0 would be a matter of rounding.
    double train(backend::Executor& executor, std::int64_t first, std::int64_t steps) const {
        const core::Key key(3);
        double loss = 0.0;
        executor.train({1e-2, 0.9, 0.999, 1e-2}, std::span(&key, 1), first, steps, std::span(&loss, 1));
        return loss;
    }
};

// Each parameter's gradient against what the loss changes by, and that every buffer has one that is not 0.
void expect_gradient_of_differences(backend::Executor& executor, const Prepared& setup) {
    constexpr double kWeight = 0.7;
    constexpr double kStep = 1e-5;
    const std::vector<double> parameters = executor.parameters(0);
    std::vector<double> gradient(parameters.size());
    std::vector<double> unused(parameters.size());
    EXPECT_GT(executor.gradient(0, setup.rows, kWeight, gradient), 0.0);
    const auto loss_at = [&](std::size_t n, double value) {
        std::vector<double> moved = parameters;
        moved[n] = value;
        executor.set_parameters(0, moved);
        return executor.gradient(0, setup.rows, kWeight, unused);
    };
    std::size_t n = 0;
    for (const backend::BufferInfo& buffer : setup.model.program.buffers) {
        double largest = 0.0;
        for (std::int64_t left = buffer.role == backend::Role::kParameter ? buffer.rows * buffer.cols : 0; left > 0;
             --left) {
            const double difference =
                (loss_at(n, parameters[n] + kStep) - loss_at(n, parameters[n] - kStep)) / (2.0 * kStep);
            ASSERT_NEAR(gradient[n], difference, 1e-8 * std::max(1.0, std::abs(difference)))
                << buffer.name << ", parameter " << n;
            largest = std::max(largest, std::abs(difference));
            ++n;
        }
        EXPECT_TRUE(buffer.role != backend::Role::kParameter || largest > 1e-4) << buffer.name << ' ' << largest;
    }
    EXPECT_EQ(n, parameters.size());
}

class EveryModel : public testing::TestWithParam<Case> {};

TEST_P(EveryModel, GradientsAgreeWithFiniteDifferences) {
    const Prepared setup(GetParam());
    expect_gradient_of_differences(*setup.prepare(backend::reference_backend()), setup);
}

TEST_P(EveryModel, GradientsAgreeAfterTrainingToo) {
    const Prepared setup(GetParam());
    const auto executor = setup.prepare(backend::reference_backend());
    EXPECT_GT(setup.train(*executor, 0, 25), 0.0);
    EXPECT_NE(executor->parameters(0), setup.parameters);
    expect_gradient_of_differences(*executor, setup);
}

TEST_P(EveryModel, CpuAgreesWithTheReference) {
    const Prepared setup(GetParam());
    const auto reference = setup.prepare(backend::reference_backend());
    const auto cpu = setup.prepare(backend::cpu_backend());
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
    const auto reference = setup.prepare(backend::reference_backend());
    const auto cpu = setup.prepare(backend::cpu_backend());
    double first = 0.0;
    double want = 0.0;
    constexpr std::int64_t together = 25;
    for (std::int64_t step = 0; step < 8 * together; step += together) {
        want = setup.train(*reference, step, together);
        EXPECT_NEAR(setup.train(*cpu, step, together), want, 1e-5 * std::max(1.0, want)) << "from step " << step;
        const auto wanted = reference->parameters(0);
        const auto got = cpu->parameters(0);
        for (std::size_t n = 0; n < wanted.size(); ++n) {
            ASSERT_NEAR(got[n], wanted[n], 1e-5 * std::max(1.0, std::abs(wanted[n])))
                << "parameter " << n << " after step " << step + together;
        }
        first = step == 0 ? want : first;
    }
    EXPECT_LT(want, first);
}

INSTANTIATE_TEST_SUITE_P(Families, EveryModel, testing::ValuesIn(cases()), [](const auto& c) {
    std::string name = c.param.name;
    std::ranges::replace_if(
        name, [](char letter) { return std::isalnum(static_cast<unsigned char>(letter)) == 0; }, '_');
    return name;
});

}  // namespace
}  // namespace pitot::models
