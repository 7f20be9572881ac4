// What families trained by gradient make of rows.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <stop_token>

#include "backend/devices.hpp"
#include "models/folds/folded_model.hpp"
#include "models/model_family.hpp"
#include "support/synthetic.hpp"

namespace pitot::models {
namespace {

// A replicate of a family trained by gradient.
struct Replicate {
    std::int64_t index = 0;
    train::ReplicateRows rows;
    FoldedParts parts;
};

struct Outcome {
    std::vector<Replicate> replicates;
    Result<void> result;
};

Outcome run(const Dataset& dataset, const FitConfig& config, const Context& options, std::int64_t replicates = 2,
            double share = 0.8) {
    Outcome out;
    out.result = family_of(config.model)
                     .fit({.dataset = dataset,
                           .config = config,
                           .share = share,
                           .replicates = replicates,
                           .untrained = Untrained::kPublished,
                           .context = options,
                           .rows = [&](std::int64_t r) { return train::draw_rows(dataset, config, share, 0.0, r); }},
                          [&](Fitted&& fitted) -> Result<void> {
                              const auto& model = dynamic_cast<const FoldedModel&>(*fitted.model);
                              out.replicates.push_back({fitted.replicate, fitted.rows, model.parts()});
                              return {};
                          });
    return out;
}

double mape(const Dataset& dataset, const FitConfig& config, const Replicate& replicate) {
    double sum = 0.0;
    for (const std::int64_t row : replicate.rows.alone().test) {
        const auto n = static_cast<std::size_t>(row);
        double mean = 0.0;
        for (const train::FoldFit& fold : replicate.parts.folds) {
            const FoldModel model(config.model, dataset.platforms, dataset.modules, replicate.parts.baseline,
                                  fold.parameters);
            double y = 0.0;
            model.predict(
                {std::span(&dataset.pool(kAlone).platform[n], 1), std::span(&dataset.pool(kAlone).module[n], 1), {}, 0},
                std::span(&y, 1));
            mean += y / static_cast<double>(replicate.parts.folds.size());
        }
        sum += std::abs(to_time(LogRuntime{mean}).value / dataset.pool(kAlone).runtime_us[n] - 1.0);
    }
    return sum / static_cast<double>(replicate.rows.alone().test.size());
}

TEST(Training, TheSameBitsOnAnyNumberOfThreads) {
    const Dataset dataset = test::synthetic_dataset({.together = 200});
    for (const char* name : {"embedding/32", "interference/2", "baseline/device_mlp", "baseline/mlp"}) {
        FitConfig config = test::quick_config(name);
        config.train.checkpoints = 20;
        const Outcome one = run(dataset, config, {.threads = 1});
        const Outcome three = run(dataset, config, {.threads = 3});
        ASSERT_TRUE(one.result && three.result) << name;
        ASSERT_EQ(one.replicates.size(), 2U);
        for (std::size_t r = 0; r < 2; ++r) {
            EXPECT_EQ(three.replicates[r].index, static_cast<std::int64_t>(r));
            ASSERT_EQ(one.replicates[r].parts.folds.size(), three.replicates[r].parts.folds.size());
            for (std::size_t f = 0; f < one.replicates[r].parts.folds.size(); ++f) {
                EXPECT_EQ(one.replicates[r].parts.folds[f].parameters, three.replicates[r].parts.folds[f].parameters)
                    << name;
                EXPECT_EQ(one.replicates[r].parts.folds[f].validation_loss,
                          three.replicates[r].parts.folds[f].validation_loss);
            }
        }
        EXPECT_NE(one.replicates[0].parts.folds[0].parameters, one.replicates[0].parts.folds[1].parameters);
        EXPECT_NE(one.replicates[0].parts.folds[0].parameters, one.replicates[1].parts.folds[0].parameters);
    }
}

TEST(Training, LearnsWhatLinearScalingCannot) {
    const Dataset dataset =
        test::synthetic_dataset({.platforms = 20, .modules = 30, .interaction = 0.5, .noise = 0.01});
    FitConfig config = preset("embedding/32").value();
    config.train.folds = 2;
    config.train.epoch_samples = 1250;
    config.train.objective("alone").batch = 256;
    config.model.alpha = 0.05;
    const Outcome trained = run(dataset, config, {}, 1);
    ASSERT_TRUE(trained.result);
    double sum = 0.0;
    const auto& test = trained.replicates[0].rows.alone().test;
    for (const std::int64_t row : test) {
        const auto n = static_cast<std::size_t>(row);
        const double y =
            trained.replicates[0].parts.baseline(dataset.pool(kAlone).platform[n], dataset.pool(kAlone).module[n]);
        sum += std::abs(to_time(LogRuntime{y}).value / dataset.pool(kAlone).runtime_us[n] - 1.0);
    }
    const double alone = sum / static_cast<double>(test.size());
    EXPECT_LT(mape(dataset, config, trained.replicates[0]), 0.5 * alone);
}

TEST(Training, KeepsTheLastOrTheBestCheckpoint) {
    const Dataset dataset = test::synthetic_dataset();
    FitConfig config = test::quick_config();
    config.train.checkpoints = 30;
    config.train.learning_rate = 0.05;  // noisy enough that the last is not the best
    const Outcome last = run(dataset, config, {}, 1);
    config.train.keep = Keep::kBest;
    const Outcome best = run(dataset, config, {}, 1);
    ASSERT_TRUE(last.result && best.result);
    bool differed = false;
    for (std::size_t f = 0; f < 3; ++f) {
        const train::FoldFit& l = last.replicates[0].parts.folds[f];
        const train::FoldFit& b = best.replicates[0].parts.folds[f];
        EXPECT_EQ(l.validation_loss, b.validation_loss);
        EXPECT_EQ(l.kept_checkpoint, 29);
        const auto lowest = std::ranges::min_element(b.validation_loss) - b.validation_loss.begin();
        EXPECT_EQ(b.kept_checkpoint, lowest);
        differed = differed || l.parameters != b.parameters;
    }
    EXPECT_TRUE(differed);
}

TEST(Training, ReportsProgressUpToTheTotal) {
    const Dataset dataset = test::synthetic_dataset();
    const FitConfig config = test::quick_config();
    std::int64_t done = 0;
    std::int64_t total = 0;
    Context options{.threads = 2};
    options.progress = [&](std::int64_t d, std::int64_t t) {
        EXPECT_GE(d, done);
        done = d;
        total = t;
    };
    ASSERT_TRUE(run(dataset, config, options).result);
    EXPECT_EQ(done, total);
    EXPECT_EQ(total, 2 * 3 * train::steps_of(config.train, 0.8));
}

TEST(Training, StopsWhenAsked) {
    const Dataset dataset = test::synthetic_dataset();
    FitConfig config = test::quick_config();
    config.train.epoch_samples = 1'000'000;
    std::stop_source source;
    Context options{.threads = 2, .stop = source.get_token()};
    options.progress = [&](std::int64_t /*done*/, std::int64_t /*total*/) { source.request_stop(); };
    const Outcome stopped = run(dataset, config, options, 5);
    ASSERT_FALSE(stopped.result);
    EXPECT_EQ(stopped.result.error().code(), ErrorCode::kCancelled);
}

TEST(Training, SaysWhatIsMissing) {
    const auto message = [](const Dataset& dataset, const FitConfig& config, const Context& options = {}) {
        const Outcome failed = run(dataset, config, options, 1);
        EXPECT_FALSE(failed.result);
        return failed.result ? std::string() : failed.result.error().message();
    };
    const Dataset bare = test::synthetic_dataset({.features = 0});
    EXPECT_NE(message(bare, test::quick_config()).find("give a table"), std::string::npos);
    EXPECT_NE(message(bare, test::quick_config("baseline/module_only")).find("module features"), std::string::npos);
    EXPECT_NE(message(bare, test::quick_config("baseline/device_mlp")).find("module features"), std::string::npos);
    const Dataset full = test::synthetic_dataset();
    EXPECT_NE(message(full, test::quick_config("interference/2")).find("co-runners"), std::string::npos);
    FitConfig many = test::quick_config();
    many.train.checkpoints = 1;
    many.train.epoch_samples = 1;
    EXPECT_NE(message(full, many).find("no training step"), std::string::npos);
    EXPECT_NE(message(full, test::quick_config(), {.backend = "gpu"}).find("gpu"), std::string::npos);
    if (const auto cards = backend::cuda_devices(); !cards) {
        EXPECT_EQ(message(full, test::quick_config(), {.backend = "cuda"}), cards.error().message());
    }
    EXPECT_TRUE(run(bare, test::quick_config("linear/32"), {}, 1).result);
}

TEST(Training, DivergenceIsAnErrorNotANumber) {
    const Dataset dataset = test::synthetic_dataset();
    FitConfig config = test::quick_config();
    config.train.learning_rate = 1e30;
    const Outcome diverged = run(dataset, config, {}, 1);
    ASSERT_FALSE(diverged.result);
    EXPECT_NE(diverged.result.error().message().find("learning_rate"), std::string::npos);
}

TEST(ScalingFamily, FitsReplicatesInOrderOnAnyNumberOfThreads) {
    const Dataset dataset = test::synthetic_dataset();
    const FitConfig config = preset("baseline/linear_scaling").value();
    std::vector<LinearScaling> fits;
    for (const int threads : {1, 3}) {
        const Context options{.threads = threads};
        std::int64_t next = 0;
        const auto result =
            family_of(config.model)
                .fit({.dataset = dataset,
                      .config = config,
                      .share = 0.8,
                      .replicates = 5,
                      .context = options,
                      .rows = [&](std::int64_t r) { return train::draw_rows(dataset, config, 0.8, 0.0, r); }},
                     [&](Fitted&& fitted) -> Result<void> {
                         EXPECT_EQ(fitted.replicate, next++);
                         fits.push_back(fitted.scaling);
                         return {};
                     });
        ASSERT_TRUE(result);
    }
    ASSERT_EQ(fits.size(), 10U);
    for (std::size_t r = 0; r < 5; ++r) {
        EXPECT_EQ(fits[r].platform, fits[r + 5].platform);
        EXPECT_EQ(fits[r].module, fits[r + 5].module);
    }
    EXPECT_NE(fits[0].module, fits[1].module);
}

}  // namespace
}  // namespace pitot::models
