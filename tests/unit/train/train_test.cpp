#include "train/train.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <stop_token>

#include "data/connections.hpp"
#include "model/fold_model.hpp"
#include "support/synthetic.hpp"

namespace pitot {
namespace {

struct Outcome {
    std::vector<Replicate> replicates;
    Result<void> result;
};

Outcome run(const Dataset& dataset, const FitConfig& config, const TrainOptions& options, std::int64_t replicates = 2,
            double share = 0.8) {
    Outcome out;
    out.result = train_replicates(
        dataset, config, share, replicates, options,
        [&](std::int64_t r) { return draw_rows(dataset, config, share, 0.0, r); },
        [&](Replicate&& replicate) -> Result<void> {
            out.replicates.push_back(std::move(replicate));
            return {};
        });
    return out;
}

double mape(const Dataset& dataset, const FitConfig& config, const Replicate& replicate) {
    double sum = 0.0;
    for (const std::int64_t row : replicate.rows.alone.test) {
        const auto n = static_cast<std::size_t>(row);
        double mean = 0.0;
        for (const FoldFit& fold : replicate.folds) {
            const FoldModel model(config.model, dataset.platforms, dataset.modules, replicate.baseline,
                                  fold.parameters);
            double y = 0.0;
            model.predict({std::span(&dataset.alone.platform[n], 1), std::span(&dataset.alone.module[n], 1), {}, 0},
                          std::span(&y, 1));
            mean += y / static_cast<double>(replicate.folds.size());
        }
        sum += std::abs(to_time(LogRuntime{mean}).value / dataset.alone.runtime_us[n] - 1.0);
    }
    return sum / static_cast<double>(replicate.rows.alone.test.size());
}

TEST(Train, TheSameBitsOnAnyNumberOfThreads) {
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
            ASSERT_EQ(one.replicates[r].folds.size(), three.replicates[r].folds.size());
            for (std::size_t f = 0; f < one.replicates[r].folds.size(); ++f) {
                EXPECT_EQ(one.replicates[r].folds[f].parameters, three.replicates[r].folds[f].parameters) << name;
                EXPECT_EQ(one.replicates[r].folds[f].validation_loss, three.replicates[r].folds[f].validation_loss);
            }
        }
        EXPECT_NE(one.replicates[0].folds[0].parameters, one.replicates[0].folds[1].parameters);
        EXPECT_NE(one.replicates[0].folds[0].parameters, one.replicates[1].folds[0].parameters);
    }
}

TEST(Train, LearnsWhatLinearScalingCannot) {
    const Dataset dataset =
        test::synthetic_dataset({.platforms = 20, .modules = 30, .interaction = 0.5, .noise = 0.01});
    FitConfig config = preset("embedding/32").value();
    config.train.folds = 2;
    config.train.epoch_samples = 1250;
    config.train.batch = 256;
    config.model.alpha = 0.05;
    const Outcome trained = run(dataset, config, {}, 1);
    ASSERT_TRUE(trained.result);
    FitConfig scaling = preset("baseline/linear_scaling").value();
    const Outcome baseline = run(dataset, scaling, {}, 1);
    ASSERT_TRUE(baseline.result);
    EXPECT_TRUE(baseline.replicates[0].folds.empty());
    double sum = 0.0;
    const auto& test = baseline.replicates[0].rows.alone.test;
    for (const std::int64_t row : test) {
        const auto n = static_cast<std::size_t>(row);
        const double y = baseline.replicates[0].baseline(dataset.alone.platform[n], dataset.alone.module[n]);
        sum += std::abs(to_time(LogRuntime{y}).value / dataset.alone.runtime_us[n] - 1.0);
    }
    const double alone = sum / static_cast<double>(test.size());
    EXPECT_LT(mape(dataset, config, trained.replicates[0]), 0.5 * alone);
}

TEST(Train, KeepsTheLastOrTheBestCheckpoint) {
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
        const FoldFit& l = last.replicates[0].folds[f];
        const FoldFit& b = best.replicates[0].folds[f];
        EXPECT_EQ(l.validation_loss, b.validation_loss);
        EXPECT_EQ(l.kept_checkpoint, 29);
        const auto lowest = std::ranges::min_element(b.validation_loss) - b.validation_loss.begin();
        EXPECT_EQ(b.kept_checkpoint, lowest);
        differed = differed || l.parameters != b.parameters;
    }
    EXPECT_TRUE(differed);
}

TEST(Train, ReportsProgressUpToTheTotal) {
    const Dataset dataset = test::synthetic_dataset();
    const FitConfig config = test::quick_config();
    std::int64_t done = 0;
    std::int64_t total = 0;
    TrainOptions options{.threads = 2};
    options.progress = [&](std::int64_t d, std::int64_t t) {
        EXPECT_GE(d, done);
        done = d;
        total = t;
    };
    ASSERT_TRUE(run(dataset, config, options).result);
    EXPECT_EQ(done, total);
    EXPECT_EQ(total, 2 * 3 * steps_of(config.train, 0.8));
}

TEST(Train, StopsWhenAsked) {
    const Dataset dataset = test::synthetic_dataset();
    FitConfig config = test::quick_config();
    config.train.epoch_samples = 1'000'000;
    std::stop_source source;
    TrainOptions options{.threads = 2, .stop = source.get_token()};
    options.progress = [&](std::int64_t /*done*/, std::int64_t /*total*/) { source.request_stop(); };
    const Outcome stopped = run(dataset, config, options, 5);
    ASSERT_FALSE(stopped.result);
    EXPECT_EQ(stopped.result.error().code(), ErrorCode::kCancelled);
}

TEST(Train, StepsAsPublished) {
    const TrainConfig config;
    EXPECT_EQ(steps_of(config, 0.1), 2500);
    EXPECT_EQ(steps_of(config, 0.3), 7500);
    EXPECT_EQ(steps_of(config, 0.5), 12500);
    EXPECT_EQ(steps_of(config, 0.7), 17500);
    EXPECT_EQ(steps_of(config, 0.9), 22500);
}

TEST(Train, SaysWhatIsMissing) {
    const auto message = [](const Dataset& dataset, const FitConfig& config, const TrainOptions& options = {}) {
        const Outcome failed = run(dataset, config, options, 1);
        EXPECT_FALSE(failed.result);
        return failed.result ? std::string() : failed.result.error().message();
    };
    const Dataset bare = test::synthetic_dataset({.features = 0});
    EXPECT_NE(message(bare, test::quick_config()).find("--platform-features"), std::string::npos);
    EXPECT_NE(message(bare, test::quick_config("baseline/module_only")).find("module features"), std::string::npos);
    EXPECT_NE(message(bare, test::quick_config("baseline/device_mlp")).find("module features"), std::string::npos);
    const Dataset full = test::synthetic_dataset();
    EXPECT_NE(message(full, test::quick_config("interference/2")).find("co-runners"), std::string::npos);
    FitConfig many = test::quick_config();
    many.train.checkpoints = 1;
    many.train.epoch_samples = 1;
    EXPECT_NE(message(full, many).find("no training step"), std::string::npos);
    EXPECT_NE(message(full, test::quick_config(), {.backend = "gpu"}).find("gpu"), std::string::npos);
    EXPECT_NE(message(full, test::quick_config(), {.backend = "cuda"}).find("CUDA"), std::string::npos);
    EXPECT_TRUE(run(bare, test::quick_config("linear/32"), {}, 1).result);
}

TEST(Train, DivergenceIsAnErrorNotANumber) {
    const Dataset dataset = test::synthetic_dataset();
    FitConfig config = test::quick_config();
    config.train.learning_rate = 1e30;
    const Outcome diverged = run(dataset, config, {}, 1);
    ASSERT_FALSE(diverged.result);
    EXPECT_NE(diverged.result.error().message().find("learning_rate"), std::string::npos);
}

TEST(DrawRows, LimitsInterferenceRowsAndSeparatesObjectives) {
    const Dataset dataset = test::synthetic_dataset({.together = 300});
    FitConfig config = test::quick_config("interference/2");
    config.train.together_rows = 120;
    config.split = SplitUnit::kRow;
    const ReplicateRows rows = draw_rows(dataset, config, 0.5, 0.2, 0);
    const auto check = [](const Split& split, std::int64_t n) {
        std::set<std::int64_t> all(split.test.begin(), split.test.end());
        all.insert(split.calibration.begin(), split.calibration.end());
        all.insert(split.rest.begin(), split.rest.end());
        EXPECT_EQ(static_cast<std::int64_t>(all.size()), n);
        EXPECT_EQ(*all.rbegin(), n - 1);
        EXPECT_EQ(static_cast<std::int64_t>(split.test.size()),
                  static_cast<std::int64_t>(static_cast<double>(n) * 0.5));
        EXPECT_FALSE(split.calibration.empty());
    };
    check(rows.together, 120);
    check(rows.alone, dataset.alone.size());
    EXPECT_NE(draw_rows(dataset, config, 0.5, 0.2, 1).alone.test, rows.alone.test);
    EXPECT_EQ(draw_rows(dataset, config, 0.5, 0.2, 0).alone.test, rows.alone.test);
}

TEST(DrawRows, KeepsTheRunsOfACombinationTogether) {
    const Dataset dataset = test::synthetic_dataset({.modules = 6, .together = 300});  // 72 pairs beside 6 modules
    const FitConfig config = test::quick_config("interference/2");
    const RowDraw draw(dataset, config);
    EXPECT_FALSE(draw.alone_groups().repeated());
    EXPECT_TRUE(draw.together_groups().repeated());
    const Split split = draw(0.5, 0.2, 0).together;
    std::map<std::vector<std::int32_t>, std::set<int>> parts;
    const auto mark = [&](RowNumbers rows, int part) {
        for (const std::int64_t row : rows) {
            const auto at = static_cast<std::size_t>(row);
            parts[{dataset.together.platform[at], dataset.together.module[at], dataset.together.co_runner[at]}].insert(
                part);
        }
    };
    mark(split.test, 0);
    mark(split.set_aside, 1);
    mark(split.rest, 2);
    for (const auto& [combination, in] : parts) {
        EXPECT_EQ(in.size(), 1U);
    }
    EXPECT_LT(split.calibration.size(), split.set_aside.size());
}

TEST(DrawRows, LeavesEveryPlatformAndModuleConnected) {
    // Two columns of a matrix and one row of it: many rows are the only ones of their platform or module.
    Dataset dataset = test::synthetic_dataset({.platforms = 30, .modules = 30});
    ObservationTable kept;
    for (std::size_t n = 0; n < dataset.alone.module.size(); ++n) {
        if (dataset.alone.module[n] < 2 || dataset.alone.platform[n] == 3) {
            kept.platform.push_back(dataset.alone.platform[n]);
            kept.module.push_back(dataset.alone.module[n]);
            kept.runtime_us.push_back(dataset.alone.runtime_us[n]);
        }
    }
    dataset.alone = std::move(kept);
    const FitConfig config = test::quick_config("linear/32");
    const auto parts_of = [&](RowNumbers rows) {
        Connections connections(dataset.platforms.size(), dataset.modules.size());
        for (const std::int64_t row : rows) {
            const auto at = static_cast<std::size_t>(row);
            connections.join(dataset.alone.platform[at], dataset.alone.module[at]);
        }
        return connections.parts();
    };
    for (std::int64_t replicate = 0; replicate < 20; ++replicate) {
        const Split all = draw_rows(dataset, config, 1.0, 0.0, replicate).alone;
        const Split split = draw_rows(dataset, config, 1.0, 0.3, replicate).alone;
        EXPECT_GE(split.calibration.size(), static_cast<std::size_t>(kLeastCalibration));
        EXPECT_EQ(parts_of(split.rest), parts_of(all.rest)) << replicate;
    }
}

}  // namespace
}  // namespace pitot
