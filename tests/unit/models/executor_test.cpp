// Other ways through a step: shared among threads, and by the rows a batch names. Both must train the same model.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "backend/backend.hpp"
#include "core/key.hpp"
#include "models/folds/step_program.hpp"
#include "support/synthetic.hpp"
#include "train/initial_parameters.hpp"

namespace pitot::models {
namespace {

constexpr std::int64_t kPlatforms = 220;
constexpr std::int64_t kModules = 310;
constexpr std::int64_t kBatch = 12;
#if defined(PITOT_SANITIZED) || !defined(__OPTIMIZE__)
constexpr int kManySteps = 70;  // past the updates that are replayed, which is what such a build watches
#else
constexpr int kManySteps = 400;
#endif

// A made-up fleet whose rows are many beside a batch, and a model for it.
class Trial {
public:
    explicit Trial(const std::string& name) : config_(preset(name).value()) {
        config_.model.learned_features = 3;
        for (std::int64_t& width : config_.model.layers) {
            width = std::min<std::int64_t>(width, 48);
        }
        platforms_ = test::synthetic_side("platform", kPlatforms, 5, core::Key(1));
        modules_ = test::synthetic_side("module", kModules, 7, core::Key(2));
        for (std::int64_t i = 0; i < kModules; ++i) {
            for (std::int64_t c = 0; c < 7; ++c) {  // zeros enough for all rows' way to leave them out
                modules_.features(i, c) *= (i / 9 + 3 * c) % 5 < 3 ? 0.0 : 1.0;
            }
        }
        model_ = build_model(config_.model, platforms_, modules_);
        core::Stream stream{core::Key(3)};
        for (int n = 0; n < 4000; ++n) {
            platform_.push_back(static_cast<std::int32_t>(stream.below(kPlatforms)));
            module_.push_back(static_cast<std::int32_t>(stream.below(kModules)));
            co_runner_.push_back(static_cast<std::int32_t>(stream.below(kModules + 1)) - 1);
            co_runner_.push_back(static_cast<std::int32_t>(stream.below(kModules + 1)) - 1);
            target_.push_back(static_cast<float>(1.0 + stream.uniform()));
        }
        rows_.resize(platform_.size());
        std::iota(rows_.begin(), rows_.end(), std::int64_t{0});
    }

    [[nodiscard]] std::unique_ptr<backend::Executor> prepare(const backend::Backend& backend,
                                                             backend::ExecutionPlan plan,
                                                             std::int64_t group = 1) const {
        const std::vector<backend::PairColumns> tables{alone(), together()};
        plan.data = std::move(*backend.make_resident(tables));
        auto executor = std::move(*backend.prepare(model_.program, group, plan));
        for (std::int64_t g = 0; g < group; ++g) {
            executor->set_parameters(g, train::initial_parameters(model_.program, core::Key(4)));
            if (model_.platform_baseline >= 0) {
                executor->set_constant(g, model_.platform_baseline, std::vector<double>(kPlatforms, 0.25));
                executor->set_constant(g, model_.module_baseline, std::vector<double>(kModules, 0.5));
            }
        }
        if (group == 1) {
            executor->set_objectives({{0, {rows_}, kBatch, 1.0}, {1, {rows_}, kBatch / 2, 0.5}});
        }
        return executor;
    }

    [[nodiscard]] double train(backend::Executor& executor, std::int64_t first, std::int64_t steps,
                               const backend::Adam& adam = {1e-2, 0.9, 0.999, 1e-8}) const {
        const core::Key key(5);
        double loss = 0.0;
        executor.train(adam, std::span(&key, 1), first, steps, std::span(&loss, 1));
        return loss;
    }
    [[nodiscard]] backend::PairColumns alone() const { return {platform_, module_, {}, 0, target_}; }
    [[nodiscard]] const std::vector<std::int64_t>& rows() const { return rows_; }
    [[nodiscard]] backend::PairColumns together() const { return {platform_, module_, co_runner_, 2, target_}; }
    [[nodiscard]] std::size_t parameter_count() const {
        return static_cast<std::size_t>(model_.program.parameter_count());
    }

private:
    FitConfig config_;
    Side platforms_, modules_;
    Model model_;
    std::vector<std::int32_t> platform_, module_, co_runner_;
    std::vector<float> target_;
    std::vector<std::int64_t> rows_;
};

class Ways : public testing::TestWithParam<std::string> {};

const backend::ExecutionPlan kNamed{.platform_rows = kBatch + kBatch / 2, .module_rows = kBatch + 3 * kBatch / 2};

double largest(const std::vector<double>& values) {
    return std::abs(*std::ranges::max_element(values, {}, [](double x) { return std::abs(x); }));
}

void expect_same_parameters(backend::Executor& got, backend::Executor& want, const std::string& when) {
    const auto wanted = want.parameters(0);
    const auto found = got.parameters(0);
    const double scale = std::max(1.0, largest(wanted));
    for (std::size_t n = 0; n < wanted.size(); ++n) {
        ASSERT_NEAR(found[n], wanted[n], 1e-6 * scale) << "parameter " << n << ' ' << when;
    }
}

// Beyond the updates that are replayed one by one, and with a look at the parameters on the way.
TEST_P(Ways, NamedRowsTrainAsAllRowsDo) {
    const Trial trial(GetParam());
    const auto all = trial.prepare(backend::reference_backend(), {});
    const auto named = trial.prepare(backend::reference_backend(), kNamed);
    for (const std::int64_t first : {0, kManySteps}) {
        EXPECT_NEAR(trial.train(*named, first, kManySteps), trial.train(*all, first, kManySteps), 1e-7);
        expect_same_parameters(*named, *all, "from step " + std::to_string(first));
    }
    std::vector<double> want(4000);
    std::vector<double> got(4000);
    all->forward_towers();
    named->forward_towers();
    all->predict(0, trial.together(), want);
    named->predict(0, trial.together(), got);
    for (std::size_t n = 0; n < want.size(); ++n) {
        ASSERT_NEAR(got[n], want[n], 1e-6 * std::max(1.0, std::abs(want[n])));
    }
}

TEST(NamedRows, PredictRowsWithMoreCoRunnersThanThereAreModules) {
    const Trial trial("interference/2");
    const auto all = trial.prepare(backend::cpu_backend(), {});
    const auto named =
        trial.prepare(backend::cpu_backend(), {.platform_rows = kNamed.platform_rows, .module_rows = kModules + 3});
    all->forward_towers();
    named->forward_towers();
    const std::vector<std::int32_t> zero{0};
    std::vector<std::int32_t> co_runner(static_cast<std::size_t>(kModules) + 1);
    std::iota(co_runner.begin(), co_runner.end(), -1);
    const backend::PairColumns row{zero, zero, co_runner, static_cast<std::int32_t>(co_runner.size()), {}};
    double want = 0.0;
    double got = 0.0;
    all->predict(0, row, std::span(&want, 1));
    named->predict(0, row, std::span(&got, 1));
    EXPECT_NEAR(got, want, 1e-6 * std::abs(want));
}

// Some settings let missed updates be made up for at once, others do not.
TEST(NamedRows, TrainAsAllRowsDoWithAnySettingsOfAdam) {
    const Trial trial("linear/32");
    for (const auto& [beta1, beta2] : {std::pair(0.995, 0.999),
                                       {0.9, 0.99999},
                                       {0.9, 0.99},
                                       {0.9, 0.95},
                                       {0.5, 0.9},
                                       {0.0, 0.999},
                                       {0.0, 0.0},
                                       {0.999, 0.9}}) {
        const backend::Adam adam{1e-3, beta1, beta2, 1e-8};
        const auto all = trial.prepare(backend::reference_backend(), {});
        const auto named = trial.prepare(backend::reference_backend(), kNamed);
        const auto cpu = trial.prepare(backend::cpu_backend(), kNamed);
        const double want = trial.train(*all, 0, 150, adam);
        const std::string with = "with beta1 " + std::to_string(beta1) + ", beta2 " + std::to_string(beta2);
        EXPECT_NEAR(trial.train(*named, 0, 150, adam), want, 1e-6) << with;
        EXPECT_NEAR(trial.train(*cpu, 0, 150, adam), want, 0.01 * want) << with;
        expect_same_parameters(*named, *all, with);
    }
}

TEST(NamedRows, TakeChangedSettingsOfAdam) {
    const std::vector<backend::Adam> settings{{1e-2, 0.9, 0.999, 1e-8}, {1e-3, 0.9, 0.999, 1e-8},
                                              {1e-3, 0.5, 0.99, 1e-8},  {1e-3, 0.9, 0.95, 1e-8},
                                              {1e-2, 0.9, 0.999, 1e-8}, {1e-2, 0.9, 0.999, 1e-4}};
    const Trial trial("linear/32");
    const auto all = trial.prepare(backend::reference_backend(), {});
    const auto named = trial.prepare(backend::reference_backend(), kNamed);
    std::int64_t step = 0;
    for (const std::int64_t steps : {20, 90}) {  // before and after updates are no longer replayed
        for (const backend::Adam& adam : settings) {
            EXPECT_NEAR(trial.train(*named, step, steps, adam), trial.train(*all, step, steps, adam), 1e-6);
            step += steps;
        }
        expect_same_parameters(*named, *all, "after step " + std::to_string(step));
    }
    // Set anew, they are as at the start.
    const auto fresh = trial.prepare(backend::reference_backend(), {});
    named->set_parameters(0, fresh->parameters(0));
    EXPECT_NEAR(trial.train(*named, 0, 30), trial.train(*fresh, 0, 30), 1e-6);
    expect_same_parameters(*named, *fresh, "set anew");
}

TEST_P(Ways, NamedRowsHaveTheGradientOfAllRows) {
    const Trial trial(GetParam());
    const auto all = trial.prepare(backend::cpu_backend(), {});
    const auto named = trial.prepare(backend::cpu_backend(), kNamed);
    backend::PairColumns few = trial.together();
    few = {few.platform.first(6), few.module.first(6), few.co_runner.first(12), 2, few.target.first(6)};
    std::vector<double> want(trial.parameter_count());
    std::vector<double> got(trial.parameter_count());
    EXPECT_NEAR(named->gradient(0, few, 1.0, got), all->gradient(0, few, 1.0, want), 1e-6);
    const double scale = largest(want);
    EXPECT_GT(scale, 1e-6);
    for (std::size_t n = 0; n < want.size(); ++n) {
        ASSERT_NEAR(got[n], want[n], 1e-6 * scale) << "parameter " << n;
    }
}

TEST_P(Ways, CpuTrainsNamedRowsAsTheReferenceDoes) {
    const Trial trial(GetParam());
    const auto reference = trial.prepare(backend::reference_backend(), kNamed);
    const auto cpu = trial.prepare(backend::cpu_backend(), kNamed);
    const double want = trial.train(*reference, 0, 300);
    EXPECT_NEAR(trial.train(*cpu, 0, 300), want, 0.01 * want);
}

TEST_P(Ways, ThreadsThatShareAStepChangeNoBit) {
    const Trial trial(GetParam());
    for (backend::ExecutionPlan plan : {backend::ExecutionPlan{}, kNamed}) {
        const auto alone = trial.prepare(backend::cpu_backend(), plan);
        const double loss = trial.train(*alone, 0, 30);
        const auto want = alone->parameters(0);
        for (const int threads : {2, 3}) {
            plan.threads = threads;
            const auto shared = trial.prepare(backend::cpu_backend(), plan);
            EXPECT_EQ(trial.train(*shared, 0, 30), loss);
            EXPECT_EQ(shared->parameters(0), want) << threads << " threads";
        }
    }
}

// A rate that changes from step to step inside one call, and as a constant that differs from call to call.
TEST_P(Ways, ALearningRateMayChangeBetweenSteps) {
    const Trial trial(GetParam());
    const backend::LearningRate falling(
        [](std::int64_t step) { return 1e-2 / (1.0 + 0.02 * static_cast<double>(step)); });
    constexpr std::int64_t steps = 90;
    const auto step_by_step = [&](backend::Executor& executor) {
        double sum = 0.0;
        for (std::int64_t step = 0; step < steps; ++step) {
            sum += trial.train(executor, step, 1, {falling.at(step), 0.9, 0.999, 1e-8});
        }
        return sum / steps;
    };
    const backend::Adam adam{falling, 0.9, 0.999, 1e-8};
    const auto reference = trial.prepare(backend::reference_backend(), {});
    const double want = step_by_step(*reference);
    for (const backend::ExecutionPlan& plan : {backend::ExecutionPlan{}, kNamed}) {
        const auto at_once = trial.prepare(backend::reference_backend(), plan);
        EXPECT_NEAR(trial.train(*at_once, 0, steps, adam), want, 1e-9);
        expect_same_parameters(*at_once, *reference, "at once");
        const auto cpu = trial.prepare(backend::cpu_backend(), plan);
        EXPECT_NEAR(trial.train(*cpu, 0, steps, adam), want, 0.01 * want);
    }
    const auto cpu = trial.prepare(backend::cpu_backend(), {});
    const auto cpu_by_step = trial.prepare(backend::cpu_backend(), {});
    EXPECT_NEAR(trial.train(*cpu, 0, steps, adam), step_by_step(*cpu_by_step), 1e-12);
    EXPECT_EQ(cpu->parameters(0), cpu_by_step->parameters(0));
    // Another rate is another model.
    const auto constant = trial.prepare(backend::cpu_backend(), {});
    EXPECT_GT(trial.train(*constant, 0, steps), 0.0);
    EXPECT_NE(cpu->parameters(0), constant->parameters(0));
}

// From a constant rate to a falling one and back: what rows have missed by then is made up for by the old rate.
TEST(NamedRows, TakeAChangingRateAfterAConstantOne) {
    const Trial trial("linear/32");
    const auto all = trial.prepare(backend::reference_backend(), {});
    const auto named = trial.prepare(backend::reference_backend(), kNamed);
    const backend::LearningRate falling([](std::int64_t step) { return 1e-1 / static_cast<double>(step + 1); });
    std::int64_t step = 0;
    for (const backend::LearningRate& rate :
         {backend::LearningRate(1e-2), falling, backend::LearningRate(1e-3), falling, backend::LearningRate(1e-2)}) {
        const backend::Adam adam{rate, 0.9, 0.999, 1e-8};
        EXPECT_NEAR(trial.train(*named, step, 80, adam), trial.train(*all, step, 80, adam), 1e-6);
        step += 80;
        expect_same_parameters(*named, *all, "after step " + std::to_string(step));
    }
}

TEST(Adam, CatchesUpInClosedFormAtAConstantRate) {
    EXPECT_TRUE((backend::Adam{1e-3, 0.9, 0.999, 1e-8}.catches_up_in_closed_form()));
    EXPECT_FALSE((backend::Adam{1e-3, 0.9, 0.95, 1e-8}.catches_up_in_closed_form()));
    const backend::LearningRate changing([](std::int64_t /*step*/) { return 1e-3; });
    EXPECT_FALSE((backend::Adam{changing, 0.9, 0.999, 1e-8}.catches_up_in_closed_form()));
    EXPECT_FALSE(changing == changing);
    EXPECT_TRUE(backend::LearningRate(0.5) == backend::LearningRate(0.5));
    EXPECT_FALSE(backend::LearningRate(0.5) == backend::LearningRate(0.25));
}

// More rows than are gathered at a time, of two objectives.
TEST_P(Ways, ValidationLossIsThatOfPredictions) {
    const Trial trial(GetParam());
    std::vector<std::int64_t> rows(20'000);
    std::vector<std::int64_t> few{3, 77, 3999};
    for (std::size_t n = 0; n < rows.size(); ++n) {
        rows[n] = static_cast<std::int64_t>(n * 7 % 4000);
    }
    for (const backend::ExecutionPlan& plan : {backend::ExecutionPlan{}, kNamed}) {
        const auto executor = trial.prepare(backend::cpu_backend(), plan);
        double loss = -1.0;
        executor->validation_losses(std::span(&loss, 1));
        EXPECT_EQ(loss, 0.0);  // nothing to validate with
        executor->set_objectives({{0, {rows}, kBatch, 2.0, {rows}}, {1, {rows}, kBatch / 2, 0.5, {few}}});
        EXPECT_GT(trial.train(*executor, 0, 20), 0.0);
        executor->validation_losses(std::span(&loss, 1));
        double want = 0.0;
        for (const auto& [columns, numbers, weight] :
             {std::tuple(trial.alone(), &rows, 2.0), {trial.together(), &few, 0.5}}) {
            std::vector<double> y(4000);
            executor->predict(0, columns, y);
            double sum = 0.0;
            for (const std::int64_t row : *numbers) {
                const auto n = static_cast<std::size_t>(row);
                const double error = y[n] - static_cast<double>(columns.target[n]);
                sum += error * error;
            }
            want += weight * sum / static_cast<double>(numbers->size());
        }
        EXPECT_DOUBLE_EQ(loss, want);
        EXPECT_GT(loss, 0.0);
    }
}

// A group whose replicas differ in rows; one of them has none of the second objective.
TEST_P(Ways, ReplicasOfAGroupTrainAsTheyDoAlone) {
    const Trial trial(GetParam());
    const std::vector<std::int64_t> odd{1, 3, 5, 7, 9, 501};
    const std::vector<std::int64_t> none;
    for (const backend::ExecutionPlan& plan : {backend::ExecutionPlan{}, kNamed}) {
        const auto group = trial.prepare(backend::cpu_backend(), plan, 2);
        group->set_objectives({{0, {trial.rows(), odd}, kBatch, 1.0}, {1, {trial.rows(), none}, kBatch / 2, 0.5}});
        const auto first = trial.prepare(backend::cpu_backend(), plan);
        const auto second = trial.prepare(backend::cpu_backend(), plan);
        second->set_objectives({{0, {odd}, kBatch, 1.0}});
        const std::vector<core::Key> keys{core::Key(5), core::Key(6)};
        const backend::Adam adam{1e-2, 0.9, 0.999, 1e-8};
        std::vector<double> losses(2), alone(2);
        group->train(adam, keys, 0, 40, losses);
        first->train(adam, std::span(keys).first(1), 0, 40, std::span(alone).first(1));
        second->train(adam, std::span(keys).last(1), 0, 40, std::span(alone).last(1));
        EXPECT_EQ(losses, alone);
        EXPECT_EQ(group->parameters(0), first->parameters(0));
        EXPECT_EQ(group->parameters(1), second->parameters(0));
    }
}

INSTANTIATE_TEST_SUITE_P(Families, Ways,
                         testing::Values("embedding/32", "features/0", "linear/32", "interference/2",
                                         "baseline/module_only", "baseline/mlp", "baseline/device_mlp"),
                         [](const auto& c) {
                             std::string name = c.param;
                             std::ranges::replace(name, '/', '_');
                             return name;
                         });

}  // namespace
}  // namespace pitot::models
