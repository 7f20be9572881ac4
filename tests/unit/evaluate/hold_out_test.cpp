#include "pitot/hold_out.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <stop_token>

#include "evaluate/absolute_errors.hpp"
#include "evaluate/held_out_rows.hpp"
#include "pitot/fit.hpp"
#include "support/expect_error.hpp"
#include "support/synthetic.hpp"
#include "support/three_pools.hpp"

namespace pitot::evaluation {
namespace {

using test::quick_config;
using test::refuses;
using test::synthetic_dataset;

constexpr auto kUsage = ErrorCode::kUsage;

// Nothing but speeds and sizes, without noise, and features that say nothing of them.
Dataset scaling_dataset() {
    Dataset dataset = synthetic_dataset({.features = 0, .density = 1.0, .interaction = 0.0, .noise = 0.0});
    dataset.platforms = test::synthetic_side("platform", dataset.platforms.size(), 2, core::Key(8));
    dataset.modules = test::synthetic_side("module", dataset.modules.size(), 2, core::Key(9));
    return dataset;
}

std::set<std::int32_t> numbers_of(const HeldOutDraw& draw) {
    std::set<std::int32_t> numbers;
    for (const HeldOutRow& row : draw.rows) {
        numbers.insert(row.number);
    }
    return numbers;
}

TEST(MeanAndMedian, AreThoseOfNumbersRepeatedByTheirWeights) {
    const std::vector<double> even{4.0, 1.0, 3.0, 2.0};
    const std::vector<double> ones(4, 1.0);
    EXPECT_DOUBLE_EQ(mean_and_median(even, ones).mean, 2.5);
    EXPECT_DOUBLE_EQ(mean_and_median(even, ones).median, 2.5);
    EXPECT_DOUBLE_EQ(mean_and_median({even.data(), 3}, {ones.data(), 3}).median, 3.0);
    // 1, 1, 1, 2, 3, 3: three of a combination count like others of one.
    const std::vector<double> values{1.0, 2.0, 3.0};
    const std::vector<double> weights{1.0, 1.0 / 3.0, 2.0 / 3.0};
    EXPECT_DOUBLE_EQ(mean_and_median(values, weights).median, 1.5);
    EXPECT_DOUBLE_EQ(mean_and_median(values, weights).mean, (1.0 + 2.0 / 3.0 + 2.0) / 2.0);
}

TEST(HeldOutRows, TrainOnAShareOfTheOthersAlone) {
    const Dataset dataset = synthetic_dataset({.platforms = 20, .modules = 15, .density = 0.7});
    for (const HoldOut side : {HoldOut::kPlatforms, HoldOut::kModules}) {
        const HeldOutRows rows = HeldOutRows::make(dataset, side, 0.2).value();
        EXPECT_EQ(rows.held_out(), side == HoldOut::kModules ? 3 : 4);
        const HeldOutDraw draw = rows.draw(42, 0, 0.5);
        const std::set<std::int32_t> held = numbers_of(draw);
        EXPECT_EQ(std::ssize(held), rows.held_out());
        const auto& numbers = side == HoldOut::kModules ? dataset.observations.module : dataset.observations.platform;
        std::int64_t of_others = 0;
        for (const std::int32_t i : numbers) {
            of_others += held.contains(i) ? 0 : 1;
        }
        EXPECT_EQ(std::ssize(draw.training), of_others - of_others / 2);
        for (const std::int64_t row : draw.training) {
            EXPECT_FALSE(held.contains(numbers[static_cast<std::size_t>(row)]));
        }
        EXPECT_EQ(std::ssize(draw.held), dataset.observations.size() - of_others);
        std::size_t cells = 0;
        for (const HeldOutRow& row : draw.rows) {
            cells += row.cells.size();
            for (const std::size_t c : row.cells) {
                EXPECT_EQ(numbers[static_cast<std::size_t>(draw.held[c].rows.front())], row.number);
            }
        }
        EXPECT_EQ(cells, draw.held.size());
        EXPECT_EQ(rows.draw(42, 0, 0.5).training, draw.training);
        EXPECT_NE(rows.draw(42, 1, 0.5).training, draw.training);
        EXPECT_NE(rows.draw(43, 0, 0.5).training, draw.training);
    }
}

TEST(HeldOutRows, KeepRunsOfACombinationTogether) {
    Dataset dataset = synthetic_dataset({.platforms = 6, .modules = 8, .density = 1.0});
    ObservationTable twice;
    for (int run = 0; run < 2; ++run) {
        for (std::size_t n = 0; n < dataset.observations.platform.size(); ++n) {
            twice.platform.push_back(dataset.observations.platform[n]);
            twice.module.push_back(dataset.observations.module[n]);
            twice.runtime_us.push_back(dataset.observations.runtime_us[n]);
        }
    }
    dataset.set_observations(std::move(twice));
    const HeldOutDraw draw = HeldOutRows::make(dataset, HoldOut::kPlatforms, 0.2).value().draw(1, 0, 0.5);
    EXPECT_EQ(draw.training.size(), 40U);  // 20 of 40 pairs, two runs each
    std::set<std::int64_t> trained(draw.training.begin(), draw.training.end());
    for (const std::int64_t row : draw.training) {
        EXPECT_TRUE(trained.contains(row < 48 ? row + 48 : row - 48));
    }
    ASSERT_EQ(draw.held.size(), 8U);
    EXPECT_EQ(draw.held[0].rows.size(), 2U);
}

TEST(HeldOutRows, LeaveOutWhatRanBesideAHeldOutModule) {
    const Dataset dataset = synthetic_dataset({.together = 400, .width = 2});
    const HeldOutDraw draw = HeldOutRows::make(dataset, HoldOut::kModules, 0.2).value().draw(7, 0, 0.9);
    const std::set<std::int32_t> held = numbers_of(draw);
    std::int64_t beside = 0;
    for (const std::int64_t row : draw.training) {
        const auto at = static_cast<std::size_t>(row);
        beside += row >= dataset.pools[kAlone].rows ? 1 : 0;
        EXPECT_FALSE(held.contains(dataset.observations.module[at]));
        EXPECT_FALSE(held.contains(dataset.observations.co_runner[2 * at]));
        EXPECT_FALSE(held.contains(dataset.observations.co_runner[2 * at + 1]));
    }
    EXPECT_GT(beside, 100);
    const Dataset some = subset(dataset, draw.training);
    EXPECT_TRUE(some.validate());
    EXPECT_EQ(some.pool(1).size(), beside);
    EXPECT_EQ(some.pool(1).runtime_us[0], dataset.observations.runtime_us[static_cast<std::size_t>(
                                              *std::ranges::lower_bound(draw.training, dataset.pools[kAlone].rows))]);
    const std::vector<std::int64_t> first{0, 1};
    EXPECT_TRUE(subset(dataset, first).validate());
}

TEST(HeldOutRows, OfPairsAreAllThatDoNotTrain) {
    const Dataset dataset =
        synthetic_dataset({.platforms = 10, .modules = 10, .density = 1.0, .together = 50, .width = 1});
    const HeldOutRows rows = HeldOutRows::make(dataset, HoldOut::kPairs, 0.2, 0.9).value();
    EXPECT_EQ(rows.count(), 100);
    EXPECT_EQ(rows.held_out(), 10);
    const HeldOutDraw draw = rows.draw(3, 0, 0.9);
    ASSERT_EQ(draw.rows.size(), 1U);
    EXPECT_EQ(draw.rows.front().cells.size(), 10U);
    std::vector<std::int64_t> all = draw.training;
    for (const Combination& combination : draw.held) {
        all.insert(all.end(), combination.rows.begin(), combination.rows.end());
    }
    std::ranges::sort(all);
    std::vector<std::int64_t> numbers(static_cast<std::size_t>(dataset.observations.size()));
    std::iota(numbers.begin(), numbers.end(), 0);
    EXPECT_EQ(all, numbers);
    for (const std::size_t c : draw.rows.front().cells) {
        EXPECT_EQ(draw.held[c].pool, kAlone);
    }
    EXPECT_NE(rows.draw(3, 1, 0.9).training, draw.training);
}

TEST(HeldOutRows, HoldDevicesOutWhole) {
    Dataset dataset = synthetic_dataset({.platforms = 12});
    for (std::size_t i = 0; i < dataset.platforms.names.size(); ++i) {
        dataset.platforms.names[i] = "r" + std::to_string(i / 4) + ".d" + std::to_string(i % 4);
    }
    const HeldOutRows rows = HeldOutRows::make(dataset, HoldOut::kDevices, 0.2).value();
    EXPECT_EQ(rows.count(), 4);
    EXPECT_EQ(rows.held_out(), 1);
    const HeldOutDraw draw = rows.draw(5, 0, 0.9);
    ASSERT_EQ(draw.rows.size(), 3U);
    EXPECT_EQ(draw.rows[1].number - draw.rows[0].number, 4);
    EXPECT_EQ(draw.rows[2].number - draw.rows[1].number, 4);
}

// MAPE of one replicate the long way.
TEST(HoldOut, MeasuresWhatTheLongWayMeasures) {
    const Dataset dataset = synthetic_dataset({.platforms = 10, .modules = 12});
    const FitConfig config = quick_config();
    HoldOutOptions options{.side = HoldOut::kModules, .share = 0.8, .replicates = 2, .cells = {0, 2}};
    const HoldOutEvaluation evaluation = evaluate_held_out(dataset, config, options).value();
    ASSERT_EQ(evaluation.metrics.size(), 2U);
    EXPECT_EQ(evaluation.rows, 12);
    EXPECT_EQ(evaluation.held_out, 2);
    EXPECT_EQ(evaluation.replicates, 2);
    EXPECT_TRUE(evaluation.complete);
    const HeldOutDraw draw =
        HeldOutRows::make(dataset, HoldOut::kModules, 0.2).value().draw(config.seed, 1, options.share);
    for (const HoldOutMetrics& metrics : evaluation.metrics) {
        std::vector<std::int64_t> rows = draw.training;
        std::set<std::int64_t> learned;  // with any number of cells
        for (const HeldOutRow& row : draw.rows) {
            for (std::int64_t c = 0; c < options.cells.back(); ++c) {
                const std::int64_t cell = draw.held[row.cells[static_cast<std::size_t>(c)]].rows.front();
                if (c < metrics.cells) {
                    rows.push_back(cell);
                }
                learned.insert(cell);
            }
        }
        std::ranges::sort(rows);
        FitConfig same = config;
        same.calibration_share = 0.0;
        same.seed = core::Key(config.seed).fold("hold out").fold(std::uint64_t{1}).value();
        const Predictor predictor = fit(subset(dataset, rows), same).value();
        double sum = 0.0;
        double count = 0.0;
        for (const Combination& combination : draw.held) {
            const auto row = static_cast<std::size_t>(combination.rows.front());
            if (!learned.contains(combination.rows.front())) {
                const double predicted =
                    predictor.predict_pair(dataset.observations.platform[row], dataset.observations.module[row])
                        .value()
                        .runtime_us;
                sum += std::abs(predicted / dataset.observations.runtime_us[row] - 1.0);
                count += 1.0;
            }
        }
        EXPECT_NEAR(metrics.model.mape_replicates.at(1), sum / count, 1e-12) << metrics.cells;
        EXPECT_EQ(metrics.objective, "mf");
    }
    EXPECT_EQ(evaluation.metrics[0].test_rows, evaluation.metrics[1].test_rows);
}

TEST(HoldOut, ACellTellsASpeedAndFeaturesDoNot) {
    const Dataset dataset = scaling_dataset();
    for (const HoldOut side : {HoldOut::kPlatforms, HoldOut::kModules}) {
        const HoldOutEvaluation evaluation = evaluate_held_out(dataset, quick_config("baseline/linear_scaling"),
                                                               {.side = side, .replicates = 3, .cells = {0, 1}})
                                                 .value();
        EXPECT_GT(evaluation.metrics.at(0).model.mape.mean, 0.1);
        EXPECT_LT(evaluation.metrics.at(1).model.mape.mean, 1e-4);
        for (const HoldOutMetrics& metrics : evaluation.metrics) {
            EXPECT_NEAR(metrics.model.mape.mean, metrics.baseline.mape.mean, 1e-12);  // but for the order of sums
            EXPECT_NEAR(metrics.model.median.std, metrics.baseline.median.std, 1e-12);
        }
    }
}

TEST(HoldOut, IsTheSameForAnyNumberOfThreads) {
    const Dataset dataset = synthetic_dataset({.together = 100});
    HoldOutOptions options{.replicates = 2, .cells = {0, 3}};
    options.context.threads = 1;
    const HoldOutEvaluation one = evaluate_held_out(dataset, quick_config(), options).value();
    options.context.threads = 3;
    const HoldOutEvaluation three = evaluate_held_out(dataset, quick_config(), options).value();
    ASSERT_EQ(one.metrics.size(), 4U);
    for (std::size_t m = 0; m < one.metrics.size(); ++m) {
        EXPECT_EQ(one.metrics[m].model.mape_replicates, three.metrics[m].model.mape_replicates);
        EXPECT_EQ(one.metrics[m].baseline.median_replicates, three.metrics[m].baseline.median_replicates);
    }
}

TEST(HoldOut, TestsEveryPool) {
    const Dataset dataset = test::three_pools(400);
    const FitConfig config = test::three_pools_config(dataset);
    const HoldOutEvaluation evaluation =
        evaluate_held_out(dataset, config, {.side = HoldOut::kModules, .replicates = 1, .cells = {0, 2}}).value();
    ASSERT_EQ(evaluation.metrics.size(), 6U);
    EXPECT_EQ(evaluation.metrics[2].objective, "one");
    EXPECT_EQ(evaluation.metrics[4].objective, "two");
    // Cells are pairs alone: of rows beside others none is lost to them.
    const HoldOutEvaluation without =
        evaluate_held_out(dataset, config, {.side = HoldOut::kModules, .replicates = 1, .cells = {0}}).value();
    EXPECT_EQ(without.metrics[1].test_rows, evaluation.metrics[3].test_rows);
    EXPECT_EQ(without.metrics[0].test_rows - evaluation.metrics[1].test_rows,
              2.0 * static_cast<double>(evaluation.held_out));
}

// The process learns on from the cells, those advised or others, and each replicate is fitted once.
TEST(HoldOut, FoldsAdvisedCellsIn) {
    const Dataset dataset = synthetic_dataset({.platforms = 16, .modules = 14, .interaction = 0.6});
    FitConfig config = preset("kernel").value();
    config.model.kernel_steps = 25;
    for (const HoldOut side : {HoldOut::kPlatforms, HoldOut::kModules}) {
        HoldOutOptions options{.side = side, .replicates = 2, .cells = {0, 2, 5}};
        std::int64_t total = 0;
        options.context.progress = [&](std::int64_t, std::int64_t of) { total = of; };
        options.choose = {advised_cells(), ChooseCells()};
        const HoldOutEvaluation both = evaluate_held_out(dataset, config, options).value();
        EXPECT_GT(total, 0);
        ASSERT_EQ(both.metrics.size(), 6U);
        for (std::size_t m = 0; m < 3; ++m) {
            EXPECT_EQ(both.metrics[m].way, 0U);
            EXPECT_EQ(both.metrics[m + 3].way, 1U);
            EXPECT_EQ(both.metrics[m].cells, both.metrics[m + 3].cells);
            EXPECT_EQ(both.metrics[m].test_rows, both.metrics[5].test_rows);
        }
        EXPECT_EQ(both.metrics[0].model.mape_replicates, both.metrics[3].model.mape_replicates);
        EXPECT_NE(both.metrics[1].model.mape_replicates, both.metrics[4].model.mape_replicates);
        EXPECT_LT(both.metrics[1].model.mape.mean, 0.7 * both.metrics[0].model.mape.mean);
        EXPECT_LT(both.metrics[2].model.mape.mean, both.metrics[1].model.mape.mean);
    }
    HoldOutOptions options{.replicates = 1, .cells = {1}};
    options.choose = {advised_cells()};
    EXPECT_TRUE(
        refuses(evaluate_held_out(dataset, quick_config(), options), {"cannot tell what measurements are worth"}));
}

// Cells of a whole fleet: what is not learned from is tested, the same for those advised and those at random.
TEST(HoldOut, LearnsFromCellsOfAFleet) {
    const Dataset dataset = synthetic_dataset({.platforms = 14, .modules = 16, .density = 0.9, .interaction = 0.6});
    FitConfig config = preset("kernel").value();
    config.model.kernel_steps = 20;
    HoldOutOptions options{.side = HoldOut::kPairs, .share = 0.3, .replicates = 3, .cells = {0, 15, 40}};
    options.choose = {advised_cells(), ChooseCells()};
    const HoldOutEvaluation folded = evaluate_held_out(dataset, config, options).value();
    const auto pairs = static_cast<double>(dataset.observations.size());
    EXPECT_EQ(static_cast<double>(folded.rows), pairs);
    EXPECT_EQ(static_cast<double>(folded.held_out), std::floor(0.7 * pairs));
    ASSERT_EQ(folded.metrics.size(), 6U);
    for (std::size_t way = 0; way < 2; ++way) {
        EXPECT_LT(folded.metrics[3 * way + 2].model.mape.mean, folded.metrics[3 * way].model.mape.mean);
        EXPECT_GE(folded.metrics[3 * way].test_rows, static_cast<double>(folded.held_out) - 80.0);
        EXPECT_LE(folded.metrics[3 * way].test_rows, static_cast<double>(folded.held_out) - 40.0);
    }
    options.refit = true;
    const HoldOutEvaluation refitted = evaluate_held_out(dataset, config, options).value();
    EXPECT_EQ(refitted.metrics[0].model.mape_replicates, refitted.metrics[3].model.mape_replicates);
    EXPECT_NE(refitted.metrics[5].model.mape_replicates, folded.metrics[5].model.mape_replicates);
    EXPECT_LT(refitted.metrics[5].model.mape.mean, refitted.metrics[3].model.mape.mean);
}

TEST(HoldOut, AsksWhoChooses) {
    const Dataset dataset = synthetic_dataset();
    std::set<std::int32_t> asked;
    HoldOutOptions options{.replicates = 1, .cells = {1, 3}};
    const auto last_and_first = [&](const CellQuestion& question) -> Result<std::vector<std::size_t>> {
        const bool again = !asked.insert(question.platform.front()).second;
        EXPECT_EQ(question.most, again ? 2 : 1);
        // The second time, a cell of each was learned from, the last one.
        EXPECT_EQ(question.predictor.platform_basis(question.platform[0]), again ? Basis::kMeasured : Basis::kFeatures);
        EXPECT_EQ(question.predictor.module_basis(question.module[0]), Basis::kMeasured);
        EXPECT_TRUE(std::ranges::is_sorted(question.module));
        for (std::size_t n = 0; n < question.module.size(); ++n) {
            EXPECT_NE(question.predictor.evidence(question.platform[n], question.module[n]), Evidence::kLearned);
        }
        std::vector<std::size_t> places{question.platform.size() - 1, 0};
        places.resize(static_cast<std::size_t>(question.most));
        return places;
    };
    options.choose = {last_and_first};
    const FitConfig config = quick_config("baseline/linear_scaling");
    const HoldOutEvaluation chosen = evaluate_held_out(dataset, config, options).value();
    EXPECT_EQ(std::ssize(asked), chosen.held_out);
    options.choose = {ChooseCells()};
    const HoldOutEvaluation random = evaluate_held_out(dataset, config, options).value();
    EXPECT_EQ(chosen.metrics.at(0).test_rows, random.metrics.at(0).test_rows);
    EXPECT_NE(chosen.metrics[0].model.mape_replicates, random.metrics[0].model.mape_replicates);

    options.cells = {3};
    for (const std::vector<std::size_t>& wrong : {std::vector<std::size_t>{0, 0, 1}, {0, 1}, {0, 1, 1000}}) {
        options.choose = {[&](const CellQuestion&) -> Result<std::vector<std::size_t>> { return wrong; }};
        EXPECT_TRUE(test::fails_with(evaluate_held_out(dataset, config, options), kUsage, {"cells"}));
    }
    options.choose = {[](const CellQuestion&) -> Result<std::vector<std::size_t>> { throw 7; }};
    EXPECT_THROW((void)evaluate_held_out(dataset, config, options), int);
}

TEST(HoldOut, RefusesModelsWithNothingToSayOfNewRows) {
    const Dataset dataset = synthetic_dataset();
    const HoldOutOptions none{.replicates = 1, .cells = {0}};
    EXPECT_TRUE(refuses(evaluate_held_out(dataset, quick_config("linear/32"), none), {"platforms", "leave 0 out"}));
    EXPECT_TRUE(refuses(evaluate_held_out(dataset, quick_config("baseline/device_mlp"), none), {"platforms"}));
    EXPECT_TRUE(evaluate_held_out(dataset, quick_config("linear/32"), {.replicates = 1, .cells = {1}}));
    const Dataset bare = synthetic_dataset({.features = 0});
    EXPECT_TRUE(refuses(evaluate_held_out(bare, quick_config("baseline/linear_scaling"), none), {"features"}));
}

TEST(HoldOut, NamesWhatIsWrong) {
    const Dataset dataset = synthetic_dataset({.platforms = 6, .modules = 5, .density = 1.0});
    const FitConfig config = quick_config("baseline/linear_scaling");
    const auto fails = [&](const HoldOutOptions& options, std::initializer_list<std::string> words) {
        return test::fails_with(evaluate_held_out(dataset, config, options), kUsage, words);
    };
    EXPECT_TRUE(fails({.share = 1.0}, {"share 1"}));
    EXPECT_TRUE(fails({.held_out = 0.0}, {"held_out 0"}));
    EXPECT_TRUE(fails({.held_out = std::nan("")}, {"held_out"}));
    EXPECT_TRUE(fails({.replicates = 0}, {"replicates 0"}));
    EXPECT_TRUE(fails({.cells = {}}, {"cells"}));
    EXPECT_TRUE(fails({.cells = {-1}}, {"cells -1"}));
    EXPECT_TRUE(fails({.cells = {3, 1}}, {"cells 1", "3"}));
    EXPECT_TRUE(fails({.choose = {}}, {"choose"}));
    EXPECT_TRUE(refuses(evaluate_held_out(dataset, config, {.side = HoldOut::kPairs, .share = 0.99, .replicates = 1}),
                        {"share 0.99", "30 pairs"}));
    EXPECT_TRUE(refuses(
        evaluate_held_out(dataset, config, {.side = HoldOut::kPairs, .share = 0.5, .replicates = 1, .cells = {15}}),
        {"15 cells of the fleet"}));
    EXPECT_TRUE(refuses(evaluate_held_out(dataset, config, {.replicates = 1, .cells = {5}}), {"5 cells"}));
    EXPECT_TRUE(evaluate_held_out(dataset, config, {.replicates = 1, .cells = {4}}));
    EXPECT_TRUE(refuses(evaluate_held_out(dataset, config, {.side = HoldOut::kDevices}), {"RUNTIME.DEVICE"}));
    const Dataset one = synthetic_dataset({.platforms = 1});
    EXPECT_TRUE(refuses(evaluate_held_out(one, config, {.replicates = 1}), {"two or more", "has 1"}));
}

TEST(HoldOut, StopsWithWhatFinishedReplicatesGave) {
    const Dataset dataset = synthetic_dataset();
    std::stop_source stop;
    HoldOutOptions options{.replicates = 5, .cells = {1}};
    options.context.stop = stop.get_token();
    int asked = 0;
    options.choose = {[&](const CellQuestion& question) -> Result<std::vector<std::size_t>> {
        if (question.most == 1 && ++asked == 4) {  // two rows a replicate: in the second
            stop.request_stop();
        }
        return std::vector<std::size_t>{0};
    }};
    const HoldOutEvaluation stopped =
        evaluate_held_out(dataset, quick_config("baseline/linear_scaling"), options).value();
    EXPECT_FALSE(stopped.complete);
    EXPECT_EQ(stopped.replicates, 1);
    EXPECT_EQ(stopped.metrics.at(0).model.mape_replicates.size(), 1U);
    EXPECT_TRUE(test::fails_with(evaluate_held_out(dataset, quick_config("baseline/linear_scaling"), options),
                                 ErrorCode::kCancelled, {}));
}

TEST(HoldOut, TellsItsProgressOverAllFits) {
    const Dataset dataset = synthetic_dataset();
    HoldOutOptions options{.replicates = 2, .cells = {0, 1}};
    std::int64_t last = 0;
    std::int64_t all = 0;
    options.context.progress = [&](std::int64_t done, std::int64_t total) {
        EXPECT_GE(done, last);
        last = done;
        all = total;
    };
    const FitConfig config = quick_config();
    ASSERT_TRUE(evaluate_held_out(dataset, config, options));
    EXPECT_EQ(last, all);
    EXPECT_EQ(all % 4, 0);
}

}  // namespace
}  // namespace pitot::evaluation
